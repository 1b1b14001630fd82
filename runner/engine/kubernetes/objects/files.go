package objects

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios"
)

// mostFiles is how much a config map or a secret takes: a cluster keeps them in its database.
const mostFiles = 1000 << 10

// files are what an instance is given, by the keys under which its config map and its secret have it.
type files struct {
	plain, secret  map[string][]byte
	items, secrets []kinds.KeyToPath
	size, hidden   int
	folders        int
}

// plainMode is that of a file that says none.
const plainMode = 0o444

// file gives a file, or all that is in a folder.
func (v *volumes) file(f *scenarios.File) error {
	if f.Content != nil {
		return v.one([]byte(*f.Content), f.Target, f.Mode)
	}
	return v.copied(f.File, f.Target, f.Mode)
}

// copied gives a file or a folder of the scenario's.
func (v *volumes) copied(from, target string, mode scenarios.Mode) error {
	from = path.Clean(from)
	if v.Folder == nil {
		return v.one([]byte(unsaid), target, mode)
	}
	is, err := fs.Stat(v.Folder, from)
	if err != nil {
		return err
	}
	if !is.IsDir() {
		return v.read(from, target, mode)
	}
	return v.folderOf(from, target, mode)
}

// folderOf gives all that is in a folder, as one that can't be written to.
func (v *volumes) folderOf(from, target string, mode scenarios.Mode) error {
	v.files.folders++
	name := "folder-" + strconv.Itoa(v.files.folders)
	var items []kinds.KeyToPath
	err := fs.WalkDir(v.Folder, from, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is no regular file, and a pod is given no others", at)
		}
		data, bits, err := v.content(at, mode)
		if err != nil {
			return err
		}
		key, err := v.add(data)
		if err != nil {
			return err
		}
		within := strings.TrimPrefix(at, from+"/") // of the scenario's own folder, ".", names have no such beginning
		items = append(items, kinds.KeyToPath{Key: key, Path: within, Mode: bits})
		return nil
	})
	if err != nil {
		return err
	}
	v.spec.Volumes = append(v.spec.Volumes, kinds.Volume{Name: name, ConfigMap: &kinds.FilesSource{Name: v.filesName(), Items: items}})
	v.mounts = append(v.mounts, kinds.VolumeMount{Name: name, MountPath: clean(target), ReadOnly: true})
	return nil
}

// filesName is what the config map and the secret of what was given are called: the same for all replicas, but where each is told where it is.
func (v *volumes) filesName() string {
	if v.place.Instance.Node.Local != nil {
		return v.place.Pod + "-files"
	}
	return v.name(v.place.Instance.Node.Name + "-files")
}

// read gives one file of the scenario's.
func (v *volumes) read(from, target string, mode scenarios.Mode) error {
	data, bits, err := v.content(from, mode)
	if err != nil {
		return err
	}
	return v.one(data, target, scenarios.Mode(*bits))
}

// content is that of a file, with the mode that it is to have.
func (v *volumes) content(from string, mode scenarios.Mode) ([]byte, *int, error) {
	data, err := fs.ReadFile(v.Folder, from)
	if err != nil {
		return nil, nil, err
	}
	bits := int(mode)
	if bits == 0 {
		is, err := fs.Stat(v.Folder, from)
		if err != nil {
			return nil, nil, err
		}
		bits = int(is.Mode().Perm())
	}
	return data, &bits, nil
}

// one gives a file with this in it.
func (v *volumes) one(data []byte, target string, mode scenarios.Mode) error {
	key, err := v.add(data)
	if err != nil {
		return err
	}
	bits := int(mode)
	if bits == 0 {
		bits = plainMode
	}
	v.files.items = append(v.files.items, kinds.KeyToPath{Key: key, Path: key, Mode: &bits})
	v.mounts = append(v.mounts, kinds.VolumeMount{Name: "files", MountPath: clean(target), SubPath: key, ReadOnly: true})
	return nil
}

// add puts something into the instance's config map.
func (v *volumes) add(data []byte) (key string, err error) {
	if v.files.size += len(data); v.files.size > mostFiles {
		return "", fmt.Errorf("the node's files are more than %d KB in all, and a config map takes no more; put them into the image", mostFiles>>10)
	}
	if v.files.plain == nil {
		v.files.plain = map[string][]byte{}
	}
	key = "file-" + strconv.Itoa(len(v.files.plain)+1)
	v.files.plain[key] = data
	return key, nil
}

// secret gives a secret.
func (v *volumes) secret(s *scenarios.Secret) error {
	data := []byte(unsaid)
	switch {
	case s.File != "" && v.Folder != nil:
		read, err := fs.ReadFile(v.Folder, path.Clean(s.File))
		if err != nil {
			return err
		}
		data = read
	case s.Environment != "" && v.Environment != nil:
		text, is := v.Environment(s.Environment)
		if !is {
			return fmt.Errorf("squall's environment has no %s; set it", s.Environment)
		}
		data = []byte(text)
	}
	if v.files.hidden += len(data); v.files.hidden > mostFiles {
		return errors.New("the node's secrets are more than a cluster's secret takes")
	}
	if v.files.secret == nil {
		v.files.secret = map[string][]byte{}
	}
	key := "secret-" + strconv.Itoa(len(v.files.secret)+1)
	v.files.secret[key] = data
	bits := int(s.Mode)
	if bits == 0 {
		bits = plainMode
	}
	v.files.secrets = append(v.files.secrets, kinds.KeyToPath{Key: key, Path: key, Mode: &bits})
	v.mounts = append(v.mounts, kinds.VolumeMount{Name: "secrets", MountPath: s.Target(), SubPath: key, ReadOnly: true})
	return nil
}

// finish makes the config map and the secret of what was given.
func (v *volumes) finish() {
	own := labels(v.place)
	if v.place.Instance.Node.Local == nil {
		delete(own, LabelInstance)
	}
	meta := v.meta(v.filesName(), own)
	made := slices.ContainsFunc(v.set.ConfigMaps, func(m kinds.ConfigMap) bool { return m.Metadata.Name == meta.Name }) ||
		slices.ContainsFunc(v.set.Secrets, func(s kinds.Secret) bool { return s.Metadata.Name == meta.Name })
	if len(v.files.plain) > 0 {
		m := kinds.ConfigMap{TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, Metadata: meta, Immutable: true}
		for key, data := range v.files.plain {
			if utf8.Valid(data) {
				if m.Data == nil {
					m.Data = map[string]string{}
				}
				m.Data[key] = string(data)
				continue
			}
			if m.BinaryData == nil {
				m.BinaryData = map[string][]byte{}
			}
			m.BinaryData[key] = data
		}
		if !made {
			v.set.ConfigMaps = append(v.set.ConfigMaps, m)
		}
		if len(v.files.items) > 0 {
			v.spec.Volumes = append(v.spec.Volumes, kinds.Volume{Name: "files", ConfigMap: &kinds.FilesSource{Name: v.filesName(), Items: v.files.items}})
		}
	}
	if len(v.files.secret) > 0 {
		if !made {
			v.set.Secrets = append(v.set.Secrets, kinds.Secret{TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "Secret"}, Metadata: meta, Data: v.files.secret})
		}
		v.spec.Volumes = append(v.spec.Volumes, kinds.Volume{Name: "secrets", Secret: &kinds.SecretSource{SecretName: v.filesName(), Items: v.files.secrets}})
	}
}
