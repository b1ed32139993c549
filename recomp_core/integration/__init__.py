"""All that a framework adapter may import besides `recomp_core` itself.

Imports `persistence` and what stands below it.
"""
