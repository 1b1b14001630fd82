package page

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/squallhq/squall/internal/headless"
)

func written(t *testing.T, page string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInABrowser(t *testing.T) {
	path := written(t, rendered(t, small.result(t)))
	b := headless.Open(t, "file://"+path)

	t.Run("drawn", func(t *testing.T) {
		if n := headless.JS[int](t, b, `[...document.querySelectorAll(".plot")].filter(p => p.getBoundingClientRect().width > 400 && p.querySelector("path")).length`); n < 10 {
			t.Errorf("%d charts have something in them, want 10 at least", n)
		}
		if n := headless.JS[int](t, b, `[...document.querySelectorAll(".scene")].filter(s => s.offsetParent).length`); n != 1 {
			t.Errorf("%d scenes of the topology are shown, want one", n)
		}
		if wide := headless.JS[bool](t, b, `document.documentElement.scrollWidth > innerWidth`); wide {
			t.Error("the page is wider than its window")
		}
	})
	t.Run("hover tells the figures of every chart", func(t *testing.T) {
		headless.JS[bool](t, b, `document.getElementById("time").scrollIntoView(), true`)
		x, y := b.Middle(t, "#goodput .frame")
		if err := chromedp.Do(b, chromedp.MouseEvent("mouseMoved", x, y)); err != nil {
			t.Fatal(err)
		}
		if said := headless.JS[string](t, b, `document.getElementById("moment").textContent`); said != "at 15 s" {
			t.Errorf("the moment is %q, want that of the middle: at 15 s", said)
		}
		if empty := headless.JS[int](t, b, `[...document.querySelectorAll("output[data-column]")].filter(o => !o.textContent).length`); empty > 0 {
			t.Errorf("%d figures are empty", empty)
		}
		if said := headless.JS[string](t, b, `document.querySelector("#outcomes output").textContent`); said != "50.0 %" {
			t.Errorf("ok is %q, want 50.0 %%", said)
		}
	})
	t.Run("a drag zooms all charts", func(t *testing.T) {
		before := headless.JS[string](t, b, `document.querySelector("#latency .plot").getAttribute("viewBox")`)
		x, y := b.Middle(t, "#goodput .frame")
		if err := chromedp.Do(b, chromedp.DragAndDropXY(x-150, y, x+150, y)); err != nil {
			t.Fatal(err)
		}
		views := headless.JS[[]string](t, b, `[...new Set([...document.querySelectorAll(".plot")].map(p => p.getAttribute("viewBox")))]`)
		if len(views) != 1 || views[0] == before {
			t.Errorf("after the drag charts show %q, before %q; want all the same, and less", views, before)
		}
		headless.JS[bool](t, b, `document.getElementById("all").click(), true`)
		if after := headless.JS[string](t, b, `document.querySelector("#latency .plot").getAttribute("viewBox")`); after != before {
			t.Errorf("shown is %q after Show all, want %q", after, before)
		}
	})
	t.Run("keys move and zoom", func(t *testing.T) {
		headless.JS[bool](t, b, `document.querySelector(".timeline").focus(), true`)
		if err := chromedp.Do(b, chromedp.KeyEvent("+")); err != nil {
			t.Fatal(err)
		}
		if span := headless.JS[float64](t, b, `(l => l.to - l.from)(document.querySelector(".timeline").dataset)`); span != 15 {
			t.Errorf("%v s are shown after plus, want half of 30", span)
		}
		if err := chromedp.Do(b, chromedp.KeyEvent("0")); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a link leads to a moment", func(t *testing.T) {
		headless.JS[bool](t, b, `(location.hash = "#t=12.5") && true`)
		time.Sleep(50 * time.Millisecond) // hashchange comes later
		if said := headless.JS[string](t, b, `document.getElementById("moment").textContent`); said != "at 12.5 s" {
			t.Errorf("the moment is %q", said)
		}
	})
	t.Run("a click on an edge opens its figures, a tab its phase", func(t *testing.T) {
		shown := headless.JS[string](t, b, `(document.querySelector(".scene:not([hidden]) a.arc").dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true})),
			[...document.querySelectorAll(".fig")].filter(f => f.offsetParent).map(f => f.querySelector("h3").textContent).join())`)
		if shown != "users → node0" {
			t.Errorf("shown are the figures of %q", shown)
		}
		if class := headless.JS[string](t, b, `(document.querySelector("label[for=scene-1]").click(), [...document.querySelectorAll(".scene")].filter(s => s.offsetParent).map(s => s.className).join())`); class != "scene scene-1" {
			t.Errorf("shown is %q", class)
		}
	})
	t.Run("nothing but the file, and no complaint", func(t *testing.T) {
		if asked := b.Requests(); len(asked) != 1 || asked[0] != "file://"+path {
			t.Errorf("the page asked for %q", asked)
		}
		if said := b.Said(); len(said) > 0 {
			t.Errorf("the browser complains: %s", strings.Join(said, "\n"))
		}
	})
}

// On a phone nothing runs out of the window but what scrolls by itself, and what failed is in it before anybody scrolls; words stay whole.
func TestOnAPhone(t *testing.T) {
	b := headless.Open(t, "file://"+written(t, rendered(t, small.result(t))))
	if err := chromedp.Do(b, chromedp.EmulateViewport(390, 844)); err != nil {
		t.Fatal(err)
	}
	if wide := headless.JS[int](t, b, `document.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("the page is %d wide in a window of 390", wide)
	}
	if right := headless.JS[float64](t, b, `Math.max(...[...document.querySelectorAll("#requests td.loss-4")].map(c => c.getBoundingClientRect().right))`); right > 390 || right < 100 {
		t.Errorf("the share that failed ends at %.0f px of 390", right)
	}
	const broken = `[...document.querySelectorAll("td.l, th.l")].filter(c => { const r = document.createRange(), n = c.firstChild;
		return n && n.nodeType === 3 && [...n.data.matchAll(/[\w]+/g)].some(m => (r.setStart(n, m.index), r.setEnd(n, m.index + m[0].length), r.getClientRects().length > 1)) }).map(c => c.textContent).join("; ")`
	if words := headless.JS[string](t, b, broken); words != "" {
		t.Errorf("words are broken in two: %s", words)
	}
}

// What is folded on a screen is open on paper, where nobody can open it: the requests hop by hop, the scenario, the environment.
func TestInPrint(t *testing.T) {
	r := small.result(t)
	r.AsRun = strings.Repeat("a line of the scenario, as long as it is\n", 100)
	b := headless.Open(t, "file://"+written(t, rendered(t, r)))
	const folded = `[...document.querySelectorAll("details:not([open]):not(.data)")]`
	const seen = folded + `.filter(d => d.lastElementChild.checkVisibility()).length`
	all := headless.JS[int](t, b, folded+`.length`)
	if screen := headless.JS[int](t, b, seen); all < 3 || screen != 0 {
		t.Fatalf("%d of %d are seen on a screen before they are opened", screen, all)
	}
	b.Media(t, "print", "", "")
	if paper := headless.JS[int](t, b, seen); paper != all {
		t.Errorf("%d of %d are open on paper", paper, all)
	}
	size := func(what string) float64 {
		return headless.JS[float64](t, b, `parseFloat(getComputedStyle(document.querySelector("`+what+`")).fontSize)`)
	}
	if says, beside := size(".finding p:not(.when)"), size(".finding .when"); says < beside {
		t.Errorf("on paper a finding's sentence has letters of %v px, and what stands beside it %v", says, beside)
	}
	if cut := headless.JS[int](t, b, `[...document.querySelectorAll("pre.code")].filter(p => p.scrollHeight > p.clientHeight + 1 || p.scrollWidth > p.clientWidth + 1).length`); cut > 0 {
		t.Errorf("%d texts are cut on paper, where nobody can scroll", cut)
	}
}
