package grammar

import (
	"fmt"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mattn/go-shellwords"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// words reads a command: a list of texts, or a text that is split as a shell would.
func (d *Decoder) words(v *source.Value, into *scenarios.Words, f field) {
	if v.Kind == source.Mapping {
		d.Problem(v, fmt.Sprintf("%s needs a list or a text, not a mapping", f.key), "write "+f.key+": [serve, --fast]")
		return
	}
	if v.Kind == source.List {
		*into = make(scenarios.Words, len(v.Items))
		for i, item := range v.Items {
			if item.Kind != source.Scalar || item.IsNull() {
				d.Problem(item, fmt.Sprintf("%s needs texts, not %s", f.key, item.What()), "write one argument a place")
				continue
			}
			(*into)[i] = item.Text // numbers as they are written
		}
		return
	}
	p := shellwords.NewParser()
	split, err := p.Parse(v.Text)
	switch {
	case err != nil:
		d.Problem(v, fmt.Sprintf("%s is no list of words: a quote or bracket in it is never closed", f.key), "close it, or write a list")
	case p.Position >= 0:
		d.Problem(v, fmt.Sprintf("%s has %q in it, which only a shell understands", f.key, string([]rune(v.Text)[p.Position])), "quote it, or write [sh, -c, ...]")
	case len(split) == 0:
		d.Problem(v, f.key+" has no words in it", "give it some, or leave it out")
	default:
		*into = split
	}
}

// environment reads variables: a mapping, or a list of NAME=VALUE.
func (d *Decoder) environment(v *source.Value, into *scenarios.Environment, f field) {
	if v.Kind == source.Mapping {
		d.texts(v, reflect.ValueOf(into).Elem(), f)
		return
	}
	if v.Kind != source.List {
		d.Problem(v, f.key+" needs a mapping or a list, not "+v.What(), "write "+f.key+": {NAME: value}")
		return
	}
	*into = scenarios.Environment{}
	for _, item := range v.Items {
		name, value, is := strings.Cut(item.Text, "=")
		switch _, twice := (*into)[name]; {
		case item.Kind != source.Scalar || !is || name == "":
			d.Problem(item, fmt.Sprintf("%s needs NAME=VALUE, not %s", f.key, item.What()), "write NAME=value; what is in squall's own environment is ${NAME}")
		case twice:
			d.Problem(item, fmt.Sprintf("%s stands here a second time", source.QuoteShort(name)), "keep one")
		default:
			(*into)[name] = value
		}
	}
}

// oneEnvironment makes the two words for an environment one.
func (d *Decoder) oneEnvironment(v *source.Value, n *scenarios.Node) {
	if n.Environment == nil {
		return
	}
	if n.Env != nil {
		d.ProblemAt(v.Entry("environment").At, "env and environment are the same", "keep one of them")
	}
	n.Env, n.Environment = maps.Clone(map[string]string(n.Environment)), nil
}

// files reads a mapping of places in a container to what is there: a path, or a mapping.
func (d *Decoder) files(v *source.Value, f field) []*scenarios.File {
	if v.Kind != source.Mapping {
		d.Problem(v, f.key+" needs a mapping, not "+v.What(), "write "+f.key+": {/etc/app.conf: ./app.conf}")
		return nil
	}
	out := make([]*scenarios.File, 0, len(v.Entries))
	for _, e := range v.Entries {
		one := &scenarios.File{Target: path.Clean(e.Key)}
		out = append(out, one)
		d.target(e.At, e.Key)
		d.pathOr(e, &one.File, "content", reflect.ValueOf(one).Elem(), f, "{file: ./PATH} or {content: TEXT}")
	}
	return out
}

// secrets reads a mapping of names to where the secrets are: a path, or a mapping.
func (d *Decoder) secrets(v *source.Value, f field) []*scenarios.Secret {
	if v.Kind != source.Mapping {
		d.Problem(v, f.key+" needs a mapping, not "+v.What(), "write "+f.key+": {NAME: {file: ./PATH}}")
		return nil
	}
	out := make([]*scenarios.Secret, 0, len(v.Entries))
	for _, e := range v.Entries {
		one := &scenarios.Secret{Name: e.Key}
		out = append(out, one)
		if !secretName.MatchString(e.Key) {
			d.ProblemAt(e.At, fmt.Sprintf("%s can't be the name of a secret", source.QuoteShort(e.Key)), "use letters, digits, dots, dashes and underscores: it is a file of that name in "+scenarios.SecretsFolder)
		}
		d.pathOr(e, &one.File, "environment", reflect.ValueOf(one).Elem(), f, "{file: ./PATH} or {environment: NAME}")
	}
	return out
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// pathOr reads one entry: a path, or a mapping with exactly one of file and another key.
func (d *Decoder) pathOr(e source.Entry, file *string, other string, into reflect.Value, f field, fix string) {
	if e.Value.Kind == source.Scalar && e.Value.Tag == source.TagText {
		*file = d.within(e.Value, e.Value.Text)
		return
	}
	if e.Value.Kind != source.Mapping {
		d.Problem(e.Value, fmt.Sprintf("%s in %s needs a path or a mapping, not %s", source.QuoteShort(e.Key), f.key, e.Value.What()), "write ./PATH, "+fix)
		return
	}
	if !d.structure(e.Value, into, d.fieldsOf(into.Type())) {
		return
	}
	d.oneOf(e, "file", other)
	if given := e.Value.Get("file"); given != nil && *file != "" {
		*file = d.within(given, given.Text)
	}
}

// oneOf wants exactly one of two keys.
func (d *Decoder) oneOf(e source.Entry, a, b string) {
	has := func(key string) bool { return e.Value.Get(key) != nil }
	switch {
	case has(a) && has(b):
		d.ProblemAt(e.At, fmt.Sprintf("%s has both %s and %s", source.QuoteShort(e.Key), a, b), "keep one of them")
	case !has(a) && !has(b):
		d.ProblemAt(e.At, fmt.Sprintf("%s has neither %s nor %s", source.QuoteShort(e.Key), a, b), "give it one of them")
	}
}

// target checks where something is in a container.
func (d *Decoder) target(at source.Place, text string) {
	switch clean := path.Clean(text); {
	case !strings.HasPrefix(text, "/"):
		d.ProblemAt(at, fmt.Sprintf("%s is no place in a container", source.QuoteShort(text)), "begin it with /")
	case clean == "/" || clean == "/proc" || clean == "/sys" || clean == "/dev" || strings.HasPrefix(clean, "/proc/") || strings.HasPrefix(clean, "/sys/"):
		d.ProblemAt(at, fmt.Sprintf("%s in a container is its own", source.QuoteShort(text)), "use a folder below it that is the image's")
	}
}

// within is a path in the scenario's own folder, or beside it: what begins elsewhere is on no other machine.
func (d *Decoder) within(v *source.Value, text string) string {
	if strings.HasPrefix(text, "/") || strings.HasPrefix(text, "~") || text == "" {
		d.Problem(v, fmt.Sprintf("%s is no path that begins at the scenario's folder", source.QuoteShort(text)), "write it as from there, as in ./app.conf")
		return ""
	}
	return text
}

// mode reads permissions, which YAML takes for a number.
func (d *Decoder) mode(v *source.Value, into *scenarios.Mode, f field) {
	text := strings.TrimPrefix(v.Text, "0o")
	n, err := strconv.ParseUint(text, 8, 12)
	if v.Kind != source.Scalar || err != nil || len(text) < 3 {
		d.Problem(v, fmt.Sprintf("%s needs permissions, not %s", f.key, v.What()), `write three or four digits of 0 to 7, as in "0444"`)
		return
	}
	*into = scenarios.Mode(n)
}

// volume reads NAME:/TARGET, ./PATH:/TARGET or /TARGET, each with :ro if it is to be, or a mapping.
func (d *Decoder) volume(v *source.Value, into *scenarios.Volume, f field) {
	if v.Kind == source.Mapping {
		if d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Volume]())) {
			d.volumeKeys(v, into)
		}
		return
	}
	if v.Kind != source.Scalar || v.Tag != source.TagText {
		d.Problem(v, fmt.Sprintf("%s needs NAME:/TARGET or a mapping, not %s", f.key, v.What()), "write data:/var/lib/data")
		return
	}
	parts := strings.Split(v.Text, ":")
	if last := parts[len(parts)-1]; len(parts) > 1 && !strings.HasPrefix(last, "/") {
		for word := range strings.SplitSeq(last, ",") {
			if !slices.Contains([]string{"ro", "rw", "z", "Z"}, word) { // labels of SELinux mean nothing to a copy or a volume of the run
				d.Problem(v, fmt.Sprintf("%s says %s of a volume", source.QuoteShort(v.Text), source.QuoteShort(word)), "use ro, or leave it out")
			}
			into.ReadOnly = into.ReadOnly || word == "ro"
		}
		parts = parts[:len(parts)-1]
	}
	if len(parts) > 2 {
		d.Problem(v, fmt.Sprintf("%s is no volume", source.QuoteShort(v.Text)), "write NAME:/TARGET, ./PATH:/TARGET or /TARGET")
		return
	}
	into.Target = parts[len(parts)-1]
	if len(parts) == 2 {
		if strings.ContainsAny(parts[0], "/.~") || parts[0] == "" {
			into.From = d.within(v, parts[0])
		} else {
			into.Name = parts[0]
		}
	}
	d.volumeKeys(v, into)
}

