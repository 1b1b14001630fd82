package scenarios

// CDN is what a cdn alone has: what is behind it, what it keeps of that, and whom it does not serve.
type CDN struct {
	// cdn: the node behind it; NODE:PORT is a port of an image with several.
	//
	// It is the node alone once it is read, and OriginPort the port's number, "" for its first.
	Origin     string `yaml:"origin" json:"origin,omitempty"`
	OriginPort string `yaml:"-" json:"origin_port,omitempty"`
	Failover   `yaml:",inline"`
	// cdn: what is cached, for how long, under which conditions.
	Cache []CacheRule `yaml:"cache" json:"cache,omitempty"`
	// cdn: the most bytes that the bodies of its copies take in each instance, the least recently used goes. Default 64MiB.
	Storage int64 `yaml:"storage" sign:"positive" unit:"size" json:"storage,omitempty"`
	Bots    `yaml:",inline"`
}
