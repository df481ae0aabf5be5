/* Draws the graph with Cytoscape.js. The places of nodes come from the server; the table below the picture says the same. */
(function () {
  "use strict";

  const SMALLEST_READABLE = 0.6;
  const WIDTH = 178, HEIGHT = 44;
  const OUTCOMES = { prohibited: "prohibited", needs_facts: "needs-facts", permitted_with_duties: "permitted-with-duties",
    permitted: "permitted", not_addressed: "not-addressed" };

  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }

  function firstLine(node) {
    const parts = [node.holds ? "Group" : node.kind_words];
    if (node.standing_words) parts.push(node.standing_words);
    else if (node.outcome_words) parts.push(node.outcome_words);
    return parts.join(" · ");
  }

  function cut(text) { return text.length > 27 ? text.slice(0, 15) + "…" + text.slice(-11) : text; }

  function elements(data) {
    const nodes = data.nodes.map(function (node) {
      return { group: "nodes", position: { x: node.x, y: node.y },
        data: Object.assign({}, node, { text: firstLine(node) + "\n" + cut(node.label) }),
        classes: [node.kind, node.outcome || "", node.standing ? "at-" + node.standing : "", node.holds ? "holds" : "",
          node.marked ? "marked" : ""].join(" ") };
    });
    const edges = data.edges.map(function (edge, at) {
      return { group: "edges", data: { id: "e" + at, source: edge.source, target: edge.target, kind: edge.kind,
        width: edge.rows ? 1 + Math.min(6, Math.log10(edge.rows + 1) * 1.3) : 1.2 },
        classes: (edge.carries ? "" : "still ") + (edge.by_name ? "named" : "") };
    });
    return nodes.concat(edges);
  }

  function rules() {
    const found = [
      { selector: "node", style: { shape: "round-rectangle", width: WIDTH, height: HEIGHT, "background-color": colour("raised"),
        "border-width": 1, "border-color": colour("line-strong"), label: "data(text)", color: colour("ink"),
        "text-valign": "center", "text-halign": "center", "text-wrap": "wrap", "text-max-width": WIDTH + 60, "font-size": 12.5,
        "line-height": 1.35, "font-family": "Inter, sans-serif" } },
      { selector: "node.calls", style: { shape: "rectangle" } },
      { selector: "node.run", style: { shape: "cut-rectangle" } },
      { selector: "node.student", style: { shape: "barrel" } },
      { selector: "node.provider", style: { shape: "round-hexagon" } },
      { selector: "node.holds", style: { "border-style": "double", "border-width": 4 } },
      { selector: "edge", style: { width: "data(width)", "curve-style": "bezier", "line-color": colour("line-strong"),
        "target-arrow-color": colour("line-strong"), "target-arrow-shape": "triangle", "arrow-scale": 0.9,
        "line-opacity": 0.75 } },
      { selector: "edge.still", style: { "line-style": "dotted" } },
      { selector: "edge.named", style: { "line-style": "dashed" } }
    ];
    Object.keys(OUTCOMES).forEach(function (key) {
      found.push({ selector: "node." + key, style: { "border-color": colour(OUTCOMES[key]), "border-width": 2,
        "background-color": colour(OUTCOMES[key] + "-tint") } });
    });
    return found.concat([
      { selector: "node.at-to_judge", style: { "border-style": "dashed" } },
      { selector: "node.at-stopped", style: { "border-style": "dotted", "background-color": colour("sunken") } },
      { selector: "node.marked", style: { "border-width": 4, "border-color": colour("link") } },
      { selector: ".apart", style: { opacity: 0.25 } },
      { selector: "node:selected", style: { "border-width": 4, "border-color": colour("focus") } },
      { selector: "edge.near", style: { "line-color": colour("ink"), "target-arrow-color": colour("ink"), "line-opacity": 1 } }
    ]);
  }

  function look(cy) {
    cy.fit(undefined, 24);
    if (cy.zoom() > 1) cy.zoom(1), cy.center();
    if (cy.zoom() >= SMALLEST_READABLE) return;
    cy.zoom(SMALLEST_READABLE);
    const first = cy.nodes(".marked").nonempty() ? cy.nodes(".marked")[0] : leftmost(cy);
    cy.center(first);
    if (first.renderedPosition("x") > WIDTH / 2) cy.panBy({ x: WIDTH * SMALLEST_READABLE / 2 + 16 - first.renderedPosition("x"), y: 0 });
  }

  function leftmost(cy) {
    const middle = cy.nodes().boundingBox();
    const y = (middle.y1 + middle.y2) / 2;
    return cy.nodes().sort(function (a, b) {
      return (a.position("x") - b.position("x")) || Math.abs(a.position("y") - y) - Math.abs(b.position("y") - y);
    })[0];
  }

  function say(text) { document.getElementById("graph-said").textContent = text; }

  function choose(cy, node) {
    cy.elements().unselect();
    node.select();
    cy.elements().addClass("apart").removeClass("near");
    const near = node.predecessors().union(node.successors()).union(node);
    near.removeClass("apart");
    node.connectedEdges().addClass("near");
    keepInSight(cy);
    const data = node.data();
    say(firstLine(data) + ": " + data.label + ". " + node.incomers("node").length + " before it, " + node.outgoers("node").length + " after it.");
  }

  function keepInSight(cy) {
    const node = cy.nodes(":selected")[0];
    if (!node) return;
    const seen = cy.extent(), box = node.boundingBox();
    if (box.x1 < seen.x1 || box.x2 > seen.x2 || box.y1 < seen.y1 || box.y2 > seen.y2) cy.center(node);
  }

  function clear(cy) { cy.elements().unselect().removeClass("apart near"); }

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

  function nextTo(cy, node, key) {
    if (key === "ArrowRight") return nearest(node, node.outgoers("node"));
    if (key === "ArrowLeft") return nearest(node, node.incomers("node"));
    const up = key === "ArrowUp", at = node.position();
    const column = cy.nodes().filter(function (other) {
      const there = other.position();
      return Math.abs(there.x - at.x) < 5 && (up ? there.y < at.y : there.y > at.y);
    });
    return nearest(node, column);
  }

  function nearest(node, others) {
    const y = node.position("y");
    return others.sort(function (a, b) { return Math.abs(a.position("y") - y) - Math.abs(b.position("y") - y); })[0];
  }

  function wireKeys(cy, box) {
    box.addEventListener("keydown", function (event) {
      const chosen = cy.nodes(":selected")[0];
      if (event.key.startsWith("Arrow")) {
        const next = chosen ? nextTo(cy, chosen, event.key) : leftmost(cy);
        if (next) choose(cy, next);
      } else if (event.key === "Enter" && chosen) {
        if (chosen.data("holds")) openGroup(chosen.id());
        else show(box, chosen.id()).then(function () { focusOn(document.getElementById("graph-panel")); });
      } else if (event.key === "+" || event.key === "=") zoom(cy, 1.25);
      else if (event.key === "-") zoom(cy, 0.8);
      else if (event.key === "0") cy.fit(undefined, 24);
      else if (event.key === "Escape") clear(cy);
      else return;
      event.preventDefault();
    });
  }

  function zoom(cy, times) {
    cy.zoom({ level: cy.zoom() * times, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  }

  function wireTools(cy) {
    document.querySelectorAll("[data-zoom]").forEach(function (button) {
      button.addEventListener("click", function () {
        if (button.dataset.zoom === "fit") cy.fit(undefined, 24);
        else zoom(cy, button.dataset.zoom === "in" ? 1.25 : 0.8);
      });
    });
  }

  /* The wheel scrolls the page until somebody works in the picture. */
  function wireWheel(cy, box) {
    cy.userZoomingEnabled(matchMedia("(pointer: coarse)").matches);
    box.addEventListener("focusin", function () { cy.userZoomingEnabled(true); });
    box.addEventListener("focusout", function () { cy.userZoomingEnabled(false); });
    box.addEventListener("pointerdown", function () { box.focus({ preventScroll: true }); });
  }

  function draw(box, data) {
    const cy = window.cytoscape({ container: box, elements: elements(data), style: rules(), layout: { name: "preset" },
      minZoom: 0.08, maxZoom: 2.5, autoungrabify: true, boxSelectionEnabled: false, selectionType: "single",
      hideEdgesOnViewport: data.edges.length > 1500, textureOnViewport: data.nodes.length > 800 });
    look(cy);
    cy.on("tap", "node", function (event) {
      if (event.target.data("holds")) return openGroup(event.target.id());
      choose(cy, event.target);
      show(box, event.target.id());
    });
    cy.on("tap", function (event) { if (event.target === cy) clear(cy); });
    wireKeys(cy, box);
    wireTools(cy);
    wireWheel(cy, box);
    new ResizeObserver(function () { cy.resize(); keepInSight(cy); }).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { cy.style(rules()); });
    document.getElementById("graph-wait").hidden = true;
    box.dataset.drawn = String(data.nodes.length);
  }

  function begin() {
    const box = document.getElementById("graph");
    if (!box || !window.cytoscape) return;
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
