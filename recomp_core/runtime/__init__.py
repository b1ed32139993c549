"""How calls run: batching, deadlines, timeouts, forks, engines and budgets.

Imports `_utils`, `text` and the vocabulary.
"""
