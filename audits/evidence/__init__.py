"""Evidence: a store by content, a chained log, a seal, and bundles that can be checked offline. No Django in here."""

from audits.evidence.bundle import Bundle, IncompleteBundle, write_bundle
from audits.evidence.chain import Entry, inclusion_proof, is_included, link, root_of
from audits.evidence.keys import KeyProblem, SigningKey, load_key, load_or_make_key
from audits.evidence.links import Broken
from audits.evidence.masking import mask_text
from audits.evidence.seal import Seal, WhatRan, seal
from audits.evidence.store import Damaged, Missing, Store, StoreProblem, open_store
from audits.evidence.verifier import Unreadable, Verification, verify_bundle

__all__ = [
    "Broken",
    "Bundle",
    "Damaged",
    "Entry",
    "IncompleteBundle",
    "KeyProblem",
    "Missing",
    "Seal",
    "SigningKey",
    "Store",
    "StoreProblem",
    "Unreadable",
    "Verification",
    "WhatRan",
    "inclusion_proof",
    "is_included",
    "link",
    "load_key",
    "load_or_make_key",
    "mask_text",
    "open_store",
    "root_of",
    "seal",
    "verify_bundle",
    "write_bundle",
]
