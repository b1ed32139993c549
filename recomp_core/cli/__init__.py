"""The command `recomp`, one file per command.

Imports everything; nothing imports it.
"""
