package kubetest

import (
	"encoding/json"
	"net/http"
)

// review answers what one may do oneself, or what somebody else may.
func (f *Fake) review(w http.ResponseWriter, body map[string]any) {
	spec, _ := body["spec"].(map[string]any)
	a, _ := spec["resourceAttributes"].(map[string]any)
	text := func(key string) string { s, _ := a[key].(string); return s }
	what := text("resource")
	if part := text("subresource"); part != "" {
		what += "/*/" + part
	}
	if namespace := text("namespace"); namespace != "" {
		what = "namespaces/" + namespace + "/" + what
	}
	if name := text("name"); name != "" {
		what += "/" + name
	}
	allowed := f.Allow == nil || f.Allow(text("verb"), what)
	if who, of := spec["user"].(string); of {
		allowed = f.May == nil || f.May(who, text("verb"), what)
	}
	body["status"] = map[string]any{"allowed": allowed}
	_ = json.NewEncoder(w).Encode(body)
}
