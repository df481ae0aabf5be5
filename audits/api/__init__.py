"""The interface for programs: audits, findings, reports; and the whole of it, put together."""
