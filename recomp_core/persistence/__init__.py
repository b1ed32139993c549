"""Names, folders and plain settings to compressors, and compressors to folders.

Imports `abstractive` and what stands below it.
"""
