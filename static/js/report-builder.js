/* The builder of reports: fields of the chosen scope alone are shown, and parts are put into another order. Works without it. */
(function () {
  "use strict";
  const form = document.getElementById("builder");
  if (!form) return;

  function show() {
    const scope = form.elements.scope.value;
    form.querySelectorAll("[data-for]").forEach(function (part) {
      part.hidden = !part.dataset.for.split(" ").includes(scope);
    });
    const profile = form.querySelector("[name=profile]:checked");
    form.querySelectorAll("[data-parts] li").forEach(function (line) {
      const barred = profile && line.dataset.notFor.split(" ").includes(profile.value);
      line.hidden = Boolean(barred || (line.hasAttribute("data-one-run") && scope !== "run"));
      line.querySelector("input").disabled = line.hidden;
    });
  }

  function move(button) {
    const line = button.closest("li");
    const up = button.dataset.move === "up";
    const other = up ? line.previousElementSibling : line.nextElementSibling;
    if (!other || other.hasAttribute("data-annex")) return;
    if (up) other.before(line); else other.after(line);
    button.focus();
    form.dispatchEvent(new CustomEvent("reordered", { bubbles: true }));
  }

  form.addEventListener("change", show);
  form.addEventListener("click", function (event) {
    const button = event.target.closest("[data-move]");
    if (button) move(button);
  });
  show();
})();
