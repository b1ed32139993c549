"""Texts to vectors: sentence-transformers, a packed ONNX graph, LoRA, the bundled encoder.

Imports what `models` may.
"""
