"""Encoder-decoder models that write summaries, in torch or CTranslate2.

Imports what `models` may.
"""
