"""The one bridge between what was recorded and what the terms say: usage → facts → compliance.engine → findings."""
