#!/usr/bin/env bash
# Makes the training data of the bundled encoder and trains it: about an hour on two cores.
#
#     RECOMP_DATA=… bash benchmarks/train_default.sh build
#
# The result, build/recomp-minilm, goes into recomp_core/models/encoders/bundled/ (see benchmarks/EXPERIMENTS.md).
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build}
export HF_HUB_OFFLINE=1
python benchmarks/default_data.py "$out/default-data" --seed 1
recomp train extractive "$out/default-data" --output "$out/recomp-minilm" \
    --base minilm --context document --similarity cosine \
    --loss in-batch --scale 20 --positive-gap 0 --documents 3 --max-query-tokens 96 \
    --lora rank=32 --adapter-only --export-type bfloat16 --no-dropout \
    --epochs 1 --batch-size 24 --learning-rate 5e-4 --warmup-steps 0.1 \
    --max-held-out 120 --evals 3 --seed 1 --verbose
