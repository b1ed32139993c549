"""How much a text helps the reader to the answer: asked of an endpoint or a reader, or cached.

Imports what `labelling` may.
"""
