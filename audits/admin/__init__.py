"""The admin of the audit side: the record, to be searched and read."""

from audits.admin import findings, imports, runs

__all__ = ["findings", "imports", "runs"]
