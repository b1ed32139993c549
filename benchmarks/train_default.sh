#!/usr/bin/env bash
# Makes the training data of the bundled encoder and trains it: an hour to an hour and a half on two
# cores. What a killed run finished stays, and running it again goes on from there.
#
#     RECOMP_DATA=… bash benchmarks/train_default.sh build
#
# First from what people marked, then from the likelihoods of a language model. The result,
# build/recomp-minilm, goes into recomp_core/models/encoders/bundled/ (see benchmarks/EXPERIMENTS.md).
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build}
export HF_HUB_OFFLINE=1

made() { test -e "$1" && echo "$1 is there"; }

train() { # data, base, output, then what differs
  made "$3" || recomp train extractive "$1" --base "$2" --output "$3" \
    --context document --similarity cosine --loss in-batch --scale 20 --positive-gap 0 \
    --documents 3 --max-query-tokens 96 --adapter-only --export-type bfloat16 --no-dropout \
    --epochs 1 --batch-size 24 --verbose "${@:4}"
}

made "$out/default-data/examples.jsonl" ||
  python benchmarks/default_data.py "$out/default-data" --seed 1
train "$out/default-data" minilm "$out/recomp-minilm-people" --lora rank=32 --learning-rate 5e-4 \
  --warmup-steps 0.1 --max-held-out 120 --evals 3 --seed 1

made "$out/second-data/examples.jsonl" ||
  python benchmarks/default_data.py "$out/second-data" --mixture second --only-scored --seed 3
train "$out/second-data" "$out/recomp-minilm-people" "$out/recomp-minilm-likelihood" \
  --lora rank=16 --learning-rate 4e-4 --max-held-out 60 --evals 1 --seed 3

made "$out/recomp-minilm" ||
  python benchmarks/fold_adapters.py "$out/recomp-minilm-likelihood" "$out/recomp-minilm" \
    --rank 32
