package compose

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/squallhq/squall/scenarios/source"
)

// outfit is what a part's image is run with, as lines of its node.
type outfit struct {
	*project
	on    *part
	names map[string]*part
	lines []string
	// taken are the places in the container that something is mounted at; hidden those where nothing can be copied to.
	taken, hidden []string
}

// give writes what a part's image is run with, and notes what of it a scenario can't have.
func (p *project) give(one *part, names map[string]*part) {
	g := &outfit{project: p, on: one, names: names}
	g.words("entrypoint", one.Entrypoint)
	g.words("command", one.Command)
	if one.User != "" {
		g.line("user: %s", g.text(one.User))
	}
	switch {
	case strings.HasPrefix(one.WorkingDir, "/"):
		g.line("working_dir: %s", g.text(one.WorkingDir))
	case one.WorkingDir != "":
		p.note(one, "working_dir is not carried over: it does not begin with /", "working_dir")
	}
	if one.Init != nil && *one.Init {
		g.line("init: true")
	}
	if one.ShmSize > 0 {
		g.line("shm_size: %s", size(int64(one.ShmSize)))
	}
	g.memory()
	g.volumes()
	g.configs()
	g.secrets()
	g.healthcheck()
	g.restart()
	one.given = g.lines
}

func (g *outfit) line(format string, args ...any) {
	g.lines = append(g.lines, fmt.Sprintf(format, args...))
}

// text is a value, its variables put back in.
func (g *outfit) text(s string) string { return g.value(g.on, "", s, nil) }

func (g *outfit) words(key string, words []string) {
	var out []string
	for _, word := range words {
		out = append(out, g.value(g.on, "", word, g.names))
	}
	if len(out) > 0 {
		g.line("%s: [%s]", key, strings.Join(out, ", "))
	}
}

// place is a place in the container that a scenario takes, and that nothing else is at.
func (g *outfit) place(target string, at ...string) (string, bool) {
	clean := path.Clean(target)
	own := clean == "/" || slices.ContainsFunc([]string{"/proc", "/sys", "/dev"}, func(dir string) bool { return clean == dir || strings.HasPrefix(clean, dir+"/") && dir != "/dev" })
	switch {
	case !strings.HasPrefix(target, "/") || own || strings.ContainsAny(target, ":\n"):
		g.note(g.on, fmt.Sprintf("what is at %s is not carried over: it is no place that a node can have", target), at...)
		return "", false
	case slices.Contains(g.taken, clean):
		g.note(g.on, fmt.Sprintf("what is at %s is not carried over: something else is there", target), at...)
		return "", false
	}
	return clean, true
}

// memoryOptions are those of a tmpfs that a scenario takes.
var memoryOptions = regexp.MustCompile(`^(size=[0-9]+[kKmMgG%]?|mode=0?[0-7]{3,4}|uid=[0-9]+|gid=[0-9]+|ro|rw|exec|noexec|suid|nosuid|dev|nodev)(,(size=[0-9]+[kKmMgG%]?|mode=0?[0-7]{3,4}|uid=[0-9]+|gid=[0-9]+|ro|rw|exec|noexec|suid|nosuid|dev|nodev))*$`)

func (g *outfit) memory() {
	var out []string
	add := func(target, options string, at ...string) {
		clean, ok := g.place(target, at...)
		switch {
		case !ok:
			return
		case options != "" && !memoryOptions.MatchString(options):
			g.note(g.on, fmt.Sprintf("the options %s of the folder in memory at %s are not carried over", options, target), at...)
		case options != "":
			clean += ":" + options
		}
		g.taken = append(g.taken, path.Clean(target))
		g.hidden = append(g.hidden, path.Clean(target))
		out = append(out, g.text(clean))
	}
	for i, one := range g.on.Tmpfs {
		target, options, _ := strings.Cut(one, ":")
		add(target, options, "tmpfs", strconv.Itoa(i))
	}
	for i, v := range g.on.Volumes {
		if v.Type != types.VolumeTypeTmpfs {
			continue
		}
		options := ""
		if v.Tmpfs != nil && v.Tmpfs.Size > 0 {
			options = fmt.Sprintf("size=%d", int64(v.Tmpfs.Size))
		}
		add(v.Target, options, "volumes", strconv.Itoa(i))
	}
	if len(out) > 0 {
		g.line("tmpfs: [%s]", strings.Join(out, ", "))
	}
}

