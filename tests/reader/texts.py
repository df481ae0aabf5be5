"""Terms of an invented provider, in our own words, and versions of them."""

import datetime as dt

from psycopg.types.range import DateRange

from compliance.models import Provider, TermsDocument, Version

BAN = "You may not use output of the harp service to train a model that competes with our products."
REWORDED = "You may not use any output of the harp service to train or improve a model that competes with us."
FIRST = f"""# Harp terms

Welcome to the harp service. It plays what you ask for.

## 1. Your account

You must not share the keys of your account with anybody.

## 2. Restrictions

2.1 Be kind to the harp and to those who listen to it.

2.2 {BAN}

2.3 You may not scrape the harp service by automated means.

## 3. Ending

We may end these terms when the strings are broken.
"""
MOVED = FIRST.replace(f"2.2 {BAN}\n\n", "").replace(
    "## 3. Ending", f"2.4 The harp sleeps at night.\n\n2.5 {BAN}\n\n2.6 Wake it gently.\n\n## 3. Ending"
)
CHANGED = FIRST.replace(BAN, REWORDED)
WITHOUT = FIRST.replace(f"2.2 {BAN}\n\n", "2.2 The harp is tuned on Mondays, unless it rains.\n\n")
POLICY_BEFORE = "# Harp policy\n\n1. Do not throw things at the harp.\n"
POLICY_AFTER = f"# Harp policy\n\n1. Do not throw things at the harp.\n\n2. {BAN}\n"


def make_document(identifier: str = "harpco/terms", title: str = "Harp Terms") -> TermsDocument:
    provider, _ = Provider.objects.get_or_create(slug="harpco", defaults={"name": "Harpco"})
    return TermsDocument.objects.create(identifier=identifier, provider=provider, title=title, kind="terms")


def make_version(document: TermsDocument, text: str, since: str, until: str | None = None) -> Version:
    days = DateRange(dt.date.fromisoformat(since), dt.date.fromisoformat(until) if until else None)
    return Version.objects.create(document=document, label=since, in_force=days, basis="stated", text=text)


def make_versions(*texts: str, identifier: str = "harpco/terms", title: str = "Harp Terms") -> list[Version]:
    """Versions of one document, each in force for a year, the first from 1 January 2020."""
    document = make_document(identifier, title)
    years = range(2020, 2020 + len(texts))
    return [
        make_version(document, text, f"{year}-01-01", f"{year + 1}-01-01" if year < years[-1] else None)
        for year, text in zip(years, texts, strict=True)
    ]
