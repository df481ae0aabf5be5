"""The interface for programs, /api/v1/: what all of its addresses share, and those of people and terms."""
