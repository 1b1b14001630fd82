package live

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/squallhq/squall/internal/headless"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

const shop = `scenario: shop
about: Nobody planned anything.
topology:
  front: {kind: service, endpoints: {GET /x: [{call: stock GET /y, timeout: 1s}]}}
  stock: {kind: service, replicas: 2, endpoints: {GET /y: [{work: 1ms}]}}
load:
  users: {to: front, rate: 30/s, requests: [{send: GET /x}]}
warm_up: 200ms
phases: [{name: calm, for: 100s}, {name: evening, for: 100s}]
guard: {blast: 50%}
`

// running is a run that shows itself.
type running struct {
	*exec.Cmd
	out              string
	page, spectators string
	mu               sync.Mutex
	said             bytes.Buffer
}

func (r *running) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(b)
}

func (r *running) saying() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

var links = regexp.MustCompile(`page: (http\S+)\n.*only: (http\S+)\n`)

// run starts squall run --web on the process engine, and returns when it says where its page is.
func run(t *testing.T, scenario string) *running {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "shop.yaml")
	if err := os.WriteFile(file, []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &running{out: filepath.Join(dir, "out")}
	r.Cmd = exec.CommandContext(t.Context(), squallbin.Path(t), "run", file, "--engine", "process", "--web", "--out", r.out)
	r.Stdout, r.Stderr, r.Dir = r, r, dir
	r.Cancel = func() error { return r.Process.Signal(os.Interrupt) }
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Process.Signal(os.Interrupt); _ = r.Wait() })
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if found := links.FindStringSubmatch(r.saying()); found != nil {
			r.page, r.spectators = found[1], found[2]
			return r
		}
	}
	t.Fatalf("it does not say where its page is:\n%s", r.saying())
	return nil
}

// Ann puts a fault on by clicks, sees its countdown and what it does, clears it, notes and stops the run; the record has who did it and through
// which door, and the page becomes its report.
func TestAnnTakesPart(t *testing.T) {
	r := run(t, shop)
	b := headless.Open(t, r.page)
	headless.Await(t, b, "the run is in its first phase", `document.getElementById("phase").textContent === "calm" && document.querySelectorAll("#topology .scene").length > 1`)
	if address := headless.JS[string](t, b, "location.href"); strings.Contains(address, "token") {
		t.Errorf("the token stands in the page's address: %s", address)
	}
	typed(t, b, "#who", "ann")
	headless.Await(t, b, "there are faults to choose from", `document.getElementById("kind").options.length > 10`)
	headless.JS[bool](t, b, `(choose => (choose("kind", "latency"), choose("target", "front -> stock"), true))((id, text) => {
		const list = document.getElementById(id);
		list.value = [...list.options].find((o) => o.text === text).value;
		list.dispatchEvent(new Event("change"));
	})`)
	if text := headless.JS[string](t, b, `document.getElementById("fault").value`); text != "latency: 800ms, jitter: 200ms, on: front -> stock" {
		t.Errorf("the field says %q", text)
	}
	headless.Await(t, b, "it is said what it would hit", `document.getElementById("reach").textContent.includes("It hits 2 of 2 connections front -> stock; up to 100% of the users' requests may meet it: 100% of GET /x (users)")`)
	t.Run("a mistake is told in its words", func(t *testing.T) {
		headless.JS[bool](t, b, `((field) => (field.value = "latncy: 1s, on: stock", field.dispatchEvent(new Event("input"))))(document.getElementById("fault"))`)
		headless.Await(t, b, "the mistake is told before it is done", `document.getElementById("reach").textContent.includes('did you mean "latency"?')`)
		b.Click(t, "#put")
		headless.Await(t, b, "the mistake is told", `document.getElementById("said").textContent.includes('did you mean "latency"?')`)
	})
	t.Run("a fault is felt, and cleared by a click", func(t *testing.T) { injects(t, b) })
	t.Run("what is chosen and unfolded stays so", func(t *testing.T) { stays(t, b) })
	t.Run("a spectator can do nothing", func(t *testing.T) { looksOn(t, r) })
	t.Run("on a phone", func(t *testing.T) { onAPhone(t, b) })
	t.Run("all that ctl can is a button", func(t *testing.T) { canDoAll(t, b) })
	t.Run("phases are held and ended by clicks", func(t *testing.T) { steers(t, b) })
	t.Run("a second click stops the run", func(t *testing.T) { stops(t, r, b) })
	t.Run("the record", func(t *testing.T) { recorded(t, r) })
	if said := b.Said(); len(said) != 4 || slices.ContainsFunc(said, func(one string) bool { return !strings.Contains(one, "422") }) { // of what was refused: the mistake, and what is over the guard
		t.Errorf("the browser complains: %s", strings.Join(said, "\n"))
	}
	for _, address := range b.Requests() {
		if !strings.HasPrefix(address, r.page[:strings.Index(r.page, "/?")]) && address != "about:blank" {
			t.Errorf("the page asked for %s", address)
		}
	}
}

