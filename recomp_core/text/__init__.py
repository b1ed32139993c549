"""Text without a model: splitting, joining, words, facts, answers, tokens and HTML.

Imports `_utils` only.
"""
