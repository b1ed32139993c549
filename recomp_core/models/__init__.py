"""Models on this machine and behind APIs: encoders, summarizers and language models.

Here torch begins. Imports `_utils`, `text`, the vocabulary, `runtime` and `data`.
"""
