"""Drafts of what laws ask developers to publish of their training data, filled from the record and marked as drafts.

Each sentence says whether it was recorded, declared, or waits for a person. What is not on record is never guessed.
"""

from audits.reporting.forms.drafts.ab2013 import ab2013_draft
from audits.reporting.forms.drafts.ai_act import ai_act_draft
from audits.reporting.forms.drafts.fields import Draft
from audits.reporting.forms.drafts.writing import as_markdown, as_word

DRAFTS = {"ai-act": ai_act_draft, "ab2013": ab2013_draft}

__all__ = ["DRAFTS", "Draft", "as_markdown", "as_word"]
