"""The report as a Word file: the same templates as on paper, with real styles, so that counsel can edit and comment."""

from audits.reporting.forms.word.document import word_file, word_of_markup

__all__ = ["word_file", "word_of_markup"]
