/* Builds conditions from pickers: a tree of groups (all, any, none, not all) and tests (fact, operator, value). It keeps the tree
   as JSON in a text area, which the server reads; without a script that text area is what one writes in. */
(function () {
  "use strict";

  const MODES = [["all", "all of these hold"], ["any", "any of these holds"], ["none", "none of these holds"],
    ["notall", "not all of these hold"]];
  const LISTS = new Set(["in"]);
  const LISTABLE = new Set(["in", "derived_from", "starts_with"]);

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    Object.entries(attributes || {}).forEach(function ([name, value]) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
    });
    made.append(...children);
    return made;
  }

  function options(pairs, chosen, blank) {
    const all = blank ? [["", blank], ...pairs] : pairs;
    return all.map(([value, name]) => element("option", { value: value, selected: value === chosen }, name));
  }

  function select(pairs, chosen, label, change, blank) {
    return element("select", { class: "ct-input", "aria-label": label, onchange: change }, ...options(pairs, chosen, blank));
  }

  /* Trees as the engine writes them, to the picker's own shape and back. */
  function read(tree) {
    if (!tree) return { mode: "all", parts: [] };
    const inner = tree.not;
    if (inner && inner.any) return { mode: "none", parts: inner.any.map(readPart) };
    if (inner && inner.all) return { mode: "notall", parts: inner.all.map(readPart) };
    if (tree.all) return { mode: "all", parts: tree.all.map(readPart) };
    if (tree.any) return { mode: "any", parts: tree.any.map(readPart) };
    return { mode: "all", parts: [readPart(tree)] };
  }

  function readPart(tree) {
    if (tree.not && "fact" in tree.not) return { ...tree.not, holds: false };
    if (tree.not && tree.not.not) return readPart(tree.not.not);
    return "fact" in tree ? { ...tree, holds: true } : read(tree);
  }

  /* Each test remembers its place in the tree ("when.all[1]"), by which the server names what is wrong with it. */
  function write(group, path) {
    const kept = group.parts.filter(holdsTests);
    if (!kept.length) return null;
    const denies = group.mode === "none" || group.mode === "notall";
    const key = { none: "any", notall: "all" }[group.mode] || group.mode;
    const base = denies ? path + ".not" : path;
    if (kept.length === 1 && !denies) return writePart(kept[0], base);
    const tree = { [key]: kept.map((part, index) => writePart(part, base + "." + key + "[" + index + "]")) };
    return denies ? { not: tree } : tree;
  }

  function holdsTests(part) {
    return !part.parts || part.parts.some(holdsTests);
  }

  function writePart(part, path) {
    if (part.parts) return write(part, path);
    part.path = part.holds === false ? path + ".not" : path;
    const test = { fact: part.fact || "", op: part.op || "", value: part.value === undefined ? null : part.value };
    return part.holds === false ? { not: test } : test;
  }

  class Picker {
    constructor(area, words, path) {
      this.area = area;
      this.words = words;
      this.path = path;
      this.problems = [];
      this.facts = new Map(words.groups.flatMap((group) => group.facts.map((fact) => [fact.path, fact])));
      this.root = read(parsed(area.value));
      this.place = element("div", { class: "ct-picker" });
      area.hidden = true;
      area.after(this.place);
      write(this.root, path);
      this.draw();
    }

    changed(redraw) {
      const tree = write(this.root, this.path);
      this.area.value = tree ? JSON.stringify(tree) : "";
      this.area.dispatchEvent(new Event("input", { bubbles: true }));
      if (redraw) this.draw();
    }

    /* Drawn anew, with the keyboard's focus where it was. */
    draw() {
      const controls = () => [...this.place.querySelectorAll("select, input, textarea, button")];
      const index = controls().indexOf(document.activeElement);
      this.place.replaceChildren(this.group(this.root, null));
      if (index >= 0) controls()[Math.min(index, controls().length - 1)].focus();
    }

    /* Shows what the server found wrong beside the test that it concerns. */
    mark(problems) {
      this.problems = problems;
      this.place.querySelectorAll(".ct-test").forEach((row) => this.markRow(row, row.test));
    }

    markRow(row, part) {
      row.querySelectorAll(".ct-wrong").forEach((old) => old.remove());
      this.problems.filter((found) => found.path === part.path || found.path.startsWith(part.path + ".")).forEach((found) => {
        row.append(element("p", { class: "ct-wrong" }, found.message));
      });
    }

    group(group, parent) {
      const parts = group.parts.map((part) => (part.parts ? this.group(part, group) : this.test(part, group)));
      const many = group.parts.length > 1 || parent || group.mode === "none" || group.mode === "notall";
      const mode = select(MODES, group.mode, "How the conditions combine", (event) => {
        group.mode = event.target.value;
        this.changed(true);
      });
      const head = element("div", { class: "ct-group-head", hidden: !many }, mode,
        parent ? this.remover(group, parent, "Remove this group") : "");
      const empty = group.parts.length ? "" : element("p", { class: "ct-soft" }, "No condition.");
      return element("fieldset", { class: parent ? "ct-group ct-inner" : "ct-group" }, head, empty, ...parts, this.adders(group));
    }

    adders(group) {
      const add = (part) => {
        group.parts.push(part);
        this.changed(true);
        [...this.place.querySelectorAll(".ct-fact")].filter((fact) => !fact.value).pop().focus();
      };
      return element("div", { class: "ct-cluster" },
        element("button", { type: "button", class: "ct-button", onclick: () => add({ fact: "", op: "", value: null, holds: true }) },
          "Add a condition"),
        element("button", { type: "button", class: "ct-button", onclick: () => add({ mode: "any",
          parts: [{ fact: "", op: "", value: null, holds: true }] }) }, "Add a group"));
    }

    remover(part, parent, label) {
      const remove = () => { parent.parts.splice(parent.parts.indexOf(part), 1); this.changed(true); };
      return element("button", { type: "button", class: "ct-button ct-remove", "aria-label": label, title: label, onclick: remove }, "×");
    }

    test(part, parent) {
      const fact = this.facts.get(part.fact);
      const about = element("select", { class: "ct-input ct-fact", "aria-label": "What the condition asks about",
        onchange: (event) => this.about(part, event.target.value) }, element("option", { value: "" }, "Choose a fact"),
        ...this.words.groups.map((group) => element("optgroup", { label: group.label },
          ...options(group.facts.map((item) => [item.path, sentence(item.label)]), part.fact))));
      const question = fact ? element("span", { class: "ct-help" }, fact.question) : "";
      const row = element("div", { class: "ct-test" }, about, ...(fact ? [this.operator(part, fact), this.value(part, fact)] : []),
        this.remover(part, parent, "Remove this condition"), question);
      row.test = part;
      this.markRow(row, part);
      return row;
    }

    about(part, path) {
      const fact = this.facts.get(path);
      Object.assign(part, { fact: path, op: fact ? fact.operators[0][0] : "", value: null, holds: true });
      if (fact && fact.kind === "bool") part.value = true;
      if (fact && fact.kind === "authorisation") part.value = "*";
      this.changed(true);
    }

    operator(part, fact) {
      if (fact.kind === "bool") return "";
      const pairs = fact.operators.flatMap(([op, words]) => [[op, words], ["!" + op, denied(words)]]);
      return select(pairs, (part.holds === false ? "!" : "") + part.op, "How", (event) => {
        const op = event.target.value.replace("!", "");
        part.holds = !event.target.value.startsWith("!");
        if (LISTS.has(op) && !Array.isArray(part.value)) part.value = part.value ? [part.value] : [];
        if (!LISTABLE.has(op) && Array.isArray(part.value)) part.value = part.value[0] || null;
        part.op = op;
        this.changed(true);
      });
    }

    value(part, fact) {
      const set = (value, redraw) => { part.value = value; this.changed(redraw); };
      if (fact.kind === "bool") return this.yesNo(part, fact);
      if (part.op === "grants") return select(this.words.activities, part.value, "Which activity", (event) => set(event.target.value));
      if (part.op === "within") return select(this.words.regions, part.value, "Area", (event) => set(event.target.value), "Choose an area");
      const pairs = part.op === "derived_from" ? this.words.families : fact.kind === "slug" ? this.words.providers : fact.choices;
      if (pairs.length) return LISTABLE.has(part.op) ? this.several(part, pairs, set)
        : select(pairs, part.value, "Value", (event) => set(event.target.value), "Choose");
      if (LISTABLE.has(part.op)) return this.lines(part, set);
      return this.single(part, fact, set);
    }

    yesNo(part, fact) {
      const now = (part.value === true) === (part.holds !== false) ? "yes" : "no";
      return select([["yes", sentence(fact.yes)], ["no", sentence(fact.no)]], now, "Yes or no", (event) => {
        part.value = event.target.value === "yes";
        part.holds = true;
        this.changed();
      });
    }

    several(part, pairs, set) {
      const chosen = [part.value].flat().filter(Boolean);
      if (pairs.length <= 8) return this.boxes(pairs, chosen, set);
      const known = new Map(pairs);
      const drop = (value) => set(chosen.filter((item) => item !== value), true);
      const chips = chosen.map((value) => element("button", { type: "button", class: "ct-chip", "aria-label": "Remove " + value,
        onclick: () => drop(value) }, known.get(value) || value, " ×"));
      const more = select(pairs.filter(([value]) => !chosen.includes(value)), "", "Add one", (event) => {
        if (event.target.value) set([...chosen, event.target.value], true);
      }, chosen.length ? "or …" : "Choose");
      return element("div", { class: "ct-cluster ct-value" }, ...chips, more);
    }

    boxes(pairs, chosen, set) {
      const place = element("div", { class: "ct-cluster ct-value" });
      const collect = () => set([...place.querySelectorAll("input:checked")].map((box) => box.value));
      place.append(...pairs.map(([value, name]) => element("label", { class: "ct-tick" },
        element("input", { type: "checkbox", class: "ct-check", value: value, checked: chosen.includes(value), onchange: collect }), name)));
      return place;
    }

    lines(part, set) {
      const text = [part.value].flat().filter(Boolean).join("\n");
      const area = element("textarea", { class: "ct-input", rows: 2, "aria-label": "Values, one to a line",
        oninput: (event) => set(event.target.value.split("\n").map((line) => line.trim()).filter(Boolean)) });
      area.value = text;
      return element("div", { class: "ct-value" }, area, element("span", { class: "ct-help" }, "One to a line"));
    }

    single(part, fact, set) {
      const number = fact.kind === "count" || fact.kind === "amount";
      const input = element("input", { class: "ct-input", "aria-label": "Value", min: number ? 0 : null,
        type: number ? "number" : fact.kind === "date" ? "date" : "text", step: fact.kind === "amount" ? "any" : null,
        placeholder: fact.kind === "region" ? "Two letters: DE" : null,
        oninput: (event) => set(number && event.target.value !== "" ? Number(event.target.value) : event.target.value) });
      input.value = part.value === null || part.value === undefined ? "" : part.value;
      return input;
    }
  }

  function denied(words) {
    const verbs = { is: "is not", covers: "does not cover", lies: "does not lie", begins: "does not begin" };
    const [verb, ...rest] = words.split(" ");
    return [verbs[verb] || "not " + verb, ...rest].join(" ");
  }

  function sentence(words) {
    return words.charAt(0).toUpperCase() + words.slice(1);
  }

  function parsed(text) {
    try { return text.trim() ? JSON.parse(text) : null; } catch (error) { return null; }
  }

  window.clausetrail = { Picker: Picker, element: element, parsed: parsed };
})();
