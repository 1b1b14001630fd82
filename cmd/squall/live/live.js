(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const all = (selector, within) => [...within.querySelectorAll(selector)];
  const make = (name, look, text) => {
    const e = document.createElement(name);
    if (look) e.className = look;
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const verbs = document.body.dataset.verbs.split(" ").filter(Boolean), can = (verb) => verbs.includes(verb);
  let state = null, heard = 0, over = null; // heard: when, by this machine's clock, the state was as it says

  // Time goes on between two tidings.
  const now = () => !state ? 0 : state.elapsed_s + (stands() ? 0 : (performance.now() - heard) / 1000);
  const stands = () => state.state === "launching" || state.state === "ending" || over;
  const span = (s) => s < 10 ? Math.max(s, 0).toFixed(1) + " s" : s < 90 ? Math.round(s) + " s" : Math.floor(s / 60) + ":" + String(Math.floor(s % 60)).padStart(2, "0");
  const millis = (ms) => ms >= 1000 ? (ms / 1000).toPrecision(3) + " s" : ms >= 100 ? ms.toFixed(0) + " ms" : ms.toFixed(1) + " ms";
  const percent = (share) => share === 1 ? "100 %" : (Math.floor(share * 1000) / 10).toFixed(1) + " %";

  // What is done.
  const said = (text, look) => {
    const out = $("said");
    if (!out) return;
    out.className = look || "";
    out.textContent = text;
  };
  const ask = async (verb, asked, refused) => {
    try {
      const answer = await fetch("v1/" + verb, { method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ who: ($("who") && $("who").value.trim()) || undefined, ...asked }) });
      const done = await answer.json();
      if (!answer.ok) {
        said(done.error || answer.statusText, "bad");
        if (refused) refused(done);
        return null;
      }
      return done;
    } catch {
      said("The run does not answer.", "bad");
      return null;
    }
  };
  const busy = async (button, work) => {
    button.disabled = true;
    try { await work(); } finally { button.disabled = false; }
  };
  // A button says what it does: each verb has one.
  const button = (name, does, work) => {
    const b = make("button", "", name);
    b.type = "button";
    b.dataset.does = does;
    b.addEventListener("click", () => work(b));
    return b;
  };
  const clear = (act, button) => busy(button, async () => {
    const done = await ask("clear", { act });
    if (done) said((done.off || []).length ? "Off: act " + done.off.join(", ") : "Nothing was on.", "good");
  });

  // The head.
  const gauges = () => {
    let sent = 0, good = 0, p99 = 0;
    for (const r of state.requests || []) {
      sent += r.sent;
      good += r.ok + r.degraded;
      if (r.ok + r.degraded > 0) p99 = Math.max(p99, r.p99_ms);
    }
    $("rate").textContent = sent ? sent + "/s" : "–";
    $("success").textContent = sent ? percent(good / sent) : "–";
    $("success").className = !sent || good / sent >= 0.999 ? "" : good / sent >= 0.95 ? "unsure" : "bad";
    $("p99").textContent = good ? millis(p99) : "–";
  };
  const words = { "launching": "launching", "ending": "ending", "running": "running" };
  const show = () => {
    const on = state.on || [];
    const look = state.held || state.waits ? "held" : on.length && state.state === "running" ? "faulty" : state.state;
    $("bar").dataset.state = over ? "over" : look;
    $("state").textContent = over ? "over" : state.waits && !state.held ? "waits for go" : look === "faulty" ? (on.length === 1 ? "1 fault on" : on.length + " faults on") : words[state.state] || state.state;
    $("viewers").textContent = state.viewers === 1 ? "1 looks on" : state.viewers + " look on";
    gauges();
    faults(on);
    paces(state.paces || []);
    if ($("clear-all")) $("clear-all").hidden = on.filter((f) => f.act).length < 2;
    steering();
    tick();
  };
  // A button is there while what it does can be done.
  const steering = () => {
    const there = { hold: state.phase && !state.held, go: state.held || state.waits, next: state.phase, skip: state.phase && state.next };
    all("button, select", $("steer") || make("div")).forEach((b) => { b.hidden = !there[b.dataset.verb]; });
    const next = $("verb-next"), skip = $("verb-skip"), go = $("verb-go");
    if (go) go.title = state.waits ? "End this phase, which waits for it" : "End the hold";
    if (next) { next.textContent = state.next ? "Next" : "End"; next.title = state.next ? "End this phase: " + state.next + " begins" : "End the last phase, and the run"; }
    if (skip) skip.title = "Leave " + state.next + " out";
  };
  const course = () => {
    const box = $("course");
    if (box.children.length !== state.phases.length) {
      box.replaceChildren(...state.phases.map((p) => {
        const bar = make("i");
        bar.append(make("b"));
        return bar;
      }));
    }
    const at = now();
    state.phases.forEach((p, i) => {
      box.children[i].title = p.name;
      const long = p.end_s - p.start_s;
      box.children[i].style.flex = long + " 1 0";
      box.children[i].firstChild.style.width = 100 * Math.min(Math.max((at - p.start_s) / long, 0), 1) + "%";
    });
  };
  const tick = () => {
    if (!state) return;
    const at = now(), phase = state.phases.find((p) => p.name === state.phase && at < p.end_s + 1);
    const next = phase && state.phases[state.phases.indexOf(phase) + 1];
    let left = "";
    if (state.held) left = "held" + (state.held_until_s ? ", goes on by itself in " + span(state.held_until_s - at) : "");
    else if (state.waits) left = phase ? span(Math.max(phase.end_s - at, 0)) + " at most" : "";
    else if (state.state === "launching") left = "the topology is being launched";
    else if (state.state === "ending") left = "the last answers, what was written, the report";
    else if (at < 0) left = "the first phase in " + span(-at);
    else if (phase) left = (next ? next.name + " in " : "the end in ") + span(Math.max(phase.end_s - at, 0));
    $("phase").textContent = phase ? phase.name : state.state === "ending" ? "measured" : state.phases.length ? "before " + state.phases[0].name : "";
    $("left").textContent = left;
    $("of").textContent = at > 0 && state.state !== "ending" ? " · " + span(at) + " of " + span(state.total_s) : "";
    course();
    all(".fault", $("faults")).forEach((row) => {
      const since = Number(row.dataset.since), until = Number(row.dataset.until);
      const stays = (state.held || state.waits) && row.dataset.act === "0", until_now = until - (stays ? state.elapsed_s : at); // a hold holds the plan's faults too
      row.querySelector(".clock").textContent = until_now > 0 ? span(until_now) : "ending";
      row.querySelector(".gone").style.width = 100 * Math.min(Math.max(until_now / (until - since), 0), 1) + "%";
    });
  };

  // What is on: a row stays the same element while it is on, so that a click always finds its button.
  const faults = (on) => {
    const list = $("faults"), rows = new Map(all(".fault", list).map((row) => [row.dataset.key, row]));
    const kept = on.map((f) => {
      const key = f.act ? "act " + f.act : f.what + " on " + f.target + " " + f.since_s;
      const row = rows.get(key) || born(f, key);
      row.dataset.until = f.until_s;
      return row;
    });
    const wanted = kept.length ? kept : [list.querySelector(".none") || make("li", "none", "Nothing is on.")];
    if (wanted.length !== list.children.length || wanted.some((row, i) => list.children[i] !== row)) list.replaceChildren(...wanted);
  };
  const born = (f, key) => {
    const row = make("li", f.act ? "fault hand" : "fault"), about = make("div"), end = make("div", "end");
    row.dataset.key = key;
    row.dataset.since = f.since_s;
    row.dataset.act = f.act || 0;
    const hits = f.hits.length > 4 ? f.hits.slice(0, 4).join(", ") + " and " + (f.hits.length - 4) + " more" : f.hits.join(", ");
    about.append(make("b", "", f.what + " on " + f.target), make("p", "", (f.act ? "act " + f.act + ", by " + (f.who || "hand") + ", " + f.door : "by the plan") + (hits ? ": " + hits : "")));
    end.append(make("span", "clock"));
    if (f.act && can("clear")) end.append(button("Clear", "clear", (b) => clear(f.act, b)));
    row.append(about, end, make("span", "gone"));
    return row;
  };
  const pace = async (load, rate) => {
    const done = await ask("load", { load: load ? load + "=" + rate : rate });
    if (done) said((done.loads || []).join(", ") + ": " + rate, "good");
    return done;
  };
  const paces = (given) => {
    const list = $("paces"), key = JSON.stringify(given);
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(...given.map((p) => {
      const row = make("li", "fault hand"), about = make("div"), end = make("div", "end");
      about.append(make("b", "", "load " + p.load + ": " + p.pace), make("p", "", "by " + (p.who || "hand") + ", " + p.door));
      if (can("load")) end.append(button("As planned", "load", (b) => busy(b, () => pace(p.load, "x1"))));
      row.append(about, end);
      return row;
    }));
  };

  // The parts of the report: what is unfolded, chosen and scrolled stays so.
  const put = (id, html) => {
    const part = $(id);
    const line = part.querySelector(".timeline");
    if (line && "held" in line.dataset) return;
    const picked = document.getSelection();
    if (picked && !picked.isCollapsed && part.contains(picked.anchorNode)) return; // somebody copies from it
    const folds = all("details", part).map((d) => d.open), scrolled = all(".wide, .scene, .log, pre", part).map((e) => [e.scrollLeft, e.scrollTop]);
    const chosen = all("input:checked", part).map((i) => i.id), focused = line && document.activeElement === line;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    part.replaceChildren(fresh.content);
    part.hidden = !html;
    all("details", part).forEach((d, i) => { if (folds[i]) d.open = true; });
    all(".wide, .scene, .log, pre", part).forEach((e, i) => { if (scrolled[i]) [e.scrollLeft, e.scrollTop] = scrolled[i]; });
    chosen.forEach((c) => { const input = $(c); if (input) input.checked = true; });
    if (focused) part.querySelector(".timeline").focus({ preventScroll: true });
  };

  const source = new EventSource("events");
  source.addEventListener("state", (e) => {
    state = JSON.parse(e.data);
    heard = performance.now();
    $("lost").hidden = true;
    document.body.classList.remove("stale");
    show();
  });
  const unseen = new Map(); // parts that came while nobody saw the page
  const bring = () => {
    if (document.hidden) return;
    unseen.forEach((html, id) => put(id, html));
    unseen.clear();
    $("waiting-for").hidden = true;
    document.dispatchEvent(new Event("drawn"));
  };
  source.addEventListener("part", (e) => {
    const part = JSON.parse(e.data);
    unseen.set(part.id, part.html);
  });
  source.addEventListener("drawn", bring);
  document.addEventListener("visibilitychange", () => { if (unseen.size) bring(); });
  source.addEventListener("over", (e) => {
    over = JSON.parse(e.data);
    source.close();
    if (over.report) { location.replace(over.report); return; }
    $("bar").dataset.state = "over";
    $("state").textContent = "over";
    $("lost").textContent = "The run is over: " + over.text;
    $("lost").hidden = false;
  });
  source.addEventListener("error", () => {
    if (over) return;
    $("lost").hidden = false;
    $("bar").dataset.state = "lost";
    $("state").textContent = "no connection";
    document.body.classList.add("stale");
  });
  setInterval(tick, 250);

  if (!verbs.length) return;

  // Hands.
  const who = $("who");
  try { who.value = localStorage.getItem("squall-who") || ""; } catch { /* no storage */ }
  who.addEventListener("change", () => { try { localStorage.setItem("squall-who", who.value.trim()); } catch { /* no storage */ } });
  $("spectators").addEventListener("focus", (e) => e.target.select());

  const option = (value, text) => {
    const o = make("option", "", text === undefined ? value : text);
    o.value = value;
    return o;
  };
  const doing = { hold: ["Hold", "Stay in this phase, with its faults and its load"], go: ["Go on", "End the hold, or the phase that waits"], next: ["Next", ""], skip: ["Skip", ""] };
  for (const [verb, [name, about]] of Object.entries(doing)) {
    if (!can(verb)) continue;
    const b = button(name, verb, () => busy(b, async () => {
      const done = await ask(verb, verb === "hold" ? { for: $("hold-for").value } : {});
      if (done) said({ hold: "Held: " + done.phase, go: done.phase ? "Goes on: " + done.phase : "The last phase is ended.", next: done.phase ? "Begins: " + done.phase : "The last phase is ended.", skip: "Left out: " + done.phase }[verb], "good");
    }));
    b.id = "verb-" + verb;
    b.dataset.verb = verb;
    b.title = about;
    b.hidden = true;
    $("steer").append(b);
    if (verb !== "hold") continue;
    const lasts = make("select");
    lasts.id = "hold-for";
    lasts.dataset.verb = verb;
    lasts.title = "The longest that it is held";
    lasts.setAttribute("aria-label", lasts.title);
    lasts.append(...[["5m", "5 min"], ["15m", "15 min"], ["1h", "1 h"]].map(([value, text]) => option(value, text)));
    lasts.value = "1h";
    lasts.hidden = true;
    $("steer").append(lasts);
  }
  $("clear-all").addEventListener("click", () => clear(0, $("clear-all")));

  let kinds = [], places = {};
  const kind = () => kinds[Number($("kind").value)];
  const targets = () => {
    const is = kind(), was = $("target").value;
    if (!is) return;
    $("target").replaceChildren(...places[is.on].map((p) => option(p)));
    if (places[is.on].includes(was)) $("target").value = was;
    write();
  };
  const write = () => {
    const is = kind();
    if (!is) return;
    $("fault").value = is.text.replaceAll("TARGET", $("target").value);
    reach();
  };
  // What it would hit is said before it is put on.
  let typing = 0, asking = 0;
  const reach = () => {
    clearTimeout(typing);
    typing = setTimeout(async () => {
      const this_one = ++asking, is = kind(), text = $("fault").value;
      const about = is && text.startsWith(is.text.split(":")[0] + ":") ? is.about + " " : "";
      const tell = (said, look) => { if (this_one === asking) { $("reach").textContent = said; $("reach").className = look; } };
      if (!text.trim()) { tell("", ""); return; }
      try {
        const answer = await (await fetch("reach", { method: "POST", body: JSON.stringify({ fault: text, for: $("lasts").value }) })).json();
        if (answer.hits) tell(about + "It " + answer.hits + ".", answer.over ? "bad" : ""); else tell(answer.error || about, answer.error ? "bad" : "");
      } catch { tell(about, ""); }
    }, 250);
  };
  $("fault").addEventListener("input", reach);
  $("kind").addEventListener("change", targets);
  $("target").addEventListener("change", write);
  fetch("suggestions").then((r) => r.json()).then((s) => {
    kinds = s.kinds;
    places = { edges: s.edges, nodes: s.nodes };
    $("kind").replaceChildren(...kinds.map((k, i) => option(String(i), k.kind)));
    targets();
    $("load").hidden = !s.loads.length;
    $("pace-of").replaceChildren(...(s.loads.length > 1 ? [option("", "all")] : []), ...s.loads.map((l) => option(l)));
  }).catch(() => { /* the field takes the scenario's words all the same */ });

  let doubted = ""; // the fault that reaches more than the scenario's guard: asked for once more, it is meant
  $("inject").addEventListener("submit", (e) => {
    e.preventDefault();
    busy($("put"), async () => {
      said("putting it on …");
      const fault = $("fault").value, yes = doubted === fault || undefined;
      doubted = "";
      const done = await ask("inject", { fault, for: $("lasts").value, yes }, (refused) => {
        if (!refused.blast) return;
        doubted = fault;
        said("It hits " + refused.blast.hits + ", and may reach " + Math.round(100 * refused.blast.share) + " % of the users' requests; the scenario's guard is " +
          Math.round(100 * refused.blast.guard) + " %. Inject it once more if you mean it.", "bad");
      });
      if (done && done.on) said("act " + done.on.act + ": " + done.on.what + " on " + done.on.target + " is on", "good");
    });
  });
  $("note").addEventListener("submit", (e) => {
    e.preventDefault();
    const by = e.submitter || $("noted");
    busy(by, async () => {
      if (await ask(by.dataset.does, { text: $("text").value })) { $("text").value = ""; said({ note: "noted", mark: "marked", alert: "told" }[by.dataset.does], "good"); }
    });
  });
  $("load").addEventListener("submit", (e) => {
    e.preventDefault();
    busy($("paced"), async () => { if (await pace($("pace-of").value, $("pace").value.trim())) $("pace").value = ""; });
  });

  // Stop: a second click means it.
  let sure = 0;
  const stop = $("stop"), why = $("why");
  const calm = () => { clearTimeout(sure); sure = 0; stop.textContent = "Stop"; stop.classList.remove("sure"); why.hidden = true; };
  const wait = () => { clearTimeout(sure); sure = setTimeout(calm, why.value ? 30000 : 5000); };
  why.addEventListener("input", wait);
  why.addEventListener("keydown", (e) => { if (e.key === "Enter") stop.click(); });
  stop.addEventListener("click", () => {
    if (!sure) {
      stop.textContent = "Stop the run?";
      stop.classList.add("sure");
      why.hidden = false;
      wait();
      return;
    }
    calm();
    busy(stop, async () => {
      if (await ask("abort", { text: why.value.trim() || "stopped on the page" })) said("The run is being stopped: everything is undone.", "good");
    });
  });
})();
