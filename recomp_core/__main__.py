"""`python -m recomp_core` is the command `recomp`."""

from .cli import main

main()