func typed(t *testing.T, b *headless.Browser, field, text string) {
	t.Helper()
	b.Click(t, field)
	if err := chromedp.Do(b, chromedp.KeyEvent(text)); err != nil {
		t.Fatal(err)
	}
	headless.JS[bool](t, b, `(document.activeElement.blur(), true)`)
}

func injects(t *testing.T, b *headless.Browser) {
	headless.Await(t, b, "the counters were read twice", `parseFloat(document.getElementById("of").textContent.slice(3)) > 2.5`)
	headless.JS[bool](t, b, `((field) => (field.value = "latency: 400ms, on: front -> stock", document.getElementById("lasts").value = "1m", field.dispatchEvent(new Event("input"))))(document.getElementById("fault"))`)
	headless.Await(t, b, "it is said what goes that way", `/It hits 2 of 2 .*; \d+ attempts a second go that way now\. That is over the scenario's guard of 50%: Inject asks once more\./.test(document.getElementById("reach").textContent)`)
	b.Click(t, "#put")
	headless.Await(t, b, "what is over the guard is asked about", `document.getElementById("said").textContent.includes("It hits 2 of 2 connections front -> stock, and may reach 100 % of the users' requests; the scenario's guard is 50 %")`)
	b.Click(t, "#put")
	headless.Await(t, b, "it is on", `document.querySelector(".fault.hand b")?.textContent === "latency 400ms on front -> stock"`)
	headless.Await(t, b, "its countdown goes on", `(s => s > 30 && s < 60)(parseFloat(document.querySelector(".fault.hand .clock").textContent))`)
	headless.Await(t, b, "it is felt", `document.getElementById("p99").textContent.match(/^([4-9]\d\d ms|1\.\d+ s)$/) !== null`)
	headless.Await(t, b, "it is drawn", `document.querySelector("#topology .flash.hand, #topology .word.hand") !== null && document.querySelector("#time .bar.hand") !== null`)
	if about := headless.JS[string](t, b, `document.querySelector(".fault.hand p").textContent`); about != "act 1, by ann, page: front-1:stock-1, front-1:stock-2" {
		t.Errorf("it is said to be %q", about)
	}
	b.Click(t, ".fault.hand button")
	headless.Await(t, b, "it is off", `document.querySelector(".fault") === null && document.getElementById("said").textContent === "Off: act 1"`)
	typed(t, b, "#text", "the pager rang")
	b.Click(t, "#noted")
	headless.Await(t, b, "the note is in the log", `document.getElementById("events").textContent.includes("the pager rang (by ann, page)")`)
}

// stays holds what somebody has chosen through what is drawn again.
func stays(t *testing.T, b *headless.Browser) {
	headless.JS[bool](t, b, `(document.querySelector("label[for=scene-2]").click(), document.querySelector("#time details").open = true,
		document.querySelector("#topology .scene-2 a.vertex").dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true})), document.querySelector(".timeline").dataset.mine = "", true)`)
	headless.Await(t, b, "the charts are drawn again", `document.querySelector(".timeline") && !("mine" in document.querySelector(".timeline").dataset)`)
	headless.Await(t, b, "the topology is drawn again", `document.querySelectorAll("#topology .scene-2").length === 1`)
	is := headless.JS[string](t, b, `[document.getElementById("scene-2").checked, document.querySelector("#time details").open,
		[...document.querySelectorAll(".fig")].filter((f) => f.offsetParent).map((f) => f.querySelector("h3").textContent).join()].join(" ")`)
	if is != "true true users" {
		t.Errorf("after the next second: %q", is)
	}
	b.Click(t, "#all") // the script knows the new charts
	if n := headless.JS[int](t, b, `document.querySelectorAll(".timeline .cursor").length`); n < 5 {
		t.Errorf("%d charts have a cursor", n)
	}
}

