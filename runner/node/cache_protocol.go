package node

// defaultCacheSize is how many keys a read's cache keeps where the scenario does not say.
const defaultCacheSize = 10000
