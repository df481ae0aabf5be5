"""Words of a run's gaps and refusals."""

from django import template

from audits.gap_kinds import why_not

register = template.Library()
register.filter("why_not", why_not)