func (d *Decoder) volumeKeys(v *source.Value, into *scenarios.Volume) {
	if into.Target != "" || v.Kind == source.Scalar {
		d.target(v.At, into.Target)
		into.Target = path.Clean(into.Target)
	}
	switch {
	case into.Name != "" && into.From != "":
		d.Problem(v, "a volume has both name and from", "keep one of them")
	case into.Name != "" && !volumeName.MatchString(into.Name):
		d.Problem(v, fmt.Sprintf("%s can't be the name of a volume", source.QuoteShort(into.Name)), "use letters, digits, dashes and underscores, at most 48")
	case into.From != "" && into.Size > 0:
		d.Problem(v, "a copy of files has no size of its own", "take size away, or let the volume begin empty")
	}
	if from := v.Get("from"); from != nil {
		into.From = d.within(from, from.Text)
	}
}

var volumeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$`)

// memoryFolders reads one folder in memory, or a list of them: /TARGET or /TARGET:OPTIONS.
func (d *Decoder) memoryFolders(v *source.Value, f field) []scenarios.Tmpfs {
	items := []*source.Value{v}
	if v.Kind == source.List {
		items = v.Items
	}
	out := make([]scenarios.Tmpfs, len(items))
	for i, item := range items {
		if item.Kind == source.Mapping {
			d.structure(item, reflect.ValueOf(&out[i]).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Tmpfs]()))
		} else if item.Kind != source.Scalar || item.Tag != source.TagText {
			d.Problem(item, fmt.Sprintf("%s needs /TARGET, not %s", f.key, item.What()), "write /run, or /run:size=64m")
			continue
		} else {
			out[i].Target, out[i].Options, _ = strings.Cut(item.Text, ":")
		}
		d.target(item.At, out[i].Target)
		out[i].Target = path.Clean(out[i].Target)
		if out[i].Options != "" {
			for option := range strings.SplitSeq(out[i].Options, ",") {
				if !memoryOption.MatchString(option) {
					d.Problem(item, fmt.Sprintf("%s is nothing that a folder in memory is mounted with", source.QuoteShort(option)), "use size=64m, mode=1777, uid=N, gid=N, nr_inodes=N, ro, rw, exec, noexec, suid, nosuid, dev or nodev")
				}
			}
		}
	}
	return out
}

var memoryOption = regexp.MustCompile(`^(size=[0-9]+[kKmMgG%]?|mode=0?[0-7]{3,4}|uid=[0-9]+|gid=[0-9]+|nr_inodes=[0-9]+[kKmMgG]?|ro|rw|exec|noexec|suid|nosuid|dev|nodev)$`)
