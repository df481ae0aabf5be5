"""The frozen context: everything a report says, as plain JSON, taken from the database at one moment.

Templates see nothing else. The context is stored with its hash beside the paper, and renders to the same content again.
"""

from audits.reporting.context.build import SCHEMA, build_context, context_bytes, run_part

__all__ = ["SCHEMA", "build_context", "context_bytes", "run_part"]
