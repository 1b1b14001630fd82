(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within) => [...(within || document).querySelectorAll(selector)];
  const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
  const draw = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
  const remember = (hash) => { try { history.replaceState(null, "", hash); } catch { /* a frame without a history of its own */ } };

  // Figures of nodes and edges, beside the graph.
  let chosen = "";
  const choose = (id) => {
    all(".fig.open").forEach((f) => f.classList.remove("open"));
    all(".graph a.chosen").forEach((a) => a.classList.remove("chosen"));
    const panel = document.getElementById(id);
    if (!panel) return;
    chosen = id;
    panel.classList.add("open");
    all(`.graph a[href="#${id}"]`).forEach((a) => a.classList.add("chosen"));
    const hint = document.querySelector(".panels .hint");
    if (hint) hint.hidden = true;
  };
  document.addEventListener("click", (e) => {
    const link = e.target.closest && e.target.closest(".graph a");
    if (!link) return;
    e.preventDefault();
    const id = link.getAttribute("href").slice(1);
    choose(id);
    remember("#" + id);
  });
  if (location.hash.startsWith("#fig-")) choose(location.hash.slice(1));

  // The charts; kept is what was shown of them before they were drawn again, of a run that goes on.
  const charts = (line, kept) => {
    const number = (name) => Number(line.dataset[name]);
    const begin = number("begin"), end = number("end"), width = number("width"), rows = number("rows");
    if (!rows) return null;
    const table = document.getElementById("data").textContent.trimEnd().split("\n").slice(-rows).map((row) => row.split(","));
    const plots = all(".plot", line), outputs = all("output[data-column]", line), placed = all("[data-t]", line), axis = line.querySelector(".axis");
    const moment = document.getElementById("moment");
    let from = begin, to = end, at = null, pinned = null;
    if (kept && kept.part) {
      const on = kept.to === kept.end ? end - kept.end : 0; // what ends now goes on with it
      from = clamp(kept.from + on, begin, end);
      to = clamp(kept.to + on, from, end);
    }

    const cursors = plots.map((p) => {
      const c = draw("path");
      c.setAttribute("class", "cursor");
      c.setAttribute("vector-effect", "non-scaling-stroke");
      p.append(c);
      return c;
    });
    const selections = plots.map((p) => {
      const s = draw("rect");
      s.setAttribute("class", "selection");
      s.setAttribute("y", 0);
      s.setAttribute("height", 100);
      s.setAttribute("width", 0);
      p.append(s);
      return s;
    });

    const units = {
      "ms": (v) => v >= 1000 ? (v / 1000).toPrecision(3) + " s" : (v >= 100 ? v.toFixed(0) : v >= 1 ? v.toFixed(1) : v.toFixed(2)) + " ms",
      "share": (v) => (v === 0 || v === 1 ? v * 100 : (Math.floor(v * 1000) / 10).toFixed(1)) + " %",
      "/s": (v) => (v >= 100 ? v.toFixed(0) : Number(v.toPrecision(3))) + "/s",
      "": (v) => String(Number(v.toPrecision(4))),
    };
    const clock = (s) => end <= 120 ? (Math.round(s * 10) / 10) + " s" : Math.floor(s / 60) + ":" + String(Math.floor(s % 60)).padStart(2, "0");

    const show = (s) => {
      at = s;
      const row = s === null ? null : table[clamp(Math.floor((s - begin) / width), 0, rows - 1)];
      cursors.forEach((c) => c.setAttribute("d", s === null ? "" : `M${s} 0V100`));
      outputs.forEach((o) => {
        const cell = row ? row[Number(o.dataset.column)] : "";
        o.textContent = !row ? "" : cell === "" ? "–" : (units[o.dataset.unit] || units[""])(Number(cell));
      });
      moment.textContent = s === null ? "" : "at " + clock(s);
    };

    const step = (span) => [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].find((s) => span / s <= 10) || 3600;
    const place = () => {
      plots.forEach((p) => p.setAttribute("viewBox", `${from} 0 ${to - from} 100`));
      const share = (s) => 100 * (s - from) / (to - from);
      placed.forEach((e) => {
        const x = share(Number(e.dataset.t));
        e.setAttribute("x", x + "%");
        if (e.dataset.u) e.setAttribute("width", Math.max(share(Number(e.dataset.u)) - x, 0.3) + "%");
      });
      axis.replaceChildren();
      const by = step(to - from);
      for (let s = Math.ceil(from / by - 1e-9) * by; s <= to + 1e-9; s += by) {
        const text = draw("text"), x = share(s);
        text.setAttribute("x", x + "%");
        text.setAttribute("y", 13);
        text.setAttribute("text-anchor", x < 1 ? "start" : x > 99 ? "end" : "middle");
        text.textContent = clock(s);
        axis.append(text);
      }
      line.dataset.from = from;
      line.dataset.to = to;
    };
    const zoom = (a, b) => {
      const least = Math.min(width * 2, end - begin);
      if (b - a < least) { const mid = (a + b) / 2; a = mid - least / 2; b = mid + least / 2; }
      if (a < begin) { b += begin - a; a = begin; }
      if (b > end) { a -= b - end; b = end; }
      from = Math.max(a, begin);
      to = Math.min(b, end);
      place();
    };
    const pin = (s) => { pinned = s; show(s); remember("#t=" + Math.round(s * 10) / 10); };

    let down = null;
    const second = (e, frame) => {
      const box = frame.getBoundingClientRect();
      return clamp(from + (e.clientX - box.left) / box.width * (to - from), begin, end);
    };
    all(".frame", line).forEach((frame) => {
      frame.addEventListener("pointerdown", (e) => {
        if (e.button) return;
        down = second(e, frame);
        line.dataset.held = "";
        if (e.pointerType === "mouse") { e.preventDefault(); line.focus({ preventScroll: true }); frame.setPointerCapture(e.pointerId); }
      });
      frame.addEventListener("pointermove", (e) => {
        const s = second(e, frame);
        show(s);
        if (down !== null && e.pointerType === "mouse") selections.forEach((r) => { r.setAttribute("x", Math.min(down, s)); r.setAttribute("width", Math.abs(s - down)); });
      });
      frame.addEventListener("pointerup", (e) => {
        if (down === null) return;
        const a = down, b = second(e, frame);
        down = null;
        delete line.dataset.held;
        selections.forEach((r) => r.setAttribute("width", 0));
        if (Math.abs(b - a) > (to - from) / 80 && e.pointerType === "mouse") { zoom(Math.min(a, b), Math.max(a, b)); return; }
        const bar = document.elementsFromPoint(e.clientX, e.clientY).map((n) => n.closest(".lanes svg[data-u]")).find(Boolean);
        if (bar) { const margin = (bar.dataset.u - bar.dataset.t) * 0.05; zoom(bar.dataset.t - margin, Number(bar.dataset.u) + margin); return; }
        pin(b);
      });
      frame.addEventListener("pointercancel", () => { down = null; delete line.dataset.held; });
      frame.addEventListener("pointerleave", () => { if (down === null) show(pinned); });
      frame.addEventListener("dblclick", () => zoom(begin, end));
    });

    const around = (factor) => {
      const mid = at === null ? (from + to) / 2 : at, half = (to - from) * factor / 2;
      zoom(mid - half, mid + half);
    };
    const move = (by) => {
      const s = clamp(at === null ? (by > 0 ? from : to) : at + by * width, begin, end);
      if (s < from || s > to) zoom(s - (to - from) / 2, s + (to - from) / 2);
      pinned = s;
      show(s);
    };
    line.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.target !== line) return;
      const far = e.shiftKey ? 10 : 1;
      const keys = {
        ArrowLeft: () => move(-far), ArrowRight: () => move(far), Home: () => move(-rows), End: () => move(rows),
        "+": () => around(0.5), "=": () => around(0.5), "-": () => around(2), "0": () => zoom(begin, end),
        Enter: () => { if (at !== null) pin(at); }, Escape: () => { pinned = null; show(null); zoom(begin, end); },
      };
      if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
    });

    const copied = async (button, text) => {
      let done = true;
      try { await navigator.clipboard.writeText(text); } catch {
        const area = document.createElement("textarea");
        area.value = text;
        document.body.append(area);
        area.select();
        done = document.execCommand("copy");
        area.remove();
      }
      const said = button.textContent;
      button.textContent = done ? "Copied" : "Could not copy";
      setTimeout(() => { button.textContent = said; }, 1500);
    };
    document.getElementById("all").addEventListener("click", () => zoom(begin, end));
    document.getElementById("link").addEventListener("click", (e) => {
      if (at === null && pinned === null) pin((from + to) / 2); else pin(pinned === null ? at : pinned);
      copied(e.target, location.href);
    });
    document.getElementById("copy").addEventListener("click", (e) => {
      const text = document.getElementById("data").textContent.trimEnd().split("\n"), head = text.slice(0, -rows);
      copied(e.target, [...head, ...text.slice(-rows).filter((row) => { const s = parseFloat(row); return s + width > from && s < to; })].join("\n") + "\n");
    });

    const linked = () => {
      const found = /^#t=([0-9.]+)$/.exec(location.hash);
      if (!found) return;
      pinned = clamp(Number(found[1]), begin, end);
      show(pinned);
      document.getElementById("time").scrollIntoView();
    };
    place();
    if (kept) { pinned = kept.pinned; show(kept.at); } else linked();
    return { line, linked, kept: () => ({ part: from !== begin || to !== end, from, to, end, at, pinned }) };
  };

  let shown = null;
  const again = () => {
    const line = document.querySelector(".timeline");
    if (line && !(shown && shown.line === line)) shown = charts(line, shown && shown.kept());
  };
  addEventListener("hashchange", () => { if (shown) shown.linked(); });
  document.addEventListener("drawn", () => { again(); if (chosen) choose(chosen); });
  again();
})();
