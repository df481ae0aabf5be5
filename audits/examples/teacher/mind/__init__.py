"""The models that answer: a light one made of retrieval and word statistics, and SmolLM2 where torch is at hand."""
