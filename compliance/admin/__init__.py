"""The admin of the terms side: providers, documents, clauses, rules, agreements, people, and the audit trail."""

from compliance.admin import agreements, documents, incoming, people, providers, rules, trail

__all__ = ["agreements", "documents", "incoming", "people", "providers", "rules", "trail"]
