"""Patterns that the extraction of a model's abilities leaves in the calls of a period: indicators, never verdicts. PURE."""
