"""Helpers without a subject of their own: checks, files, hashes, JSON lines, lazy names.

Imports the standard library only.
"""
