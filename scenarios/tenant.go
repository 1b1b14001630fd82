package scenarios

// Tenant says whose requests a load sends: those of one, by its name, or of many, drawn request by request as 1 to Of.
// Tenants of the same name are the same, whichever load sends for them.
type Tenant struct {
	Name string `yaml:"-" json:"name,omitempty"`
	Param
}

// When is whose requests a step is done for; all that is given must be so. For others it is passed over.
type When struct {
	// Requests of this tenant: a load's tenant, or its name where it has none.
	Tenant string `yaml:"tenant" json:"tenant,omitempty"`
	// Requests that this load has caused.
	Load string `yaml:"load" json:"load,omitempty"`
	// Requests of this priority.
	Priority string `yaml:"priority" enum:"high,low" json:"priority,omitempty"`
}
