"""Outcomes stay apart for whoever sees fewer colours: by colour where there is some, by shape and word where there is none.

Colours are simulated by the matrices of Machado, Oliveira and Fernandes (2009) at full severity, on linear light, and compared by
CIEDE2000; 2 is what a trained eye sees side by side.
"""

import math
import re
from itertools import combinations
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings

from audits.reporting.filters import COLOURS as ON_PAPER
from compliance.templatetags.icons import DRAWINGS
from compliance.templatetags.looks import OUTCOME_WORDS

APART: Final = 9.0
READABLE: Final = 4.5
Linear = tuple[float, float, float]
SEEN: Final[dict[str, tuple[Linear, Linear, Linear]]] = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
TOKENS: Final = (Path(settings.BASE_DIR) / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
THEMES: Final = {"light": TOKENS.partition("@media")[0], "dark": TOKENS.partition(':root[data-theme="dark"]')[2]}


def colours(theme: str, suffix: str = "") -> dict[str, str]:
    """The colour of each outcome in a theme."""
    found = {}
    for slug in OUTCOME_WORDS:
        told = re.search(rf"--{slug.replace('_', '-')}{suffix}: (#[0-9a-f]{{6}})", THEMES[theme])
        assert told, slug
        found[slug] = told[1]
    return found


def linear(colour: str) -> Linear:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def mixed(parts: Linear, light: Linear) -> float:
    return sum(part * of for part, of in zip(parts, light, strict=True))


def seen(colour: str, by: str) -> Linear:
    light = linear(colour)
    red, green, blue = (min(1.0, max(0.0, mixed(row, light))) for row in SEEN[by])
    return red, green, blue


def lab(light: Linear) -> Linear:
    """CIE L*a*b* under D65."""
    to_xyz = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
    white = (0.95047, 1.0, 1.08883)
    x, y, z = (_root(mixed(row, light) / of) for row, of in zip(to_xyz, white, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(part: float) -> float:
    return math.cbrt(part) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116


def distance(one: Linear, two: Linear) -> float:
    """CIEDE2000 (Sharma, Wu and Dalal, 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, two
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    stretch = 1 + 0.5 * (1 - math.sqrt(mean**7 / (mean**7 + 25**7)))
    c1, c2 = math.hypot(a1 * stretch, b1), math.hypot(a2 * stretch, b2)
    h1, h2 = (math.degrees(math.atan2(b, a * stretch)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue, chroma, light = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2, (c1 + c2) / 2, (l1 + l2) / 2
    cos = [math.cos(math.radians(by * hue - off)) for by, off in ((1, 30), (2, 0), (3, -6), (4, 63))]
    weight = 1 - 0.17 * cos[0] + 0.24 * cos[1] + 0.32 * cos[2] - 0.20 * cos[3]
    of_light = 1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2)
    of_chroma, of_hue = 1 + 0.045 * chroma, 1 + 0.015 * chroma * weight
    rotation = -2 * math.sqrt(chroma**7 / (chroma**7 + 25**7))
    rotation *= math.sin(math.radians(60 * math.exp(-(((hue - 275) / 25) ** 2))))
    l, c = (l2 - l1) / of_light, (c2 - c1) / of_chroma
    h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2)) / of_hue
    return math.sqrt(l * l + c * c + h * h + rotation * c * h)


def contrast(one: str, two: str) -> float:
    """As WCAG 2.2 has it."""
    light, dark = sorted((mixed((0.2126, 0.7152, 0.0722), linear(colour)) for colour in (one, two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_distance_is_the_published_one() -> None:
    assert distance((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert distance((50, 2.5, 0), (73, 25, -18)) == pytest.approx(27.1492, abs=1e-4)
    assert distance((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387)) == pytest.approx(1.2644, abs=1e-4)


@pytest.mark.parametrize("by", SEEN)
@pytest.mark.parametrize("theme", THEMES)
def test_no_two_outcomes_look_alike_to_whoever_sees_fewer_colours(theme: str, by: str) -> None:
    of = {slug: lab(seen(colour, by)) for slug, colour in colours(theme).items()}
    near = {(one, two): round(distance(of[one], of[two]), 1) for one, two in combinations(of, 2)}
    assert {pair: apart for pair, apart in near.items() if apart < APART} == {}


def test_without_any_colour_each_outcome_has_a_shape_and_a_word_of_its_own() -> None:
    assert len({DRAWINGS[slug] for slug in OUTCOME_WORDS}) == len(set(OUTCOME_WORDS.values())) == len(OUTCOME_WORDS)


@pytest.mark.parametrize("theme", THEMES)
def test_outcomes_are_readable_on_their_tint(theme: str) -> None:
    tints = colours(theme, "-tint")
    assert {slug for slug, colour in colours(theme).items() if contrast(colour, tints[slug]) < READABLE} == set()


def test_pages_and_paper_give_an_outcome_the_same_colour() -> None:
    assert {slug: ON_PAPER[slug].lower() for slug in OUTCOME_WORDS} == colours("light")
