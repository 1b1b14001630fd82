package live

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/squallhq/squall/internal/headless"
)

// The page that the README shows: what the plan has put on and what somebody has stand side by side with their countdowns, are told apart in the
// topology and over time, and what the next fault would reach is said. Where SQUALL_PICTURES names a folder its picture is made (live.png).
func TestWhatIsOnIsShown(t *testing.T) {
	text, err := os.ReadFile("../../../examples/quickstart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	scenario := strings.NewReplacer("{name: steady, for: 8s}", "{name: steady, for: 6s}", "name: catalog gone\n    for: 8s", "name: catalog gone\n    for: 60s").Replace(string(text))
	r := run(t, scenario)
	b := headless.Open(t, r.page)
	if err := chromedp.Do(b, chromedp.EmulateViewport(1180, 1210)); err != nil {
		t.Fatal(err)
	}
	headless.Await(t, b, "there are faults to choose from", `document.getElementById("kind").options.length > 10`)
	typed(t, b, "#who", "ann")
	headless.Await(t, b, "the plan's fault is on", `document.querySelector("#faults .fault b")?.textContent === "outage (hang) on catalog"`)
	typed(t, b, "#text", "the pager rang")
	b.Click(t, "#noted")
	headless.JS[bool](t, b, `((field) => (field.value = "latency: 200ms, on: orders -> shop-db", field.dispatchEvent(new Event("input")), true))(document.getElementById("fault"))`)
	headless.Await(t, b, "it is said what it would reach", `document.getElementById("reach").textContent.includes("It hits 1 of 1 connection orders -> shop-db; up to ")`)
	b.Click(t, "#put")
	headless.Await(t, b, "both are on", `[...document.querySelectorAll("#faults .fault")].map((f) => f.querySelector("b").textContent + (f.classList.contains("hand") ? " by hand" : "")).join() === "outage (hang) on catalog,latency 200ms on orders -> shop-db by hand"`)
	headless.Await(t, b, "both are drawn", `document.querySelector("#topology .flash.hand, #topology .word.hand") !== null && document.querySelectorAll("#time .lanes .bar").length === 2 && document.querySelector("#time .lanes .bar.hand") !== null`)
	headless.Await(t, b, "both count down", `[...document.querySelectorAll("#faults .clock")].every((c) => parseFloat(c.textContent) > 0) && parseFloat(document.querySelector("#faults .hand .clock").textContent) < 28`)
	headless.JS[bool](t, b, `(document.activeElement.blur(), window.scrollTo(0, 0), true)`)
	headless.Picture(t, b, "live")
}
