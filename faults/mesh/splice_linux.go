package mesh

func (d *direction) splice() error { return nil }