var notInVolumes = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

func (g *outfit) volumes() {
	var out []string
	for i, v := range g.on.Volumes {
		at := []string{"volumes", strconv.Itoa(i)}
		switch v.Type {
		case types.VolumeTypeTmpfs:
			continue
		case types.VolumeTypeVolume:
		case types.VolumeTypeBind:
			if _, in := g.inside(v.Source); !in {
				g.note(g.on, fmt.Sprintf("%s of the host is not at %s: a node gets copies of what is in the scenario's folder", relative(v.Source, g.WorkingDir), v.Target), at...)
				continue
			}
		default:
			g.note(g.on, fmt.Sprintf("what is mounted at %s is not carried over", v.Target), at...)
			continue
		}
		target, ok := g.place(v.Target, at...)
		if !ok {
			continue
		}
		g.taken = append(g.taken, target)
		from, end := "", ""
		if v.ReadOnly {
			end = ":ro"
		}
		switch {
		case v.Type == types.VolumeTypeBind:
			from, _ = g.inside(v.Source)
		case v.Source != "":
			if v.ReadOnly {
				g.hidden = append(g.hidden, target)
			}
			name := strings.Trim(notInVolumes.ReplaceAllString(v.Source, "-"), "-_")
			from = cmp.Or(name[:min(len(name), 48)], "volume")
		}
		if from != "" {
			from += ":"
		}
		out = append(out, g.text(from+target+end))
	}
	if len(out) > 0 {
		g.line("volumes: [%s]", strings.Join(out, ", "))
	}
}

// inside is a path as from the Compose file's folder, and whether it is in it.
func (g *outfit) inside(name string) (string, bool) {
	rel, err := filepath.Rel(g.WorkingDir, name)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") || strings.ContainsAny(rel, ":\n") {
		return "", false
	}
	if rel == "." {
		return "./", true
	}
	return "./" + filepath.ToSlash(rel), true
}

// covered tells that a file which is copied would not be seen.
func (g *outfit) covered(target string) bool {
	return slices.ContainsFunc(g.hidden, func(dir string) bool { return target == dir || strings.HasPrefix(target, dir+"/") })
}

// details are who a file is of, and its mode.
func details(r types.FileReferenceConfig) string {
	out := ""
	if r.Mode != nil && *r.Mode > 0 && *r.Mode < 0o10000 {
		out += fmt.Sprintf(`, mode: "%04o"`, int64(*r.Mode))
	}
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	if digits(r.UID) {
		user := r.UID
		if digits(r.GID) {
			user += ":" + r.GID
		}
		out += `, user: "` + user + `"`
	}
	return out
}

func (g *outfit) configs() {
	var out []string
	for i, c := range g.on.Configs {
		at := []string{"configs", strconv.Itoa(i)}
		r := types.FileReferenceConfig(c)
		object := types.FileObjectConfig(g.Configs[r.Source])
		target, ok := g.place(cmp.Or(r.Target, "/"+r.Source), at...)
		from, in := "", false
		if object.File != "" {
			from, in = g.inside(object.File)
		}
		switch {
		case !ok:
		case g.covered(target):
			g.note(g.on, fmt.Sprintf("the config %s is not carried over: what is mounted at its place hides it", r.Source), at...)
		case in:
			out = append(out, fmt.Sprintf("%s: {file: %s%s}", source.Quoted(source.Escaped(target)), source.Quoted(source.Escaped(from)), details(r)))
			g.taken = append(g.taken, target)
		case object.Content != "":
			out = append(out, fmt.Sprintf("%s: {content: %s%s}", source.Quoted(source.Escaped(target)), source.Quoted(g.variables(object.Content)), details(r)))
			g.taken = append(g.taken, target)
		default:
			g.note(g.on, fmt.Sprintf("the config %s is not carried over: it is not in the Compose file's folder", r.Source), at...)
		}
	}
	g.mapping("files", out)
}

