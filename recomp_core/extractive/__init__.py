"""The extractive compressor: split, score, select (paper, section 3.1).

Imports `readers` and what stands below it, and no model unless one is asked for.
"""
