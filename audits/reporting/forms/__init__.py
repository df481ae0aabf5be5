"""Other forms of a report: Word, spreadsheet, CSV, JSON and SARIF, each from the same frozen context as the paper.

What the context does not hold, no form can hold: a report made for an outside party is redacted in every form.
"""

from audits.reporting.forms.registry import DRAFT_FORMS, EVERY_FORM, FORMS, Form, UnknownForm, file_name, render_form

__all__ = ["DRAFT_FORMS", "EVERY_FORM", "FORMS", "Form", "UnknownForm", "file_name", "render_form"]
