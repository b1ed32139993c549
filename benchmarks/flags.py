"""Measures the flags of instruction-like sentences: what they find, and what they flag wrongly.

    python benchmarks/flags.py [--half test] [--show]

The sentences of `flags_sentences/` were written for this: attacks in ten languages, and harmless
sentences that look like them, from manuals, forms, news and notes. The rules were written with the
development half in sight; the test half only measures them. Both halves are of one hand, so real
texts will do worse. Prints for each half the share of attacks that are flagged and of harmless
sentences that are, with Wilson's bounds, by language and by flag, and the time a megabyte takes.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter, defaultdict
from pathlib import Path

from recomp_core.text.injections import injection_flags
from recomp_core.text.splitting import SentenceSplitter

FOLDER = Path(__file__).parent / "flags_sentences"
HALVES = ("development", "test")


def read(kind: str, half: str) -> list[tuple[str, str]]:
    """The sentences of a file, each after its language."""
    lines = (FOLDER / f"{kind}_{half}.txt").read_text(encoding="utf-8").splitlines()
    return [(line[:2], line[3:]) for line in lines if line]


def bounds(hits: int, of: int) -> str:
    """A share with the bounds of its 95 % interval by Wilson."""
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    reach = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (
        f"{hits:3} of {of:3}  {share:6.1%}  ({max(0, middle - reach):.1%} to {middle + reach:.1%})"
    )


def seconds_a_megabyte(texts: list[str]) -> float:
    """What flagging sentences that were never seen takes."""
    fresh = [f"{text} {number}." for number in range(20) for text in texts]
    started = time.process_time()
    for text in fresh:
        injection_flags(text)
    return (time.process_time() - started) / sum(map(len, fresh)) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--half", choices=HALVES, help="only this one")
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    given = parser.parse_args()
    for half in HALVES if given.half is None else (given.half,):
        print(f"{half} half")
        for kind, name in (("attacks", "attacks flagged"), ("harmless", "harmless flagged")):
            sentences = read(kind, half)
            flagged = [(lang, text, injection_flags(text)) for lang, text in sentences]
            hits = sum(bool(flags) for _, _, flags in flagged)
            print(f"  {name:17} {bounds(hits, len(sentences))}")
            by_language: dict[str, list[bool]] = defaultdict(list)
            for lang, _, flags in flagged:
                by_language[lang].append(bool(flags))
            print("    " + ", ".join(f"{k} {sum(v)}/{len(v)}" for k, v in by_language.items()))
            print("    " + ", ".join(
                f"{k} {n}" for k, n in Counter(f for *_, flags in flagged for f in flags).items()
            ))  # fmt: skip
            for lang, text, flags in flagged:
                if given.show and bool(flags) != (kind == "attacks"):
                    print(f"      {lang} {text}  {' '.join(flags)}")
    harmless = [text for half in HALVES for _, text in read("harmless", half)]
    print(f"time: {seconds_a_megabyte(harmless):.2f} s a megabyte of sentences that look alike")
    pages = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))
    text = "\n\n".join(page.read_text(encoding="utf-8") for page in pages)
    plain = [text[start:end] for start, end in SentenceSplitter().split(text)]
    print(f"time: {seconds_a_megabyte(plain):.2f} s a megabyte of this project's documentation")


if __name__ == "__main__":
    main()
