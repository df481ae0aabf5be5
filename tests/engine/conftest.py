"""Property tests draw the same examples everywhere and are never failed by a slow machine."""

from hypothesis import settings

settings.register_profile("same_everywhere", deadline=None, derandomize=True)
settings.load_profile("same_everywhere")
