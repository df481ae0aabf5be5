"""What administrators set for the whole installation."""

from compliance.models import HouseRules


def house_rules() -> HouseRules:
    """The one row, or what holds while nobody has set anything. One query."""
    return HouseRules.objects.filter(pk=1).first() or HouseRules(pk=1)
