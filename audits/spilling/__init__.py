"""Tracing what does not fit in memory: the lineage core's own tests over an index of sorted runs on disk.

The answers are those of audits.lineage: the same Tracer decides; only where it looks candidates up is different. Outputs are
taken in blocks; each block's keys (text, words, runs of words) are sorted and written down. The blocks' keys are merged, one
range of keys after the other. Then rows are taken in blocks: all keys of a block are looked up at once, in the order of the keys,
which reads each range once; with what was found the Tracer goes through the block. Every finished block is a file of its own, so
work that was stopped goes on where it stopped, and several processes share it.
"""