func steers(t *testing.T, b *headless.Browser) {
	headless.JS[bool](t, b, `((list) => (list.value = "15m", true))(document.getElementById("hold-for"))`)
	b.Click(t, "#verb-hold")
	headless.Await(t, b, "it is held", `document.getElementById("state").textContent === "held" && document.getElementById("verb-hold").hidden && document.getElementById("left").textContent.startsWith("held, goes on by itself in 14")`)
	b.Click(t, "#verb-go")
	headless.Await(t, b, "it goes on", `document.getElementById("state").textContent === "running" && document.getElementById("verb-go").hidden`)
	b.Click(t, "#verb-next")
	headless.Await(t, b, "the next phase begins", `document.getElementById("phase").textContent === "evening" && document.getElementById("verb-next").textContent === "End" && document.getElementById("verb-skip").hidden`)
	headless.Await(t, b, "the phases are drawn as they were", `document.querySelectorAll("#time .lanes .phase").length === 2`)
}

// canDoAll finds a button for each verb, and uses those that no other part of the test does.
func canDoAll(t *testing.T, b *headless.Browser) {
	if without := headless.JS[string](t, b, `document.body.dataset.verbs.split(" ").filter((verb) => !document.querySelector("button[data-does~=" + verb + "]") && verb !== "clear").join()`); without != "" {
		t.Errorf("no button does %s", without)
	}
	typed(t, b, "#text", "failover")
	b.Click(t, "#marked")
	headless.Await(t, b, "the mark is in the log", `document.getElementById("events").textContent.includes("failover (by ann, page)") && document.querySelector("#time .mark") !== null`)
	typed(t, b, "#text", "ShopDown")
	b.Click(t, "#alerted")
	headless.Await(t, b, "the alert is in the log", `document.getElementById("events").textContent.includes("ShopDown fires (told by ann)")`)
	typed(t, b, "#pace", "x2")
	b.Click(t, "#paced")
	headless.Await(t, b, "the load is at twice its rate", `document.querySelector("#paces b")?.textContent === "load users: x2" && parseInt(document.getElementById("rate").textContent) > 50`)
	b.Click(t, "#paces button")
	headless.Await(t, b, "the load is the plan's", `document.querySelector("#paces b") === null && parseInt(document.getElementById("rate").textContent) < 40`)
	for n, fault := range []string{"slow: 5ms, on: stock", "latency: 5ms, on: users -> front"} {
		headless.JS[bool](t, b, `((field) => (field.value = "`+fault+`", field.dispatchEvent(new Event("input")), true))(document.getElementById("fault"))`)
		b.Click(t, "#put")
		headless.Await(t, b, "it is asked or put on", `document.getElementById("said").textContent.includes("Inject it once more") || document.querySelectorAll("#faults .hand").length > `+strconv.Itoa(n))
		if headless.JS[int](t, b, `document.querySelectorAll("#faults .hand").length`) == n {
			b.Click(t, "#put")
		}
		headless.Await(t, b, "it is on", `document.querySelectorAll("#faults .hand").length === `+strconv.Itoa(n+1))
	}
	b.Click(t, "#clear-all")
	headless.Await(t, b, "all is off", `document.querySelectorAll("#faults .hand").length === 0 && document.getElementById("said").textContent.startsWith("Off: act 2, 3") && document.getElementById("clear-all").hidden`)
}

