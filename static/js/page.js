/* Small conveniences. Every page works without them. */
(function () {
  "use strict";

  function closeMenu(rail, button) {
    rail.removeAttribute("data-open");
    button.setAttribute("aria-expanded", "false");
  }

  function wireMenu() {
    const button = document.querySelector("[data-menu]");
    const rail = document.getElementById("rail");
    if (!button || !rail) return;
    button.addEventListener("click", function () {
      const opens = !rail.hasAttribute("data-open");
      rail.toggleAttribute("data-open", opens);
      button.setAttribute("aria-expanded", String(opens));
      if (opens) rail.querySelector("a").focus();
    });
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") return;
      document.querySelectorAll("details.person[open]").forEach(function (sheet) { sheet.open = false; });
      if (!rail.hasAttribute("data-open")) return;
      closeMenu(rail, button);
      button.focus();
    });
  }

  function wireSearchKey() {
    const search = document.getElementById("search");
    if (!search) return;
    document.addEventListener("keydown", function (event) {
      const typing = event.target.closest("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      search.focus();
    });
  }

  function wireCopy() {
    if (navigator.clipboard) document.querySelectorAll("[data-copy][hidden]").forEach(function (button) { button.hidden = false; });
    document.addEventListener("click", function (event) {
      const button = event.target.closest("[data-copy]");
      if (!button || !navigator.clipboard) return;
      navigator.clipboard.writeText(button.getAttribute("data-copy")).then(function () {
        button.querySelector("[data-said]").textContent = "Copied";
      });
    });
  }

  function wireFilters() {
    document.addEventListener("change", function (event) {
      const form = event.target.closest("form[data-follow]");
      if (form && event.target.matches("select, input[type=checkbox], input[type=date]")) form.requestSubmit();
    });
  }

  /* A file that is too large is refused where it is chosen: the server stops reading it, and the browser would show no answer. */
  function wireFiles() {
    document.addEventListener("change", function (event) {
      if (!event.target.matches("input[type=file][data-most]")) return;
      const most = Number(event.target.getAttribute("data-most"));
      const large = Array.from(event.target.files).find(function (file) { return file.size > most; });
      const megabytes = function (bytes) { return Math.ceil(bytes / 1048576).toLocaleString("en") + " MB"; };
      event.target.setCustomValidity(large ? large.name + " has " + megabytes(large.size) + "; at most " + megabytes(most) + " are taken." : "");
      event.target.reportValidity();
    });
  }

  /* A log stays at its end while new lines come, unless the reader has scrolled up. */
  function wireLogs() {
    let atEnd = true;
    document.addEventListener("htmx:beforeSwap", function () {
      const log = document.querySelector("[data-log]");
      atEnd = !log || log.scrollHeight - log.scrollTop - log.clientHeight < 24;
    });
    document.addEventListener("htmx:afterSwap", function () {
      const log = document.querySelector("[data-log]");
      if (log && atEnd) log.scrollTop = log.scrollHeight;
    });
    const log = document.querySelector("[data-log]");
    if (log) log.scrollTop = log.scrollHeight;
  }

  function showCurrentTab() {
    const tab = document.querySelector(".tabs [aria-current]");
    if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 24;
  }

  function wire() { showCurrentTab(); wireMenu(); wireSearchKey(); wireCopy(); wireFilters(); wireFiles(); wireLogs(); }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", wire);
  else wire();
})();
