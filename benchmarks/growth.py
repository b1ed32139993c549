"""Measures how long reading hostile documents takes, and whether time grows with their length.

    python benchmarks/growth.py [--size 60000]

Each line repeats a construct up to the size and up to twice the size, in characters, and prints the
CPU seconds of both, and seconds a megabyte. It fails where twice the text takes more than three
times as long, in the best of three tries: nothing may be worse than linear.
"""

from __future__ import annotations

import argparse
import sys
import time

from recomp_core import SentenceSplitter

CONSTRUCTS = {
    "prose": "The harbour of Skarn was dredged in spring. People came from far away to see it.\n\n",
    "list": "- item one two three\n",
    "numbered": "1. item one\n",
    "nested list": "  - x\n",
    "pipes": "| x y z | 1 2 3 |\n",
    "a rule of spaces": "a|b\n" + " " * 200 + "-" + " " * 200 + "x|\n",
    "csv": "a,b,c,1,2\n",
    "quotation": "> a quote\n",
    "nested quotation": ">",
    "headings": "## h\ntext here.\n",
    "underlined": "h\n==\n",
    "fences": "```a\n",
    "two fences": "~~~\n```\n",
    "open elements": "<div>\n",
    "rows": "<tr><td>a</td></tr>",
    "open tables": "<table><tr><td>a",
    "open tags": "<a ",
    "comments": "<!--",
    "entities": "&amp",
    "braces": '{"a":',
    "lists of lists": "[",
    "json": '{"a": [1, 2, {"b": "c"}]}\n',
    "quotes": '"',
    "yaml": "  key:\n",
    "ini": "[section]\na = b\n",
    "log": "2031-02-11 04:00:00 INFO [web-0] GET /cart 200\n",
    "chat": "[12/07/31, 18:02] Ann: we are on the ferry now\n",
    "speakers": "Ann: we are here\nTom: yes\n",
    "questions": "Q: what?\nA: that\n",
    "mail": "From: a\nTo: b\n",
    "bold lines": "**Title**\n",
    "capitals": "TITLE\ntext here\n",
    "chapters": "第一章 总则\n",
    "Chinese without marks": "今天天气很好我们去公园玩",
    "Chinese": "今天。",
    "Thai": "ภาษาไทยเขียนติดกัน",
    "words": "word ",
    "one word": "x",
    "spaces": " ",
    "code": "def f(x):\n    return x\n\n",
    "closing braces": "}\n",
    "stack trace": "    at com.orlo.Runner(Run.java:88)\n",
    "terms": "term\n    text of it\n",
    "full stops": ".",
    "question marks": "what?\n",
    "deep numbers": "1.1.1 x\n",
    "Roman numbers": "iv. x\n",
    "rules": "---\n",
    "abbreviations": "e.g. ",
    "links": "http://a.b/c ",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=60_000, help="characters of the shorter text")
    args = parser.parse_args()
    splitter = SentenceSplitter("en")
    splitter.split("Nothing is loaded later. 今天天气很好")
    print(f"{'construct':24} {'once':>8} {'twice':>8} {'s/MB':>6}")
    worse = []
    for name, piece in CONSTRUCTS.items():
        times = max(1, args.size // len(piece))
        for _ in range(3):
            once, twice = (seconds(splitter, piece * n) for n in (times, 2 * times))
            if twice <= 3 * once or twice < 0.02:
                break
        else:
            worse.append(name)
        a_megabyte = twice / (2 * times * len(piece)) * 1e6
        print(f"{name:24} {once:8.3f} {twice:8.3f} {a_megabyte:6.2f}")
    if worse:
        sys.exit(f"worse than linear: {', '.join(worse)}")


def seconds(splitter: SentenceSplitter, text: str) -> float:
    began = time.process_time()
    splitter.units(text)
    return time.process_time() - began


if __name__ == "__main__":
    main()
