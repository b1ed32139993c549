#!/usr/bin/env bash
# Makes the training data of the bundled encoder and trains it: about two hours on two cores.
#
#     RECOMP_DATA=… bash benchmarks/train_default.sh build
#
# First on sentences that people marked, then on those after which a language model finds the answer
# likeliest. The result, build/recomp-minilm, goes into recomp_core/models/encoders/bundled/ (see
# benchmarks/EXPERIMENTS.md). Run again after a kill, it goes on at the last checkpoint.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build}
export HF_HUB_OFFLINE=1

settings=(
    --context document --similarity cosine --loss in-batch --scale 20 --positive-gap 0
    --documents 3 --max-query-tokens 96 --adapter-only --export-type bfloat16 --no-dropout
    --epochs 1 --batch-size 24 --evals 3 --seed 1 --verbose
)

made() { [[ -e $1/recomp_config.json ]]; }

made "$out/recomp-minilm-first" || {
    python benchmarks/default_data.py "$out/data/first" --mixture first --seed 1
    recomp train extractive "$out/data/first" --output "$out/recomp-minilm-first" --base minilm \
        --lora rank=32 --learning-rate 5e-4 --warmup-steps 0.1 --max-held-out 120 "${settings[@]}"
}
made "$out/recomp-minilm-second" || {
    python benchmarks/default_data.py "$out/data/second" --mixture second --only-scored --seed 3
    recomp train extractive "$out/data/second" --output "$out/recomp-minilm-second" \
        --base "$out/recomp-minilm-first" --lora rank=16 --learning-rate 4e-4 --max-held-out 60 \
        "${settings[@]}"
}
python benchmarks/fold_adapters.py "$out/recomp-minilm-second" "$out/recomp-minilm" --rank 32
