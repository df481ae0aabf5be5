"""Where a report is cut, and what cutting leaves as it was."""

import pytest

from audits.reporting.paper.chapters import cut
from audits.reporting.paper.opening import opening_of

HEAD = '<html lang="en"><head><title>T</title></head><body data-title="t">'


def chapter(words: str, kind: str = "chapter") -> str:
    return f'<section class="{kind}">{words}</section>'


def test_chapters_are_gathered_in_their_order_and_nothing_is_lost() -> None:
    chapters = [chapter(f"<h1>{at}</h1>" + "<p>x</p>" * at) for at in range(1, 9)]
    made = cut(f"{HEAD}{''.join(chapters)}</body></html>", 3)
    assert "".join(piece.html for piece in made.pieces) == "".join(chapters)
    assert 2 <= len(made.pieces) <= 4
    assert all(made.whole(piece).startswith(HEAD) for piece in made.pieces)


def test_sections_inside_others_stay_with_them() -> None:
    inner = chapter(f"{chapter('<p>a</p>')}<article class='finding'><p>b</p></article>", "together")
    assert [piece.html for piece in cut(f"{HEAD}{inner}</body></html>", 9).pieces] == [inner]


def test_links_inside_wait_for_their_places_and_what_prints_page_numbers_is_apart() -> None:
    contents = chapter('<a href="#x">X</a>', "chapter contents")
    made = cut(f"{HEAD}{contents}{chapter('<p id=x>x</p>')}</body></html>", 1)
    assert [piece.refers for piece in made.pieces] == [True, False]
    assert 'href="clausetrail:x"' in made.pieces[0].html


def test_a_long_table_is_a_piece_of_its_own_and_never_swallows_what_stands_beside_it() -> None:
    table = chapter('<h1 id="a"><span class="n">A</span> Calls</h1><table data-long="calls"></table>')
    made = cut(f"{HEAD}{chapter('<p>before</p>')}{table}{chapter('<p>after</p>')}</body></html>", 1)
    assert [piece.long for piece in made.pieces] == ["", "calls", ""]
    with pytest.raises(ValueError, match="long table calls needs an outermost section of its own"):
        cut(f"{HEAD}{chapter(table + chapter('<p>b</p>'), 'together')}</body></html>", 1)


def test_the_opening_of_a_long_table_is_read_back_with_its_words() -> None:
    html = (
        '<section><h1 id="annex-calls"><span class="n">A</span> Annex: calls</h1><p class="note">Two &lt;calls&gt;.</p>'
        '<table><caption><b>Table 3.</b> Calls, in UTC.</caption><thead><tr><th class="num">No.</th><th>Time</th></tr></thead>'
        "<tbody><tr><th>no head</th></tr></tbody></table></section>"
    )
    opening = opening_of(html)
    assert (opening.level, opening.anchor, opening.number, opening.title) == (1, "annex-calls", "A", "Annex: calls")
    assert (opening.label, opening.caption) == ("Table 3.", "Calls, in UTC.")
    assert opening.notes == ["Two <calls>."]
    assert opening.heads == ["No.", "Time"]


def test_html_without_a_chapter_is_refused() -> None:
    with pytest.raises(ValueError, match="no section"):
        cut(f"{HEAD}<p>x</p></body></html>", 2)
