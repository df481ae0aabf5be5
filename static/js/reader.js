/* The reader of terms: find in the text, what is marked, where one is. The page reads well without it. */
(function () {
  "use strict";

  const MOST = 2000;
  const PLAIN = { "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "\u00a0": " " };

  function plain(text) {
    return text.replace(/[‘’“”–—‑\u00a0]/g, function (sign) { return PLAIN[sign]; });
  }

  /* The words of the text as one string, and where each text node begins in it. */
  function collect(root) {
    const nodes = [], starts = [];
    let whole = "";
    root.querySelectorAll(".words-of").forEach(function (passage) {
      const walker = document.createTreeWalker(passage, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest(".mk")) continue;
        nodes.push(node);
        starts.push(whole.length);
        whole += plain(node.data);
      }
      whole += "\n\n";
    });
    return { nodes: nodes, starts: starts, whole: whole };
  }

  function place(index, offset) {
    let low = 0, high = index.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (index.starts[middle] <= offset) low = middle; else high = middle - 1;
    }
    return [index.nodes[low], Math.min(offset - index.starts[low], index.nodes[low].length)];
  }

  function search(index, words) {
    const wanted = plain(words.trim());
    if (!wanted) return [];
    const pattern = new RegExp(wanted.split(/\s+/).map(function (word) {
      return word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    }).join("\\s+"), "gi");
    const ranges = [];
    for (let match = pattern.exec(index.whole); match && ranges.length < MOST; match = pattern.exec(index.whole)) {
      const range = document.createRange();
      range.setStart.apply(range, place(index, match.index));
      const last = place(index, match.index + match[0].length - 1);
      range.setEnd(last[0], Math.min(last[1] + 1, last[0].length));
      ranges.push(range);
    }
    return ranges;
  }

  function paint(name, ranges) {
    if (!window.CSS || !CSS.highlights) return false;
    if (ranges.length) CSS.highlights.set(name, new Highlight(...ranges));
    else CSS.highlights.delete(name);
    return true;
  }

  function wireFind(reader) {
    const input = reader.querySelector("[data-find]");
    const output = reader.querySelector("[data-found]");
    const steps = reader.querySelectorAll("[data-step]");
    let index = null, ranges = [], now = -1, asked = "";
    input.hidden = false;

    function tell() {
      output.value = !asked ? "" : !ranges.length ? "Not found" :
        (now < 0 ? String(ranges.length) : now + 1 + " of " + ranges.length) + (ranges.length === MOST ? "+" : "");
      steps.forEach(function (step) { step.hidden = ranges.length < 2; });
    }

    function find() {
      if (input.value.trim() === asked) return;
      asked = input.value.trim();
      index = index || collect(reader.querySelector("[data-text]"));
      ranges = search(index, asked);
      now = -1;
      paint("found", ranges);
      paint("found-now", []);
      tell();
    }

    function go(step) {
      if (!ranges.length) return;
      now = now < 0 ? nearest(step) : (now + step + ranges.length) % ranges.length;
      const range = ranges[now];
      if (!paint("found-now", [range])) {
        const selection = window.getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
      }
      const box = range.getBoundingClientRect();
      window.scrollBy({ top: box.top - window.innerHeight / 2.6 });
      tell();
    }

    /* From where one reads: the first place below the tools, or for the way back the last one above. */
    function nearest(step) {
      const below = ranges.findIndex(function (range) { return range.getBoundingClientRect().top > 120; });
      if (step > 0) return below < 0 ? 0 : below;
      return below <= 0 ? ranges.length - 1 : below - 1;
    }

    input.addEventListener("input", find);
    input.addEventListener("keydown", function (event) {
      if (event.key === "Enter") {
        event.preventDefault();
        find();
        go(event.shiftKey ? -1 : 1);
      } else if (event.key === "Escape") {
        input.value = "";
        find();
        input.blur();
      }
    });
    steps.forEach(function (step) {
      step.addEventListener("click", function () { go(Number(step.dataset.step)); });
    });
    document.addEventListener("keydown", function (event) {
      const typing = event.target.closest("input, textarea, select, [contenteditable]");
      if (event.key !== "f" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.focus();
      input.select();
    });
  }

  function wireChoices(reader) {
    const bearing = new Set();
    reader.querySelectorAll(".note-of.bears").forEach(function (note) { bearing.add(note.id); });
    reader.querySelectorAll("mark.m").forEach(function (mark) {
      mark.classList.toggle("off", !bearing.has(mark.dataset.of));
    });
    reader.querySelector("[data-only-building]").addEventListener("change", function (event) {
      reader.classList.toggle("building", event.target.checked);
    });
    reader.querySelector("[data-exact]").addEventListener("change", function (event) {
      reader.classList.toggle("exact", event.target.checked);
    });
  }

  /* A link to a clause opens its note; a link to an offset inside a passage goes to that passage. */
  function openTarget() {
    const name = decodeURIComponent(location.hash.slice(1));
    const target = name && document.getElementById(name);
    if (target && target.matches("details")) target.open = true;
    const offset = /^p-(\d+)$/.exec(name);
    if (target || !offset) return;
    let holder = null;
    document.querySelectorAll(".passage").forEach(function (passage) {
      if (Number(passage.id.slice(2)) <= Number(offset[1])) holder = passage;
    });
    if (holder) location.replace("#" + holder.id);
  }

  function wireOutline(reader) {
    const outline = reader.querySelector("[data-outline]");
    if (window.matchMedia("(max-width: 1100px)").matches) outline.open = false;
    outline.addEventListener("click", function (event) {
      if (event.target.closest("a") && window.matchMedia("(max-width: 1100px)").matches) outline.open = false;
    });
    const entries = new Map();
    outline.querySelectorAll("a[href^='#p-']").forEach(function (link) {
      const passage = document.getElementById(link.hash.slice(1));
      if (passage) entries.set(passage, link.parentElement);
    });
    if (!window.IntersectionObserver || !entries.size) return;
    let here = null;
    const watcher = new IntersectionObserver(function (seen) {
      seen.forEach(function (one) {
        if (!one.isIntersecting) return;
        if (here) here.removeAttribute("data-here");
        here = entries.get(one.target);
        here.setAttribute("data-here", "");
      });
    }, { rootMargin: "-120px 0px -70% 0px" });
    entries.forEach(function (_entry, passage) { watcher.observe(passage); });
  }

  function wire() {
    const reader = document.querySelector("[data-reader]");
    if (!reader) return;
    wireFind(reader);
    wireChoices(reader);
    wireOutline(reader);
    openTarget();
    window.addEventListener("hashchange", openTarget);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", wire);
  else wire();
})();
