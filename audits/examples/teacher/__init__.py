"""A local language model behind the wire formats of OpenAI, Anthropic and DeepSeek.

It exists so that the example pipelines can be audited without an account at any provider. The formats are spoken
truthfully; the answers are computed from the question by a small model, and never looked up by prompt.
"""
