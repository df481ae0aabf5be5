"""Usage that other tools logged or providers billed: bytes of their files in, usage records out. PURE."""
