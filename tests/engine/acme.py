"""An invented provider, small enough to hold in the head: Acme, its reseller Bazaar, and a model family with a licence."""

from compliance.engine.assessment import Assessment, assess
from compliance.engine.facts import parse_use
from compliance.engine.library import Library
from compliance.engine.rulebook import join, parse_rulebook

SHA = "ab" * 32

BOOK = f"""
[[provider]]
slug = "acme"
name = "Acme"
hosts = ["api.acme.example", "*.acme.example"]
secrets = ["ACME_API_KEY"]

[[document]]
id = "acme/terms"
title = "Acme Terms"
kind = "terms"
incorporates = ["acme/policy"]
versions = [
  {{ label = "2023-01-01", since = 2023-01-01 }},
  {{ label = "2023-12-14", never_in_force = true }},
  {{ label = "2024-02-01", since = 2024-02-01 }},
]

[[document]]
id = "acme/policy"
title = "Acme Usage Policy"
kind = "usage policy"
versions = [{{ label = "2023-01-01", since = 2023-01-01 }}]

[[document]]
id = "acme/licence"
title = "Acme Licence"
kind = "licence"
versions = [{{ label = "1", since = 2023-06-01 }}]

[[document]]
id = "bazaar/terms"
title = "Bazaar Terms"
kind = "terms"

[[governs]]
document = "acme/terms"
role = "principal"
why = "these terms cover the API"
developers = ["acme"]
access = ["api"]
served_by = ["developer"]

[[governs]]
document = "bazaar/terms"
role = "channel"
why = "Bazaar served the model"
served_by = ["bazaar"]

[[rule]]
id = "acme/terms:competing-models"
effect = "prohibition"
title = "Competing models"
statement = "bars using output to develop competing models"
actions = ["train_on_output"]
when = {{ fact = "student.competes_with_provider", op = "is", value = true }}
exceptions = [
  {{ name = "in-house", title = "classifiers that stay in house", when = {{ all = [
    {{ fact = "student.kind", op = "eq", value = "classifier" }},
    {{ fact = "student.distributed", op = "is", value = false }},
  ] }} }},
]
citations = [{{ versions = ["2024-02-01"], section = "2(e)", sha256 = "{SHA}" }}]

[[rule]]
id = "acme/terms:classifiers"
effect = "permission"
title = "Classifiers"
statement = "allows classifiers"
actions = ["train_on_output"]
when = {{ fact = "student.kind", op = "eq", value = "classifier" }}
citations = [{{ versions = ["2023-01-01", "2024-02-01"], section = "2(e)", sha256 = "{SHA}" }}]

[[rule]]
id = "acme/policy:extraction"
effect = "prohibition"
title = "Model extraction"
statement = "bars model extraction"
actions = ["reverse_engineer"]
citations = [{{ versions = ["2023-01-01"], section = "Abuse", sha256 = "{SHA}" }}]

[[rule]]
id = "acme/licence:name"
effect = "duty"
title = "Name duty"
statement = "asks for a name that begins with “Acme”"
actions = ["train_on_output"]
when = {{ fact = "student.distributed", op = "is", value = true }}
met = {{ fact = "student.name", op = "starts_with", value = "Acme" }}
duty = "Put Acme first."
citations = [{{ versions = ["1"], section = "3", sha256 = "{SHA}" }}]

[[rule]]
id = "acme/licence:own-family"
effect = "prohibition"
title = "Other models"
statement = "bars improving other models"
actions = ["train_on_output"]
exceptions = [
  {{ name = "own", title = "Acme's own models", when = {{ all = [
    {{ fact = "student.base_model", op = "derived_from", value = "acme-1" }},
  ] }} }},
]
citations = [{{ versions = ["1"], section = "4", sha256 = "{SHA}" }}]

[[family]]
id = "acme-1"
developer = "acme"
title = "Acme 1"
match = ["acme-1-*", "acme-ai/acme-1*"]
licences = ["acme/licence"]

[[family]]
id = "orion"
developer = "orion"
title = "Orion"
match = ["orion-*"]
base = "acme-1"
"""


def acme() -> Library:
    """A new library with nothing remembered."""
    return join([parse_rulebook(BOOK, "acme.toml")])


def judge(library: Library | None = None, **changes: object) -> Assessment:
    """One use of Acme's API for training, with changes: student={...}, on="...", access={...}."""
    use: dict[str, object] = {
        "id": "u",
        "provider": "acme",
        "model": "acme-large",
        "access": {"kind": "api", "served_by": "acme"},
        "on": "2024-06-01",
        "activity": "train_on_output",
    }
    return assess(parse_use(use | changes), library or acme())


WEIGHTS = {"kind": "weights", "served_by": "self"}
