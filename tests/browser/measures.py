"""What is measured on a page that is open: axe-core's rules, and whether anything sticks out, is cut or lies upon another."""

from importlib.resources import files
from typing import Any, Final

from playwright.sync_api import Page

AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The only rules whose answer depends on the theme.
OF_COLOUR: Final = ["color-contrast", "link-in-text-block"]

_RUN = """async (options) => {
  const found = await axe.run(document, {...options, resultTypes: ["violations"], elementRef: false});
  return found.violations.map((rule) => ({
    id: rule.id, help: rule.help,
    at: rule.nodes.map((node) => node.target.join(" ") + "  " + (node.any.concat(node.all, node.none)[0] || {}).message),
  }));
}"""

_LAYOUT = """() => {
  const told = [], root = document.documentElement, wide = root.clientWidth;
  const named = (one) => one.tagName.toLowerCase() + (one.id ? "#" + one.id : "")
    + (one.getAttribute("class") ? "." + one.getAttribute("class").trim().split(/\\s+/).join(".") : "")
    + " “" + (one.innerText || one.value || "").trim().slice(0, 40) + "”";
  const seen = (one) => one.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const inside = (one, test) => { for (let up = one.parentElement; up; up = up.parentElement) if (test(up)) return up; };
  const style = (one) => getComputedStyle(one);
  const scrolls = (one) => ["auto", "scroll", "hidden", "clip"].includes(style(one).overflowX)
    && one !== root && one !== document.body;
  const hidden = (one) => one.closest(".visually-hidden, .skip, [hidden]") || style(one).clipPath !== "none"
    || inside(one, (up) => style(up).clipPath !== "none");
  if (root.scrollWidth > wide) told.push("the page is " + (root.scrollWidth - wide) + " px wider than its window");
  const all = [...document.body.querySelectorAll("*")].filter((one) => !one.closest("svg") || one.tagName === "svg");
  for (const one of all) {
    if (one.closest("[role=application]")) continue;  // a picture that is moved about in its frame
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || !seen(one) || hidden(one)) continue;
    if ((box.right > wide + 1 || box.left < -1) && !inside(one, scrolls)) told.push("sticks out: " + named(one));
    const css = style(one);
    if (["hidden", "clip"].includes(css.overflowX) && css.textOverflow !== "ellipsis" && one.scrollWidth > one.clientWidth + 1
        && one.innerText && !["PROGRESS", "SELECT"].includes(one.tagName)) told.push("cut at its side: " + named(one));
    if (["hidden", "clip"].includes(css.overflowY) && css.webkitLineClamp === "none" && one.scrollHeight > one.clientHeight + 3
        && one.innerText && one.tagName !== "SELECT") told.push("cut below: " + named(one));
  }
  const controls = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
    .filter((one) => seen(one) && !hidden(one)).map((one) => [one, [...one.getClientRects()]]);
  const fixed = (one) => inside(one, (up) => ["fixed", "sticky", "absolute"].includes(style(up).position));
  for (let i = 0; i < controls.length; i++) for (let j = i + 1; j < controls.length; j++) {
    const [one, ones] = controls[i], [two, twos] = controls[j];
    if (one.contains(two) || two.contains(one) || fixed(one) !== fixed(two)) continue;
    for (const a of ones) for (const b of twos) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 3 && down > 3 && across * down > 0.15 * Math.min(a.width * a.height, b.width * b.height))
        told.push("lie upon each other: " + named(one) + " and " + named(two));
    }
  }
  return [...new Set(told)].slice(0, 6);
}"""


def accessibility(page: Page, rules: list[str] | None = None) -> list[str]:
    """Violations of WCAG 2.2 AA and of best practice on the page, or of some rules alone; axe must be in the page already."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    found: list[dict[str, Any]] = page.evaluate(
        _RUN, {"runOnly": only, "iframes": False}
    )  # a sandboxed frame answers nobody
    return [f"{rule['id']} ({rule['help']}): {place}" for rule in found for place in rule["at"][:4]]


def layout(page: Page) -> list[str]:
    """What sticks out of the window, is cut off, or lies upon another control, as the page is now. In words."""
    told: list[str] = page.evaluate(_LAYOUT)
    return told
