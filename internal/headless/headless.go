// Package headless opens pages in a browser without a screen, for tests.
package headless

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Browser is one tab of a headless browser, which tells what its pages asked for and what they complained of.
type Browser struct {
	context.Context
	mu       sync.Mutex
	requests []string
	said     []string
}

// Open starts a browser on an address. Where there is none the test is skipped, but where SQUALL_REQUIRE_BROWSER is set: there it fails.
func Open(t *testing.T, address string) *Browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program(t)), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900), chromedp.WSURLReadTimeout(2*time.Minute))...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(ctx)
	t.Cleanup(done)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // two that begin at once would start two browsers
		t.Fatal(err)
	}
	b := &Browser{Context: ctx}
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
	b.Go(t, address)
	return b
}

func program(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	if os.Getenv("SQUALL_REQUIRE_BROWSER") == "1" {
		t.Fatal("SQUALL_REQUIRE_BROWSER is set and there is no Chromium in the path")
	}
	t.Skip("no Chromium in the path: the page is not opened (SQUALL_REQUIRE_BROWSER=1 makes this a failure)")
	return ""
}

// Go leads to another address.
func (b *Browser) Go(t *testing.T, address string) {
	t.Helper()
	if err := chromedp.Do(b, chromedp.Navigate(address)); err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
}

// Media sets a feature of the medium as style asks for it: prefers-color-scheme, or the medium itself where there is no feature.
func (b *Browser) Media(t *testing.T, medium, feature, value string) {
	t.Helper()
	params := emulation.SetEmulatedMediaParams{Media: medium}
	if feature != "" {
		params.Features = []*emulation.MediaFeature{{Name: feature, Value: value}}
	}
	if err := chromedp.Do(b, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, params)
		return err
	})); err != nil {
		t.Fatal(err)
	}
}

// Requests are the addresses that were asked for, Said is what the console says.
func (b *Browser) Requests() []string { return b.copied(&b.requests) }
func (b *Browser) Said() []string     { return b.copied(&b.said) }

func (b *Browser) copied(list *[]string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, *list...)
}

// JS evaluates an expression in the page.
func JS[T any](t *testing.T, b *Browser, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Await waits until an expression is true in the page.
func Await(t *testing.T, b *Browser, what, expression string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		v, err := chromedp.Run(b, chromedp.Evaluate[bool](expression)) // an error is of a page that is on its way
		if err == nil && v {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it never was so that %s (%v); the page says:\n%s", what, err, JS[string](t, b, "document.body.innerText"))
		}
	}
}

// Middle is where an element's middle is in the window.
func (b *Browser) Middle(t *testing.T, selector string) (x, y float64) {
	t.Helper()
	at := JS[[]float64](t, b, `(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector("`+selector+`").getBoundingClientRect())`)
	return at[0], at[1]
}

// Click presses the mouse on an element, wherever that is on the page.
func (b *Browser) Click(t *testing.T, selector string) {
	t.Helper()
	JS[bool](t, b, `(document.querySelector("`+selector+`").scrollIntoView({block: "center", behavior: "instant"}), true)`)
	x, y := b.Middle(t, selector)
	if err := chromedp.Do(b, chromedp.MouseClickXY(x, y)); err != nil {
		t.Fatalf("click on %s: %v", selector, err)
	}
}
