"""What is known about text without a model: splitting, joining, words, facts, tokens, HTML.

Imports `_utils` only.
"""
