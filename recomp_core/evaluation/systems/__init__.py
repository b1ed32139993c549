"""What is evaluated: compressors, baselines and peers.

Imports what `evaluation` may.
"""
