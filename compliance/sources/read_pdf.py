"""The process that reads one PDF: `python -m compliance.sources.read_pdf`."""

import sys

from compliance.sources.apart import answer
from compliance.sources.pdf_text import text_of_pdf

if __name__ == "__main__":
    sys.exit(answer(text_of_pdf))
