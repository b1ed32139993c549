"""Makes one LoRA adapter of two: of one that ships, and of one that was trained on top of it.

    python benchmarks/fold_adapters.py build/recomp-minilm-2 build/recomp-minilm --rank 32

An adapter on whole weights is folded alone, which is of use with a share.

W + s1 B1 A1 + s2 B2 A2 is one adapter whose factors are those of both, side by side. Its best
approximation of a lower rank is the truncated singular value decomposition. With a share of less
than 1 the upper one counts for less: what is learned anew, weighed against what is forgotten (as in
Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from recomp_core._utils.files import write_json
from recomp_core.models.checkpoints import ADAPTER_CONFIG
from recomp_core.models.encoders.lora import ADAPTER_WEIGHTS
from recomp_core.persistence.folders import write_folder
from recomp_core.persistence.names import find_source, find_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("upper", help="an adapter, which may name a lower one as its base")
    parser.add_argument("output", type=Path)
    parser.add_argument("--rank", type=int, required=True)
    parser.add_argument("--share", type=float, default=1.0, help="of the upper adapter")
    args = parser.parse_args()
    source = find_source(args.upper)
    adapters = find_weights(source).adapters
    lowest = find_source(str(adapters[0].folder))
    factors, lost = folded(adapters, args.rank, args.share)

    def write(folder: str) -> None:
        config = json.loads((Path(source.place) / ADAPTER_CONFIG).read_text(encoding="utf-8"))
        config.update(r=args.rank, lora_alpha=args.rank)
        config.update(base_model_name_or_path=adapters[0].base)
        write_json(Path(folder) / ADAPTER_CONFIG, config)
        save_file(factors, Path(folder) / ADAPTER_WEIGHTS, metadata={"format": "pt"})

    write_folder(args.output, {**source.settings, "base": lowest.settings["base"]}, write)
    shutil.copy(Path(source.place) / "README.md", args.output)
    print(f"{args.output}: rank {args.rank}, {100 * lost:.2f} % of the update's squares lost")


def folded(adapters, rank: int, share: float) -> tuple[dict[str, torch.Tensor], float]:
    """The factors of one adapter in bfloat16, and the share of the squares that it leaves out."""
    shares = [*(1.0 for _ in adapters[1:]), share]
    loaded = [
        (load_file(a.folder / ADAPTER_WEIGHTS), a.scale * weight)
        for a, weight in zip(adapters, shares, strict=True)
    ]
    factors, kept, total = {}, 0.0, 0.0
    for name_a in (name for name in loaded[0][0] if ".lora_A." in name):
        name_b = name_a.replace(".lora_A.", ".lora_B.")
        left = np.concatenate([s * w[name_b].float().numpy() for w, s in loaded], axis=1)
        right = np.concatenate([w[name_a].float().numpy() for w, _ in loaded], axis=0)
        q, r = np.linalg.qr(left)
        u, values, v = np.linalg.svd(r @ right, full_matrices=False)
        root = np.sqrt(values[:rank])
        kept, total = kept + (values[:rank] ** 2).sum(), total + (values**2).sum()
        for name, factor in ((name_a, root[:, None] * v[:rank]), (name_b, q @ u[:, :rank] * root)):
            factors[name] = torch.from_numpy(np.ascontiguousarray(factor)).to(torch.bfloat16)
    return factors, 1 - kept / total


if __name__ == "__main__":
    main()
