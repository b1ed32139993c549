"""Tries to break recomp: hostile texts, folders and servers, kills, deadlines, threads, memory.

    python benchmarks/torture/run.py [--short] [--parts growth wire …]

Prints a table with a line for everything that was tried: how often, how often it went as promised,
and the worst figure seen. What failed is listed below, and makes the script fail. `--short` takes
a few minutes, for CI; the long form tries far more.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import time

from trials import Outcome

# Each is a module beside this one, with `torture(short: bool) -> Iterator[Outcome]`.
PARTS = ("growth", "fuzzing", "wire", "folders", "kills", "deadlines", "callers", "leaks", "exits")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few minutes, for CI")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    args = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"

    print(f"{'part':12} {'what':44} {'tried':>8} {'survived':>8}  worst", flush=True)
    failures = []
    log = logging.getLogger("recomp_core")
    for part in args.parts:
        began = time.monotonic()
        handlers = list(log.handlers)
        for outcome in importlib.import_module(part).torture(args.short):
            print(line(part, outcome), flush=True)
            failures += [f"{part}, {outcome.name}: {failure}" for failure in outcome.failures]
        log.handlers = handlers  # the command adds one for the terminal it had
        print(f"{part:12} took {time.monotonic() - began:.0f} s", flush=True)
    if failures:
        sys.exit("\n".join(["", "failed:", *failures]))


def line(part: str, outcome: Outcome) -> str:
    return f"{part:12} {outcome.name:44} {outcome.tried:8,} {outcome.survived:8,}  {outcome.worst}"


if __name__ == "__main__":
    main()
