"use strict";
(() => {
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // The theme: the system's, until the button says otherwise.
  const stored = () => { try { return localStorage.getItem("arazzo-theme"); } catch { return null; } };
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  const switchTheme = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("arazzo-theme", root.dataset.theme); } catch { /* it lasts as long as the page */ }
  };

  // The content of a case becomes part of the page when the case is opened.
  const fill = (item) => {
    const block = $(":scope > script", item);
    if (!block) return;
    const holder = document.createElement("div");
    holder.innerHTML = block.textContent;
    block.replaceWith(...holder.childNodes);
    all("figure.flow", item).forEach(draw);
  };

  const draw = (place) => {
    const source = document.getElementById(`chart-${place.dataset.chart}`);
    if (!source) return;
    const scroller = document.createElement("div");
    scroller.className = "picture";
    scroller.tabIndex = 0;
    scroller.innerHTML = source.textContent;
    const steps = JSON.parse(place.dataset.steps);
    const ways = new Set(JSON.parse(place.dataset.ways));
    all("[data-step]", scroller).forEach((box) => box.classList.add(steps[box.dataset.step] ?? "missed"));
    const boxes = $("[data-step]", scroller);
    for (const way of all("[data-way]", scroller)) {
      const isTaken = ways.has(way.dataset.way);
      way.classList.add(isTaken ? "taken" : "missed");
      if (isTaken && way.localName === "g") boxes.before(way); // above the lines of the ways not taken
    }
    place.append(scroller);
  };

  // The list.
  const cases = () => all("details.case");
  let outcome = "";
  const filter = () => {
    const words = $("#filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const tag = $("#tag")?.value ?? "";
    let shown = 0;
    const list = cases();
    for (const item of list) {
      item.text ??= $("summary", item).textContent.toLowerCase();
      const fits = (!outcome || item.dataset.outcome === outcome)
        && (!tag || item.dataset.tags.split(" #").map((each) => each.replace(/^#/, "")).includes(tag))
        && words.every((word) => item.text.includes(word));
      item.hidden = !fits;
      shown += fits;
    }
    $("#count").textContent = shown === list.length ? "" : `${shown} of ${list.length}`;
    $("#none").hidden = shown > 0;
  };
  const choose = (chip) => {
    outcome = chip.dataset.outcome;
    all(".chips button").forEach((each) => each.setAttribute("aria-pressed", String(each === chip)));
    filter();
  };

  const copy = async (button) => {
    const text = $("pre", button.parentElement).textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };

  // j and k, or the arrows on a line, go through all lines that can be seen: cases, and the steps of those that are open.
  const move = (by) => {
    const lines = all("details.case:not([hidden]) > summary, details.case[open]:not([hidden]) details > summary")
      .filter((line) => line.checkVisibility());
    if (!lines.length) return;
    const at = lines.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : lines.length - 1) : Math.min(lines.length - 1, Math.max(0, at + by));
    lines[next].focus();
    lines[next].scrollIntoView({ block: "nearest" });
  };
  const keys = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    const typing = target.matches("input, select, textarea");
    const line = target.closest("summary");
    if (key === "Escape" && target.id === "filter") {
      target.value = "";
      filter();
      target.blur();
    } else if (key === "Enter" && target.id === "filter") {
      target.blur();
      move(1);
    } else if (typing) {
      return;
    } else if (key === "/") {
      $("#filter")?.focus();
      $("#filter")?.select();
    } else if (key === "j" || (line && key === "ArrowDown")) {
      move(1);
    } else if (key === "k" || (line && key === "ArrowUp")) {
      move(-1);
    } else if (line && key === "ArrowRight") {
      fill(line.parentElement);
      line.parentElement.open = true;
    } else if (line && key === "ArrowLeft") {
      const item = line.parentElement;
      if (item.open) item.open = false;
      else item.parentElement.closest("details")?.querySelector("summary").focus();
    } else {
      return;
    }
    event.preventDefault();
  };

  // A link to a case opens it; else the first one that failed is open, or the only one.
  const reveal = () => {
    const wanted = /^#case-\d+$/.test(location.hash) ? $(location.hash) : null;
    const item = wanted ?? $("details.case[data-outcome=failed]") ?? (cases().length === 1 ? $("details.case") : null);
    if (!item) return;
    item.open = true;
    if (wanted) item.scrollIntoView();
  };

  // `toggle` comes a moment later: a click, which is what Enter does as well, finds the content there at once.
  document.addEventListener("toggle", (event) => {
    if (event.target.open) fill(event.target);
  }, true);
  document.addEventListener("click", (event) => {
    const line = event.target.closest("summary");
    if (line) fill(line.parentElement);
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "theme") switchTheme();
    else if (button.matches(".copy")) copy(button);
    else if (button.matches(".chips button")) choose(button);
  });
  document.addEventListener("input", (event) => { if (event.target.matches("#filter, #tag")) filter(); });
  document.addEventListener("keydown", keys);
  document.addEventListener("DOMContentLoaded", reveal);
  addEventListener("hashchange", reveal);
})();
