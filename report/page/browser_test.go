package page

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// browser opens a page in a headless browser and tells what the page asked for and what it complained of.
type browser struct {
	context.Context
	mu       sync.Mutex
	requests []string
	said     []string
}

// open starts a browser on a file. Where there is none the test is skipped, but where SQUALL_REQUIRE_BROWSER is set: there it fails.
func open(t *testing.T, path string) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	switch {
	case program == "" && os.Getenv("SQUALL_REQUIRE_BROWSER") == "1":
		t.Fatal("SQUALL_REQUIRE_BROWSER is set and there is no Chromium in the path")
	case program == "":
		t.Skip("no Chromium in the path: the page is not opened (SQUALL_REQUIRE_BROWSER=1 makes this a failure)")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900), chromedp.WSURLReadTimeout(2*time.Minute))...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(ctx)
	t.Cleanup(done)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // two that begin at once would start two browsers
		t.Fatal(err)
	}
	b := &browser{Context: ctx}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.said = append(b.said, m.String())
			b.mu.Unlock()
		}
	}()
	if err := chromedp.Listen(ctx, func(event any) {
		if asked, is := event.(*network.EventRequestWillBeSent); is {
			b.mu.Lock()
			b.requests = append(b.requests, asked.Request.URL)
			b.mu.Unlock()
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+path)); err != nil {
		t.Fatal(err)
	}
	return b
}

// js evaluates an expression in the page.
func js[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

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
	b := open(t, path)

	t.Run("drawn", func(t *testing.T) {
		if n := js[int](t, b, `[...document.querySelectorAll(".plot")].filter(p => p.getBoundingClientRect().width > 400 && p.querySelector("path")).length`); n < 10 {
			t.Errorf("%d charts have something in them, want 10 at least", n)
		}
		if n := js[int](t, b, `[...document.querySelectorAll(".scene")].filter(s => s.offsetParent).length`); n != 1 {
			t.Errorf("%d scenes of the topology are shown, want one", n)
		}
		if wide := js[bool](t, b, `document.documentElement.scrollWidth > innerWidth`); wide {
			t.Error("the page is wider than its window")
		}
	})
	t.Run("hover tells the figures of every chart", func(t *testing.T) {
		js[bool](t, b, `document.getElementById("time").scrollIntoView(), true`)
		x, y := middle(t, b, "#goodput .frame")
		if err := chromedp.Do(b, chromedp.MouseEvent("mouseMoved", x, y)); err != nil {
			t.Fatal(err)
		}
		if said := js[string](t, b, `document.getElementById("moment").textContent`); said != "at 15 s" {
			t.Errorf("the moment is %q, want that of the middle: at 15 s", said)
		}
		if empty := js[int](t, b, `[...document.querySelectorAll("output[data-column]")].filter(o => !o.textContent).length`); empty > 0 {
			t.Errorf("%d figures are empty", empty)
		}
		if said := js[string](t, b, `document.querySelector("#outcomes output").textContent`); said != "50.0 %" {
			t.Errorf("ok is %q, want 50.0 %%", said)
		}
	})
	t.Run("a drag zooms all charts", func(t *testing.T) {
		before := js[string](t, b, `document.querySelector("#latency .plot").getAttribute("viewBox")`)
		x, y := middle(t, b, "#goodput .frame")
		if err := chromedp.Do(b, chromedp.DragAndDropXY(x-150, y, x+150, y)); err != nil {
			t.Fatal(err)
		}
		views := js[[]string](t, b, `[...new Set([...document.querySelectorAll(".plot")].map(p => p.getAttribute("viewBox")))]`)
		if len(views) != 1 || views[0] == before {
			t.Errorf("after the drag charts show %q, before %q; want all the same, and less", views, before)
		}
		js[bool](t, b, `document.getElementById("all").click(), true`)
		if after := js[string](t, b, `document.querySelector("#latency .plot").getAttribute("viewBox")`); after != before {
			t.Errorf("shown is %q after Show all, want %q", after, before)
		}
	})
	t.Run("keys move and zoom", func(t *testing.T) {
		js[bool](t, b, `document.querySelector(".timeline").focus(), true`)
		if err := chromedp.Do(b, chromedp.KeyEvent("+")); err != nil {
			t.Fatal(err)
		}
		if span := js[float64](t, b, `(l => l.to - l.from)(document.querySelector(".timeline").dataset)`); span != 15 {
			t.Errorf("%v s are shown after plus, want half of 30", span)
		}
		if err := chromedp.Do(b, chromedp.KeyEvent("0")); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a link leads to a moment", func(t *testing.T) {
		js[bool](t, b, `(location.hash = "#t=12.5") && true`)
		time.Sleep(50 * time.Millisecond) // hashchange comes later
		if said := js[string](t, b, `document.getElementById("moment").textContent`); said != "at 12.5 s" {
			t.Errorf("the moment is %q", said)
		}
	})
	t.Run("a click on an edge opens its figures, a tab its phase", func(t *testing.T) {
		shown := js[string](t, b, `(document.querySelector(".scene:not([hidden]) a.arc").dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true})),
			[...document.querySelectorAll(".fig")].filter(f => f.offsetParent).map(f => f.querySelector("h3").textContent).join())`)
		if shown != "users → node0" {
			t.Errorf("shown are the figures of %q", shown)
		}
		if class := js[string](t, b, `(document.querySelector("label[for=scene-1]").click(), [...document.querySelectorAll(".scene")].filter(s => s.offsetParent).map(s => s.className).join())`); class != "scene scene-1" {
			t.Errorf("shown is %q", class)
		}
	})
	t.Run("nothing but the file, and no complaint", func(t *testing.T) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.requests) != 1 || b.requests[0] != "file://"+path {
			t.Errorf("the page asked for %q", b.requests)
		}
		if len(b.said) > 0 {
			t.Errorf("the browser complains: %s", strings.Join(b.said, "\n"))
		}
	})
}

// middle is where an element's middle is in the window.
func middle(t *testing.T, b *browser, selector string) (x, y float64) {
	t.Helper()
	at := js[[]float64](t, b, `(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector("`+selector+`").getBoundingClientRect())`)
	return at[0], at[1]
}

// On a phone nothing runs out of the window but what scrolls by itself.
func TestOnAPhone(t *testing.T) {
	b := open(t, written(t, rendered(t, small.result(t))))
	if err := chromedp.Do(b, chromedp.EmulateViewport(390, 844)); err != nil {
		t.Fatal(err)
	}
	if wide := js[int](t, b, `document.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("the page is %d wide in a window of 390", wide)
	}
}

// What is folded on a screen is open on paper, where nobody can open it: the requests hop by hop, the scenario, the environment.
func TestInPrint(t *testing.T) {
	b := open(t, written(t, rendered(t, small.result(t))))
	const folded = `[...document.querySelectorAll("details:not([open]):not(.data)")]`
	const seen = folded + `.filter(d => d.lastElementChild.checkVisibility()).length`
	all := js[int](t, b, folded+`.length`)
	if screen := js[int](t, b, seen); all < 3 || screen != 0 {
		t.Fatalf("%d of %d are seen on a screen before they are opened", screen, all)
	}
	if err := chromedp.Do(b, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	})); err != nil {
		t.Fatal(err)
	}
	if paper := js[int](t, b, seen); paper != all {
		t.Errorf("%d of %d are open on paper", paper, all)
	}
}
