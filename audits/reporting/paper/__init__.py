"""Paper: a report's HTML laid out in parallel, its long tables set by an engine of their own, bound into one tagged PDF/A-3."""
