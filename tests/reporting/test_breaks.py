"""Where pages break: no item of a list and no row of a table stands alone at the head or the foot of one."""

import pytest
from weasyprint import HTML

from audits.reporting.pdf import TEMPLATES

ITEM = "A sentence that says something of what was recorded, and is a little longer than a line of the page is wide on paper. "
FLOWS = {
    "li": "<ul>" + "".join(f"<li>{ITEM}</li>" for _ in range(5)) + "</ul>",
    "tr": "<table><tbody>" + "".join(f"<tr><td>{ITEM}</td></tr>" for _ in range(5)) + "</tbody></table>",
}


def counts(tag: str, above: int) -> list[int]:
    """How many items or rows have a part on each page, when so many millimetres stand above them."""
    css = (TEMPLATES / "report.css").read_text("utf-8")
    html = f'<style>@page {{ size: A4 }}{css}</style><div style="height: {above}mm"></div>{FLOWS[tag]}'
    pages = HTML(string=html).render().pages
    found = [
        {box.element for box in page._page_box.descendants() if box.element_tag == tag and box.element is not None}
        for page in pages
    ]
    return [len(one) for one in found if one]


@pytest.mark.parametrize("tag", FLOWS)
def test_none_stands_alone_wherever_the_page_ends(tag: str) -> None:
    told = [counts(tag, above) for above in range(180, 250, 5)]
    assert any(len(one) == 2 for one in told), "some of these break"
    assert [one for one in told if 1 in one] == []
