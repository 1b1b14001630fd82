package scenarios

import "path"

// File is a file or folder that an image gets before it starts. It has a File or a Content.
type File struct {
	// Target is where it is in the container.
	Target string `yaml:"-" json:"target"`
	// A file or folder, from the scenario's own folder.
	File string `yaml:"file" json:"file,omitempty"`
	// In place of file: what is in it.
	Content *string `yaml:"content" json:"content,omitempty"`
	// Its permissions, as in "0444". Default those of the file; 0444 for content.
	Mode Mode `yaml:"mode" json:"mode,omitempty"`
	// Whose it is in the image: a name or number, or USER:GROUP. Default root's.
	User string `yaml:"user" json:"user,omitempty"`
}

// Mode is the permissions of a file; 0: not said.
type Mode uint32

// SecretsFolder is where an image finds its secrets.
const SecretsFolder = "/run/secrets"

// Secret is a file in SecretsFolder that no record and no report shows.
type Secret struct {
	Name string `yaml:"-" json:"name"`
	// The file that it is in, from the scenario's own folder.
	File string `yaml:"file" json:"file,omitempty"`
	// In place of file: the variable of squall's own environment that it is in.
	Environment string `yaml:"environment" json:"environment,omitempty"`
	// Its permissions, as in "0400". Default 0444.
	Mode Mode `yaml:"mode" json:"mode,omitempty"`
	// Whose it is in the image: a name or number, or USER:GROUP. Default root's.
	User string `yaml:"user" json:"user,omitempty"`
}

// Target is where it is in the container.
func (s *Secret) Target() string { return path.Join(SecretsFolder, s.Name) }

// Volume is a folder that outlives the restarts of its container. It has a Name, or a From, or neither.
type Volume struct {
	// The volume's name among those of the run.
	Name string `yaml:"name" json:"name,omitempty"`
	// In place of name: a file or folder, from the scenario's own folder, that is copied to the target.
	From string `yaml:"from" json:"from,omitempty"`
	// Where it is in the image.
	Target string `yaml:"target" need:"yes" json:"target"`
	// How much it holds; what is more finds no space left on the device. It is in memory.
	Size int64 `yaml:"size" sign:"positive" unit:"size" json:"size,omitempty"`
	// Nothing can be written to it there.
	ReadOnly bool `yaml:"read_only" json:"read_only,omitempty"`
}

// Tmpfs is a folder in memory.
type Tmpfs struct {
	// Where it is in the image.
	Target string `yaml:"target" need:"yes" json:"target"`
	// What it is mounted with, as in size=64m,mode=1777.
	Options string `yaml:"options" json:"options,omitempty"`
}

// Copied is a file or folder of the scenario's own that a node needs, and where the scenario says so.
type Copied struct {
	File string
	At   Path
}

// Copied are the files that a node's container is given.
func (n *Node) Copied() []Copied {
	at := At("topology", n.Name)
	var out []Copied
	if n.Build != nil {
		out = append(out, Copied{n.Build.Context, at.Key("build")})
	}
	for _, f := range n.Files {
		if f.File != "" {
			out = append(out, Copied{f.File, at.Key("files", f.Target)})
		}
	}
	for _, s := range n.Secrets {
		if s.File != "" {
			out = append(out, Copied{s.File, at.Key("secrets", s.Name)})
		}
	}
	for i, v := range n.Volumes {
		if v.From != "" {
			out = append(out, Copied{v.From, at.Key("volumes").Item(i)})
		}
	}
	return out
}
