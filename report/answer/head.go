package answer

//go:generate go run ../../internal/resultdoc answers .. ../../docs/answers.json.md

// Head is what the documents of all answers begin with. Fields are added, never renamed. What is unknown is null.
type Head struct {
	// Version of the format.
	Version int `json:"version"`
	// Kind of answer: comparison, sweep or capacity.
	Kind string `json:"kind"`
	// Title says what was asked of what.
	Title string `json:"title"`
	// Sentences can be quoted: the answer itself, the most important first.
	Sentences []string `json:"sentences"`
	// Notes are what a reader has to know to believe it.
	Notes []string `json:"notes"`
	// Method says how it was found, and what that is worth.
	Method []string `json:"method"`
}

// Head is that of an answer's document of a kind.
func (a *Answer) Head(kind string) Head {
	return Head{Version: 1, Kind: kind, Title: a.Title, Sentences: append([]string{}, a.Sentences...), Notes: append([]string{}, a.Notes...),
		Method: append([]string{}, a.Method...)}
}
