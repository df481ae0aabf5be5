"""The process that reads one page: `python -m compliance.sources.read_html CHARSET` (empty: none is known)."""

import sys

from compliance.sources.apart import answer
from compliance.sources.html_text import text_of_html

if __name__ == "__main__":
    sys.exit(answer(lambda content: text_of_html(content, sys.argv[1])))
