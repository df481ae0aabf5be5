/* The page on which a rule is written: pickers for its conditions and exceptions, its sentence and its problems shown as it changes.
   The sentence comes from the server: the engine that judges is the one that reads it back. */
(function () {
  "use strict";

  const { Picker, element, parsed } = window.clausetrail;

  class Exceptions {
    constructor(area, words) {
      this.area = area;
      this.words = words;
      this.items = parsed(area.value) || [];
      this.place = element("div", { class: "ct-stack" });
      area.hidden = true;
      area.after(this.place);
      this.draw();
    }

    changed() {
      this.area.value = this.items.length ? JSON.stringify(this.items) : "";
      this.area.dispatchEvent(new Event("input", { bubbles: true }));
    }

    draw() {
      const add = element("button", { type: "button", class: "ct-button", onclick: () => {
        this.items.push({ name: "", title: "", when: null });
        this.changed();
        this.draw();
        this.place.querySelector(".ct-exception:last-of-type input").focus();
      } }, "Add an exception");
      this.pickers = [];
      const boxes = this.items.map((item, index) => this.exception(item, "exceptions[" + index + "].when"));
      this.place.replaceChildren(...boxes, element("div", { class: "ct-cluster" }, add));
    }

    mark(problems) {
      this.pickers.forEach((picker) => picker.mark(problems));
    }

    exception(item, path) {
      const title = element("input", { class: "ct-input", type: "text", "aria-label": "Name of the exception", maxlength: 200,
        placeholder: "What it is for: a written permission", oninput: (event) => { item.title = event.target.value; this.changed(); } });
      title.value = item.title;
      const remove = element("button", { type: "button", class: "ct-button ct-remove", "aria-label": "Remove this exception",
        title: "Remove this exception", onclick: () => {
          this.items.splice(this.items.indexOf(item), 1);
          this.changed();
          this.draw();
        } }, "×");
      const area = element("textarea", {});
      area.value = item.when ? JSON.stringify(item.when) : "";
      area.addEventListener("input", (event) => {
        event.stopPropagation();
        item.when = parsed(area.value);
        this.changed();
      });
      const box = element("fieldset", { class: "ct-exception" }, element("div", { class: "ct-group-head" }, title, remove), area);
      this.pickers.push(new Picker(area, this.words, path));
      return box;
    }
  }

  function showErrors(form, answer) {
    form.querySelectorAll("[data-errors]").forEach(function (place) {
      const found = answer.errors[place.dataset.errors] || [];
      place.replaceChildren(...found.map((text) => element("p", { class: "ct-wrong" }, text)));
    });
  }

  function wire(form) {
    const words = JSON.parse(document.getElementById("vocabulary").textContent);
    const effect = form.querySelector("[name=effect]");
    const duty = form.querySelector("[data-duty]");
    const said = form.querySelector("[data-sentence]");
    let waiting = null;
    let turn = 0;

    function showDuty() { duty.hidden = effect.value !== "duty"; }

    async function ask() {
      const mine = ++turn;
      const response = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (!response.ok || mine !== turn) return;
      const answer = await response.json();
      said.textContent = answer.sentence;
      if (!form.dataset.tried) return;
      showErrors(form, answer);
      parts.forEach((part) => part.mark(answer.places));
    }

    const parts = [
      ...[...form.querySelectorAll("[data-picker] textarea")].map((area) => new Picker(area, words, area.name)),
      ...[...form.querySelectorAll("[data-exceptions] textarea")].map((area) => new Exceptions(area, words)),
    ];
    if (form.querySelector(".ct-wrong")) {
      form.dataset.tried = "yes";
      ask();
    }
    form.addEventListener("input", function () {
      clearTimeout(waiting);
      waiting = setTimeout(ask, 250);
    });
    effect.addEventListener("change", showDuty);
    showDuty();
  }

  document.querySelectorAll("[data-rule-editor]").forEach(wire);
})();
