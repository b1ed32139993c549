"""`python -m recomp_core` is the command `recomp`."""

from .cli.main import main

main()