var (
	plainSecret   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	plainVariable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func (g *outfit) secrets() {
	var out []string
	for i, s := range g.on.Secrets {
		at := []string{"secrets", strconv.Itoa(i)}
		r := types.FileReferenceConfig(s)
		object := types.FileObjectConfig(g.Secrets[r.Source])
		name := strings.TrimPrefix(cmp.Or(r.Target, r.Source), "/run/secrets/")
		from, in := "", false
		if object.File != "" {
			from, in = g.inside(object.File)
		}
		target := "/run/secrets/" + name
		switch {
		case !plainSecret.MatchString(name) || slices.Contains(g.taken, target):
			g.note(g.on, fmt.Sprintf("the secret %s is not carried over: a node's secrets are files in /run/secrets", r.Source), at...)
			continue
		case g.covered(target):
			g.note(g.on, fmt.Sprintf("the secret %s is not carried over: what is mounted at its place hides it", r.Source), at...)
			continue
		case in:
			out = append(out, fmt.Sprintf("%s: {file: %s%s}", source.Quoted(name), source.Quoted(source.Escaped(from)), details(r)))
		case plainVariable.MatchString(object.Environment):
			out = append(out, fmt.Sprintf("%s: {environment: %s%s}", source.Quoted(name), source.Quoted(object.Environment), details(r)))
		default:
			g.note(g.on, fmt.Sprintf("the secret %s is not carried over: it is not in the Compose file's folder, nor in the environment", r.Source), at...)
			continue
		}
		g.taken = append(g.taken, target)
	}
	g.mapping("secrets", out)
}

func (g *outfit) mapping(key string, entries []string) {
	if len(entries) == 0 {
		return
	}
	g.line("%s:", key)
	for _, e := range entries {
		g.line("  %s", e)
	}
}

// healthcheck is the service's own test, where it is not a path that Squall asks for itself.
func (g *outfit) healthcheck() {
	h := g.on.HealthCheck
	if h == nil || h.Disable || len(h.Test) < 2 || g.on.health != "" || g.on.job {
		return
	}
	how := h.Test[0]
	if how != "CMD" && how != "CMD-SHELL" || how == "CMD-SHELL" && len(h.Test) != 2 {
		g.note(g.on, "its health check is not carried over: a test is CMD and words, or CMD-SHELL and a text", "healthcheck")
		return
	}
	words := []string{how}
	for _, word := range h.Test[1:] {
		words = append(words, g.text(word))
	}
	g.on.tested = true
	g.line("healthcheck:")
	g.line("  test: [%s]", strings.Join(words, ", "))
	for _, one := range []struct {
		key string
		d   *types.Duration
	}{{"interval", h.Interval}, {"timeout", h.Timeout}, {"start_period", h.StartPeriod}} {
		if one.d != nil && *one.d > 0 && time.Duration(*one.d) < 24*time.Hour {
			g.line("  %s: %s", one.key, time.Duration(*one.d))
		}
	}
	if h.Retries != nil && *h.Retries > 0 && *h.Retries < 1<<20 {
		g.line("  retries: %d", *h.Retries)
	}
}

// restart is the service's policy, or that of its deployment.
func (g *outfit) restart() {
	word, most, _ := strings.Cut(g.on.Restart, ":")
	at := []string{"restart"}
	if g.on.Deploy != nil && g.on.Deploy.RestartPolicy != nil {
		r := g.on.Deploy.RestartPolicy
		at = []string{"deploy", "restart_policy"}
		word, most = map[string]string{"": "always", "any": "always", "none": "no"}[r.Condition], ""
		if r.Condition == "on-failure" {
			word = r.Condition
		}
		if r.MaxAttempts != nil && *r.MaxAttempts > 0 && word == "on-failure" {
			most = strconv.FormatUint(*r.MaxAttempts, 10)
		}
	}
	switch {
	case g.on.Restart == "" && len(at) == 1 || word == "no":
	case g.on.job && word != "on-failure":
		g.note(g.on, "its restart policy is not carried over: a job that is started again whenever it ends is never done", at...)
	case word == "always" || word == "unless-stopped":
		g.line("restart: %s", word)
	case word == "on-failure":
		n, err := strconv.Atoi(most)
		if most != "" && (err != nil || n < 1 || n > 1000) {
			g.note(g.on, fmt.Sprintf("its restart policy on-failure:%s is not carried over", most), at...)
			return
		}
		g.line("restart: %s", strings.TrimSuffix(word+":"+most, ":"))
	default:
		g.note(g.on, "its restart policy is not carried over: a node has no, always, unless-stopped or on-failure", at...)
	}
}
