"""The pages' templates, read before anybody asks for one."""

from pathlib import Path

from django.conf import settings
from django.template.loader import get_template

ON_PAPER = "reports"
"""The folder of templates that are no pages: another engine reads them, where reports are written."""


def read_templates() -> int:
    """Read every template of ours; how many there are. Raises TemplateSyntaxError for one that can't be read."""
    folder = Path(settings.BASE_DIR) / "templates"
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*.html"))]
    pages = [name for name in names if name.parts[0] != ON_PAPER]
    for name in pages:
        get_template(name.as_posix())
    return len(pages)
