"""Answer scorers: how much a text helps the reader to the answer, and the cache of what they said.

Imports what `labelling` may.
"""
