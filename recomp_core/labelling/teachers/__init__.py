"""Language models that write the summaries to train on, and whose terms allow it.

Imports what `labelling` may.
"""
