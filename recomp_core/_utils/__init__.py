"""Helpers for every room: checks, files, hashes, JSON lines, settings, registries and lazy names.

Imports the standard library only.
"""
