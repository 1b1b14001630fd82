package record

// name is what a kind of request is called.
type name struct{ load, request string }

// kind is everything about one kind of request.
type kind struct {
	name
	cells   []*cell // by phase; nil until there is a sample
	windows map[windowKey]*window
	latest  *window // the one used last, as most samples are of one second
	moments [moments]moment
}

func (k *kind) cell(phase int) *cell {
	if k.cells[phase] == nil {
		k.cells[phase] = newCell()
	}
	return k.cells[phase]
}

func (k *kind) window(key windowKey) *window {
	if k.latest != nil && k.latest.windowKey == key {
		return k.latest
	}
	w := k.windows[key]
	if w == nil {
		w = &window{windowKey: key, kind: k}
		k.windows[key] = w
	}
	k.latest = w
	return w
}
