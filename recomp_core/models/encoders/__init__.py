"""Texts to vectors: the backends by name, the encoders that they load, and the bundled adapter.

Two parts are written by hand on purpose. `lora` merges an adapter without PEFT, so that the default
encoder is a file of 2.7 MB. `bert_folder`, `bert_tokenizer`, `onnx_graph`, `onnx_packing` and
`onnx_encoder` compute 2.4 times as fast as torch on a CPU, and start without it.

Imports what `models` may.
"""
