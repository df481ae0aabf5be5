/* Draws the graph as SVG. The places of nodes come from the server; the table below the picture says the same. */
(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const SMALLEST_READABLE = 0.85, SMALLEST = 0.08, LARGEST = 2.5;
  const WIDTH = 156, HEIGHT = 54, EDGE = 16, LINE = 22;

  function firstLine(node) {
    return node.mark ? node.kind_words + " · " + node.mark : node.kind_words;
  }

  /* A label in one line or two, broken where it allows; of what is longer, the beginning and the end are told. */
  function labelLines(node) {
    const text = node.holds ? node.group || "Everywhere" : node.label;
    if (text.length <= LINE) return [text];
    const breaks = text.slice(0, LINE).search(/[\s/_.,-][^\s/_.,-]*$/), at = breaks < LINE / 3 ? LINE : breaks + 1;
    const rest = text.slice(at).trim();
    return [text.slice(0, at).trim(), rest.length > LINE ? rest.slice(0, 9) + "…" + rest.slice(10 - LINE) : rest];
  }

  function made(parent, name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    if (text) element.textContent = text;
    return parent.appendChild(element);
  }

  /* One picture: its nodes by id with their lines, and what part of it is seen (x and y of the origin, and the size). */
  function Picture(box, data) {
    this.box = box;
    this.further = document.getElementById("graph-further");
    this.svg = made(box, "svg", { width: "100%", height: "100%", "aria-hidden": "true" });
    const marker = made(made(this.svg, "defs", {}), "marker", { id: "graph-tip", viewBox: "0 0 8 8", refX: 8, refY: 4,
      markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" });
    made(marker, "path", { d: "M0 0 8 4 0 8z" });
    this.all = made(this.svg, "g", {});
    this.nodes = new Map();
    this.edges = [];
    data.nodes.forEach(function (node) { this.nodes.set(node.id, { data: node, before: [], after: [] }); }, this);
    data.edges.forEach(this.addEdge, this);
    this.nodes.forEach(this.addNode, this);
    this.seen = { x: 0, y: 0, size: 1 };
    this.chosen = null;
  }

  Picture.prototype.addEdge = function (edge) {
    const from = this.nodes.get(edge.source), to = this.nodes.get(edge.target);
    if (!from || !to) return;
    const x = from.data.x + WIDTH / 2, end = to.data.x - WIDTH / 2, bend = Math.max(30, Math.abs(end - x) / 2);
    const path = made(this.all, "path", {
      d: "M" + x + " " + from.data.y + "C" + (x + bend) + " " + from.data.y + " " + (end - bend) + " " + to.data.y + " " + end + " " + to.data.y,
      "stroke-width": edge.rows ? 1 + Math.min(6, Math.log10(edge.rows + 1) * 1.3) : 1.2, "marker-end": "url(#graph-tip)",
      class: "graph-edge" + (edge.carries ? "" : " still") + (edge.by_name ? " named" : "") });
    this.edges.push({ path: path, from: from, to: to });
    from.after.push(to);
    to.before.push(from);
  };

  Picture.prototype.addNode = function (node) {
    const data = node.data;
    node.shape = made(this.all, "g", { class: ["graph-node", data.kind, data.outcome || "",
      data.standing ? "at-" + data.standing : "", data.holds ? "holds" : "", data.marked ? "marked" : ""].join(" "),
      transform: "translate(" + data.x + " " + data.y + ")" });
    made(node.shape, "title", {}, data.label);
    made(node.shape, "rect", { x: -WIDTH / 2, y: -HEIGHT / 2, width: WIDTH, height: HEIGHT, rx: data.kind === "calls" ? 0 : 8 });
    const lines = labelLines(data), top = lines.length > 1 ? -12 : -5;
    made(node.shape, "text", { y: top, class: "kind" }, firstLine(data));
    lines.forEach(function (line, at) { made(node.shape, "text", { y: top + 17 + 15 * at }, line); });
    node.shape.graphNode = node;
  };

  Picture.prototype.place = function () {
    const seen = this.seen;
    this.all.setAttribute("transform", "translate(" + seen.x + " " + seen.y + ") scale(" + seen.size + ")");
    this.sayWhatIsCut();
  };

  /* How many nodes lie outside of what is seen, and where: nobody should take a part for the whole. */
  Picture.prototype.sayWhatIsCut = function () {
    const seen = this.seen, box = this.box, w = WIDTH / 2 * seen.size, h = HEIGHT / 2 * seen.size;
    const cut = { "to the left": 0, "to the right": 0, above: 0, below: 0 };
    this.nodes.forEach(function (node) {
      const x = node.data.x * seen.size + seen.x, y = node.data.y * seen.size + seen.y;
      if (x < w - 1) cut["to the left"] += 1;
      else if (x > box.clientWidth - w + 1) cut["to the right"] += 1;
      else if (y < h - 1) cut.above += 1;
      else if (y > box.clientHeight - h + 1) cut.below += 1;
    });
    const told = Object.keys(cut).filter(function (way) { return cut[way]; }).map(function (way) { return cut[way] + " " + way; });
    this.further.hidden = !told.length;
    this.further.textContent = "More of it: " + told.join(", ") + ". Drag the picture to see it.";
  };

  Picture.prototype.centre = function (x, y) {
    this.seen.x = this.box.clientWidth / 2 - x * this.seen.size;
    this.seen.y = this.box.clientHeight / 2 - y * this.seen.size;
    this.place();
  };

  Picture.prototype.bounds = function () {
    const xs = [], ys = [];
    this.nodes.forEach(function (node) { xs.push(node.data.x); ys.push(node.data.y); });
    const least = function (list) { return list.reduce(function (a, b) { return Math.min(a, b); }, Infinity); };
    const most = function (list) { return list.reduce(function (a, b) { return Math.max(a, b); }, -Infinity); };
    return { left: least(xs) - WIDTH / 2, right: most(xs) + WIDTH / 2, top: least(ys) - HEIGHT / 2, bottom: most(ys) + HEIGHT / 2 };
  };

  Picture.prototype.fit = function () {
    if (!this.nodes.size) return;
    const whole = this.bounds();
    const size = Math.min((this.box.clientWidth - 2 * EDGE) / (whole.right - whole.left),
      (this.box.clientHeight - 2 * EDGE) / (whole.bottom - whole.top), 1);
    this.seen.size = Math.max(SMALLEST, size);
    this.centre((whole.left + whole.right) / 2, (whole.top + whole.bottom) / 2);
  };

  /* The whole picture when it can be read so; else its whole width; else its beginning. What was searched for comes first. */
  Picture.prototype.look = function () {
    this.fit();
    if (this.seen.size >= SMALLEST_READABLE || !this.nodes.size) return;
    const whole = this.bounds(), wide = (this.box.clientWidth - 2 * EDGE) / (whole.right - whole.left);
    const first = Array.from(this.nodes.values()).find(function (node) { return node.data.marked; }) || this.leftmost();
    this.seen.size = Math.max(SMALLEST_READABLE, Math.min(1, wide));
    this.centre(wide >= SMALLEST_READABLE ? (whole.left + whole.right) / 2 : first.data.x, first.data.y);
    if (wide >= SMALLEST_READABLE || first.data.marked) return;
    this.seen.x = EDGE - whole.left * this.seen.size;
    this.place();
  };

  Picture.prototype.zoom = function (times, x, y) {
    const size = Math.min(LARGEST, Math.max(SMALLEST, this.seen.size * times)), real = size / this.seen.size;
    const atX = x === undefined ? this.box.clientWidth / 2 : x, atY = y === undefined ? this.box.clientHeight / 2 : y;
    this.seen = { size: size, x: atX - (atX - this.seen.x) * real, y: atY - (atY - this.seen.y) * real };
    this.place();
  };

  Picture.prototype.leftmost = function () {
    const whole = this.bounds(), y = (whole.top + whole.bottom) / 2;
    return Array.from(this.nodes.values()).sort(function (a, b) {
      return (a.data.x - b.data.x) || Math.abs(a.data.y - y) - Math.abs(b.data.y - y);
    })[0];
  };

  function reached(node, way, found) {
    const waiting = [node];
    while (waiting.length) {
      waiting.pop()[way].forEach(function (next) { if (!found.has(next)) { found.add(next); waiting.push(next); } });
    }
    return found;
  }

  function say(text) { document.getElementById("graph-said").textContent = text; }

  Picture.prototype.choose = function (node) {
    const near = new Set([node].concat(Array.from(reached(node, "before", new Set())), Array.from(reached(node, "after", new Set()))));
    this.chosen = node;
    this.nodes.forEach(function (other) {
      other.shape.classList.toggle("apart", !near.has(other));
      other.shape.classList.toggle("chosen", other === node);
    });
    this.edges.forEach(function (edge) {
      edge.path.classList.toggle("apart", !(near.has(edge.from) && near.has(edge.to)));
      edge.path.classList.toggle("near", edge.from === node || edge.to === node);
    });
    this.keepInSight();
    const before = new Set(node.before).size, after = new Set(node.after).size;
    say(firstLine(node.data) + ": " + node.data.label + ". " + before + " before it, " + after + " after it.");
  };

  /* While nothing is chosen, the lines on the way to and from what the pointer rests on stand out. */
  Picture.prototype.hover = function (node) {
    if (this.chosen || this.hovered === node) return;
    this.hovered = node;
    const near = node && new Set([node].concat(Array.from(reached(node, "before", new Set())), Array.from(reached(node, "after", new Set()))));
    this.edges.forEach(function (edge) { edge.path.classList.toggle("near", Boolean(near) && near.has(edge.from) && near.has(edge.to)); });
  };

  Picture.prototype.clear = function () {
    this.chosen = this.hovered = null;
    this.all.querySelectorAll(".apart, .near, .chosen").forEach(function (one) { one.classList.remove("apart", "near", "chosen"); });
  };

  Picture.prototype.keepInSight = function () {
    if (!this.chosen) return;
    const at = this.chosen.data, seen = this.seen, w = WIDTH / 2 * seen.size, h = HEIGHT / 2 * seen.size;
    const x = at.x * seen.size + seen.x, y = at.y * seen.size + seen.y;
    if (x < w || y < h || x > this.box.clientWidth - w || y > this.box.clientHeight - h) this.centre(at.x, at.y);
  };

  function openGroup(id) {
    const query = new URLSearchParams(location.search);
    const opened = (query.get("open") || "").split("|").filter(Boolean);
    query.set("open", opened.concat([id]).join("|"));
    location.search = query.toString();
  }

  function show(box, id) {
    const panel = document.getElementById("graph-panel");
    panel.hidden = false;
    const address = box.dataset.node + "&id=" + encodeURIComponent(id);
    return fetch(address, { headers: { Accept: "text/html" } }).then(function (answer) {
      return answer.ok ? answer.text() : Promise.reject(new Error(answer.status));
    }).then(function (html) { panel.innerHTML = html; panel.scrollTop = 0; }).catch(function () {
      panel.textContent = "This node could not be read. Load the page again.";
    });
  }

  function focusOn(panel) {
    panel.focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest" });
  }

  function nextTo(picture, node, key) {
    if (key === "ArrowRight") return nearest(node, node.after);
    if (key === "ArrowLeft") return nearest(node, node.before);
    const up = key === "ArrowUp", at = node.data;
    return nearest(node, Array.from(picture.nodes.values()).filter(function (other) {
      return Math.abs(other.data.x - at.x) < 5 && (up ? other.data.y < at.y : other.data.y > at.y);
    }));
  }

  function nearest(node, others) {
    const y = node.data.y;
    return others.slice().sort(function (a, b) { return Math.abs(a.data.y - y) - Math.abs(b.data.y - y); })[0];
  }

  function wireKeys(picture) {
    picture.box.addEventListener("keydown", function (event) {
      const chosen = picture.chosen;
      if (event.key.startsWith("Arrow")) {
        const next = chosen ? nextTo(picture, chosen, event.key) : picture.leftmost();
        if (next) picture.choose(next);
      } else if (event.key === "Enter" && chosen) {
        if (chosen.data.holds) openGroup(chosen.data.id);
        else show(picture.box, chosen.data.id).then(function () { focusOn(document.getElementById("graph-panel")); });
      } else if (event.key === "+" || event.key === "=") picture.zoom(1.25);
      else if (event.key === "-") picture.zoom(0.8);
      else if (event.key === "0") picture.fit();
      else if (event.key === "Escape") picture.clear();
      else return;
      event.preventDefault();
    });
  }

  function wireTools(picture) {
    document.querySelectorAll("[data-zoom]").forEach(function (button) {
      button.addEventListener("click", function () {
        if (button.dataset.zoom === "fit") picture.fit();
        else picture.zoom(button.dataset.zoom === "in" ? 1.25 : 0.8);
      });
    });
  }

  /* Dragging moves the picture, a press without a drag chooses. The wheel scrolls the page until somebody works in the picture. */
  function wirePointer(picture) {
    const box = picture.box;
    let held = null;
    box.addEventListener("pointerdown", function (event) {
      box.focus({ preventScroll: true });
      held = { x: event.clientX, y: event.clientY, moved: false, node: event.target.closest(".graph-node") };
    });
    box.addEventListener("pointermove", function (event) {
      if (!held) {
        const under = event.target.closest(".graph-node");
        return picture.hover(under ? under.graphNode : null);
      }
      const x = event.clientX - held.x, y = event.clientY - held.y;
      if (!held.moved && Math.abs(x) + Math.abs(y) < 5) return;
      if (!held.moved) box.setPointerCapture(event.pointerId);
      picture.seen.x += x; picture.seen.y += y;
      held = { x: event.clientX, y: event.clientY, moved: true };
      picture.place();
    });
    box.addEventListener("pointerup", function () {
      const press = held;
      held = null;
      if (!press || press.moved) return;
      if (!press.node) return picture.clear();
      const node = press.node.graphNode;
      if (node.data.holds) return openGroup(node.data.id);
      picture.choose(node);
      show(box, node.data.id);
    });
    box.addEventListener("pointerleave", function () { picture.hover(null); });
    box.addEventListener("pointercancel", function () { held = null; });
    box.addEventListener("wheel", function (event) {
      if (document.activeElement !== box) return;
      const at = box.getBoundingClientRect();
      picture.zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1, event.clientX - at.left, event.clientY - at.top);
      event.preventDefault();
    }, { passive: false });
  }

  function draw(box, data) {
    const picture = new Picture(box, data);
    picture.look();
    wireKeys(picture);
    wireTools(picture);
    wirePointer(picture);
    new ResizeObserver(function () { picture.keepInSight(); picture.sayWhatIsCut(); }).observe(box);
    document.getElementById("graph-wait").hidden = true;
    box.dataset.drawn = String(data.nodes.length);
  }

  function begin() {
    const box = document.getElementById("graph");
    if (!box) return;
    const wait = document.getElementById("graph-wait");
    wait.textContent = "Drawing…";
    fetch(box.dataset.source, { headers: { Accept: "application/json" } }).then(function (answer) {
      return answer.ok ? answer.json() : Promise.reject(new Error(answer.status));
    }).then(function (data) { draw(box, data); }).catch(function (error) {
      wait.textContent = "The picture could not be drawn (" + error.message + "). The table below says the same.";
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
