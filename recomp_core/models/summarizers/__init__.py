"""Prompts to summaries by local encoder-decoder models, in torch or CTranslate2.

Imports what `models` may.
"""
