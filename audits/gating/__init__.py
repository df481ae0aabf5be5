"""From a source tree to verdicts, for a pull request: scan, declared facts, the terms in force, waivers."""
