/* Names for what the admin's own scripts make without one: scrolled parts, fields that search, columns of buttons. */
(function () {
  "use strict";

  function nameScrolled() {
    document.querySelectorAll(".simplebar-content-wrapper[role=region]").forEach(function (part, index) {
      const heading = part.closest("fieldset") && part.closest("fieldset").querySelector("h2");
      const name = part.closest("#nav-sidebar") ? "Places" : heading ? heading.textContent.trim() + ", all columns" : "Part " + (index + 1);
      if (part.getAttribute("aria-label") !== name) part.setAttribute("aria-label", name);
    });
  }

  function nameSearches() {
    document.querySelectorAll(".select2-search__field:not([aria-label])").forEach(function (field) {
      const box = field.closest(".select2");
      const select = box && box.previousElementSibling;
      const label = select && select.id && document.querySelector("label[for='" + CSS.escape(select.id) + "']");
      field.setAttribute("aria-label", "Search: " + (label ? label.textContent.trim().replace(/\*$/, "") : "choices"));
    });
  }

  function nameColumns() {
    document.querySelectorAll(".inline-related thead th").forEach(function (head) {
      if (head.textContent.trim()) return;
      const words = document.createElement("span");
      words.className = "ct-unseen";
      words.textContent = "Remove";
      head.appendChild(words);
    });
  }

  function name() {
    nameScrolled();
    nameSearches();
    nameColumns();
  }

  document.addEventListener("DOMContentLoaded", function () {
    let asked = false;
    new MutationObserver(function () {
      if (asked) return;
      asked = true;
      window.requestAnimationFrame(function () { asked = false; name(); });
    }).observe(document.body, { childList: true, subtree: true });
    name();
  });
})();
