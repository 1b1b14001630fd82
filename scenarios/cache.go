package scenarios

// DefaultCacheSize is how many keys or copies are kept where the scenario does not say, DefaultStorage how many bytes the
// bodies of a cdn's copies take.
const (
	DefaultCacheSize = 10000
	DefaultStorage   = 64 << 20
)

// Keeping is how much a cache node keeps, which has nothing else to say; a cdn keeps so many copies too.
type Keeping struct {
	// cache, cdn: the most keys or copies that each instance keeps, the least recently used goes. Default 10000.
	Size int `yaml:"size" min:"1" json:"size,omitempty"`
}
