"""The model that answers from the compressed text: likelihoods, generated answers, spans.

Imports `store` and what stands below it.
"""
