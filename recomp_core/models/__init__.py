"""Where torch begins: encoders, summarizers and language models.

Imports `_utils`, `text`, the vocabulary, `runtime` and `data`.
"""
