"""Where calls are made from, as far as the hours of the day tell, against where they are said to be made from. PURE."""

from collections.abc import Mapping, Sequence
from typing import Final

# Hours from UTC of the capitals or chief places of business, in winter: a day has time enough to be an hour off.
OFFSETS: Final[Mapping[str, tuple[int, int]]] = {
    "US": (-8, -5), "CA": (-8, -4), "MX": (-6, -6), "BR": (-4, -3), "AR": (-3, -3), "CL": (-4, -4), "CO": (-5, -5), "GB": (0, 0),
    "IE": (0, 0), "PT": (0, 0), "ES": (1, 1), "FR": (1, 1), "DE": (1, 1), "NL": (1, 1), "BE": (1, 1), "CH": (1, 1), "AT": (1, 1),
    "IT": (1, 1), "SE": (1, 1), "NO": (1, 1), "DK": (1, 1), "PL": (1, 1), "CZ": (1, 1), "FI": (2, 2), "GR": (2, 2), "RO": (2, 2),
    "UA": (2, 2), "EE": (2, 2), "LV": (2, 2), "LT": (2, 2), "IL": (2, 2), "EG": (2, 2), "ZA": (2, 2), "NG": (1, 1), "KE": (3, 3),
    "TR": (3, 3), "SA": (3, 3), "RU": (2, 12), "AE": (4, 4), "IN": (5, 6), "PK": (5, 5), "BD": (6, 6), "TH": (7, 7), "VN": (7, 7),
    "ID": (7, 9), "SG": (8, 8), "MY": (8, 8), "CN": (8, 8), "HK": (8, 8), "TW": (8, 8), "PH": (8, 8), "AU": (8, 11), "JP": (9, 9),
    "KR": (9, 9), "NZ": (12, 13),
}  # fmt: skip
NIGHT = 6
_QUIET = 0.08
_TOLERATED = 3


def quiet_hours(hours: Sequence[int]) -> int | None:
    """The hour (UTC) at which the six quietest hours of the day begin; None when no six are quiet (a quarter would be even)."""
    total = sum(hours)
    if not total:
        return None
    sums = [sum(hours[(start + step) % 24] for step in range(NIGHT)) for start in range(24)]
    least = min(sums)
    return sums.index(least) if least / total <= _QUIET else None


def hours_off(hours: Sequence[int], country: str) -> int | None:
    """By how many hours at least the night that the calls show lies beside midnight to six in a country; None: can't be told."""
    start = quiet_hours(hours)
    if start is None or country not in OFFSETS:
        return None
    low, high = OFFSETS[country]
    apart = min(_round(start - (0 - offset)) for offset in range(low, high + 1))
    return max(0, apart - _TOLERATED)


def _round(hours: int) -> int:
    """Distance on the clock."""
    off = hours % 24
    return min(off, 24 - off)


# Where clouds' regions are, by how their names begin.
_PLACES: Final = (
    ("us-", "US"), ("eastus", "US"), ("westus", "US"), ("ca-", "CA"), ("eu-", "EU"), ("europe-", "EU"), ("westeurope", "EU"),
    ("northeurope", "EU"), ("sweden", "EU"), ("germany", "EU"), ("france", "EU"), ("ap-northeast-1",
    "JP"), ("asia-northeast1", "JP"),
    ("japan", "JP"), ("ap-south-", "IN"), ("ap-southeast-1", "SG"), ("ap-southeast-2", "AU"), ("australia", "AU"), ("sa-", "BR"),
    ("uk", "EU"),
)  # fmt: skip


def place_of(region: str) -> str:
    """The country (or "EU") of a cloud's region; "" unknown."""
    return next((place for start, place in _PLACES if region.startswith(start)), "")