func looksOn(t *testing.T, r *running) {
	b := headless.Open(t, r.spectators)
	headless.Await(t, b, "a spectator sees the run", `document.getElementById("phase").textContent === "calm" && document.getElementById("rate").textContent.endsWith("/s") && document.querySelectorAll("#topology .vertex").length > 0`)
	if n := headless.JS[int](t, b, `document.querySelectorAll("#act, #stop, #steer, form, .bar button").length`); n > 0 {
		t.Errorf("a spectator has %d hands", n)
	}
	headless.JS[bool](t, b, `(fetch("v1/abort", {method: "POST", body: "{}"}).then((r) => { window.code = r.status; }), true)`)
	headless.Await(t, b, "what a spectator's page asks for is refused", `window.code === `+strconv.Itoa(http.StatusForbidden))
	if said := headless.JS[string](t, b, `document.getElementById("viewers").textContent`); said != "2 look on" {
		t.Errorf("it says %q", said)
	}
	headless.JS[bool](t, b, `(location.href = "about:blank", true)`) // else it is waited for until it has the report
}

func onAPhone(t *testing.T, b *headless.Browser) {
	for _, theme := range []string{"light", "dark"} {
		b.Media(t, "", "prefers-color-scheme", theme)
		if err := chromedp.Do(b, chromedp.EmulateViewport(390, 844)); err != nil {
			t.Fatal(err)
		}
		if wide := headless.JS[int](t, b, `document.documentElement.scrollWidth`); wide > 390 {
			t.Errorf("the page is %d wide in a window of 390", wide)
		}
		small := headless.JS[string](t, b, `[...document.querySelectorAll(".stop, .say button")].filter((e) => e.getBoundingClientRect().height < 36).map((e) => e.id).join()`)
		if small != "" {
			t.Errorf("too small for a finger: %s", small)
		}
		paper := headless.JS[int](t, b, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).reduce((sum, part) => sum + Number(part), 0)`)
		if dark := theme == "dark"; dark != (paper < 3*128) {
			t.Errorf("%s: the paper is %d bright, of 765", theme, paper)
		}
		headless.Picture(t, b, "phone-"+theme)
	}
	if err := chromedp.Do(b, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatal(err)
	}
}

func stops(t *testing.T, r *running, b *headless.Browser) {
	b.Click(t, "#stop")
	headless.Await(t, b, "it asks whether that is meant", `document.getElementById("stop").textContent === "Stop the run?"`)
	client, err := control.Find(r.out)
	if err != nil {
		t.Fatalf("one click stopped the run: %v", err)
	}
	if _, err := client.Status(t.Context()); err != nil {
		t.Fatalf("one click stopped the run: %v", err)
	}
	typed(t, b, "#why", "customers notice")
	b.Click(t, "#stop")
	headless.Await(t, b, "it shows the report", `location.pathname === "/report" && document.body.textContent.includes("The run is over.") && document.querySelectorAll(".plot").length > 3`)
	if err := r.Wait(); err == nil || r.ProcessState.ExitCode() != 130 {
		t.Errorf("squall run ends with %v", err)
	}
}

func recorded(t *testing.T, r *running) {
	res, err := record.Read(r.out)
	if err != nil {
		t.Fatal(err)
	}
	if res.PartialWhy != "aborted (by ann, page): customers notice" {
		t.Errorf("it was cut short by %q", res.PartialWhy)
	}
	var did []string
	for _, a := range res.Actions {
		if did = append(did, a.What); a.Person != "ann" || a.Door != Door {
			t.Errorf("%s was done by %s", a.What, a.How())
		}
	}
	if all := strings.Join(did, ", "); all != "latency 400ms, x2, slow +5ms, latency 5ms, hold, next" {
		t.Fatalf("actions %s", all)
	}
	act := res.Actions[0]
	if act.Person != "ann" || act.Door != "page" || act.What != "latency 400ms" || act.UndoneS == nil || act.Receipt == nil || !act.Receipt.Met || !slices.Equal(act.Edges, []string{"front-1:stock-1", "front-1:stock-2"}) {
		t.Errorf("the act is %+v with %+v", act, act.Receipt)
	}
	if !slices.ContainsFunc(res.Events, func(e record.Event) bool { return e.Kind == "said" && e.Text == "the pager rang (by ann, page)" }) {
		t.Errorf("no note among %+v", res.Events)
	}
	data, err := os.ReadFile(filepath.Join(r.out, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{r.page, r.spectators} {
		if token := link[strings.Index(link, "token=")+6:]; bytes.Contains(data, []byte(token)) {
			t.Error("a token stands in the record")
		}
	}
	if res.Verdict == record.UnderWay {
		t.Error("the record is of a run under way")
	}
}
