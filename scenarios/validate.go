package scenarios

// validator checks what needs meaning: names that must exist, paths that somebody must answer,
// faults that must hit something. It works on whatever was decoded, so that mistakes of both
// sorts are told at once.
type validator struct {
	*Scenario
	decoder *decoder
}

func (v *validator) problem(path []any, what, fix string) {
	at := v.root.walk(path)
	v.decoder.problemAt(at, what, fix)
}

func (v *validator) validate() {
}
