"""Language models behind an endpoint, and how their replies end.

Imports what `models` may.
"""
