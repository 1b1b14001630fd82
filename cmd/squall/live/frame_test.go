package live

import (
	"strings"
	"testing"
)

// Who looks on gets no button, and nothing that a file says is taken for markup.
func TestFrame(t *testing.T) {
	t.Parallel()
	const evil = `<script>"x"</script> {{run}} <!--actors-->`
	values := map[string]string{"scenario": evil, "run": "r1", "about": evil, "verbs": "go hold", "spectators": "http://127.0.0.1/?token=s"}
	acts, looks := frame(evil, "go hold", values), frame("", "", values)
	for _, text := range []string{acts, looks} {
		if strings.Contains(text, "<script>\"") || strings.Contains(text, "{{parts}}") || strings.Count(text, "{{run}}") != strings.Count(text, "&lt;script&gt;") {
			t.Errorf("not replaced, or not escaped:\n%s", text)
		}
	}
	if !strings.Contains(acts, `id="stop"`) || !strings.Contains(acts, `class="about"`) || strings.Contains(acts, "you look on") {
		t.Errorf("for who may act:\n%s", acts)
	}
	if strings.Contains(looks, `id="stop"`) || strings.Contains(looks, `class="about"`) || !strings.Contains(looks, "you look on") || strings.Contains(looks, "token=s") {
		t.Errorf("for who looks on:\n%s", looks)
	}
}
