/* The desk by keyboard: j and k move along the rows, x ticks, Enter opens. Everything works without it. */
(function () {
  "use strict";

  function wire(table) {
    const rows = Array.from(table.tBodies[0].rows);
    const all = table.querySelector("[data-all]");
    const told = document.querySelector("[data-ticked]");
    const panel = document.querySelector("details.together");
    let at = -1;

    function ticks() { return rows.map(function (row) { return row.querySelector("input[name=finding]"); }).filter(Boolean); }

    function tell() {
      const count = ticks().filter(function (box) { return box.checked; }).length;
      if (told) told.textContent = count ? "(" + count + ")" : "";
      if (panel && count) panel.open = true;
      if (all) all.checked = count > 0 && count === ticks().length;
    }

    function go(to) {
      if (to < 0 || to >= rows.length) return;
      if (rows[at]) rows[at].removeAttribute("data-here");
      at = to;
      rows[at].setAttribute("data-here", "");
      rows[at].querySelector("a").focus({ preventScroll: true });
      rows[at].scrollIntoView({ block: "nearest" });
    }

    document.addEventListener("keydown", function (event) {
      if (event.target.closest("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "j") go(at + 1);
      else if (event.key === "k") go(at - 1);
      else if (event.key === "x" && rows[at]) {
        const box = rows[at].querySelector("input[name=finding]");
        if (box) { box.checked = !box.checked; tell(); }
      }
    });
    table.addEventListener("change", function (event) {
      if (event.target === all) ticks().forEach(function (box) { box.checked = all.checked; });
      tell();
    });
    tell();
  }

  document.addEventListener("DOMContentLoaded", function () {
    const table = document.querySelector("[data-desk]");
    if (table) wire(table);
  });
})();
