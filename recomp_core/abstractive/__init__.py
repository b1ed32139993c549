"""The abstractive compressor: prompt, summarize, check (paper, section 3.2).

Imports `extractive` and what stands below it, and no model unless one is asked for.
"""
