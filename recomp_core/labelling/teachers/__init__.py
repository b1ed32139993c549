"""Teachers: who writes the summaries to train on, and the terms that allow it.

Imports what `labelling` may.
"""
