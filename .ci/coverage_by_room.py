"""Print the branch coverage of each room; fail if a core room is below its floor.

The argument is a report that `coverage json` wrote.
"""

import json
import sys
from collections import defaultdict

FLOOR = 95.0  # %
CORE = {
    "recomp_core/types", "recomp_core/text", "recomp_core/extractive", "recomp_core/abstractive",
    "recomp_core/persistence", "recomp_core/integration", "langchain_recomp", "llamaindex_recomp",
}  # fmt: skip


def room_of(file: str) -> str:
    """The folder below `recomp_core`, or the module's name; an adapter is one room."""
    package, *below = file.removesuffix(".py").split("/")
    return f"{package}/{below[0]}" if package == "recomp_core" and below else package


def coverage_by_room(files: dict[str, dict[str, dict[str, int]]]) -> dict[str, tuple[int, float]]:
    """For each room its statements, and the share of statements and branches that ran, in %."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for file, entry in files.items():
        summary, count = entry["summary"], counts[room_of(file)]
        count[0] += summary["num_statements"]
        count[1] += summary["covered_lines"] + summary["covered_branches"]
        count[2] += summary["num_statements"] + summary["num_branches"]
    return {
        room: (statements, 100 * covered / all_ if all_ else 100.0)
        for room, (statements, covered, all_) in counts.items()
    }


def main(path: str) -> int:
    """Print a table of the rooms; 1 if a core room is below the floor or missing."""
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    rooms = coverage_by_room(report["files"])
    for room, (statements, share) in sorted(rooms.items()):
        mark = f"  core, at least {FLOOR:g} %" if room in CORE else ""
        print(f"{room:30} {statements:6} statements {share:7.2f} %{mark}")
    totals = report["totals"]
    print(f"{'all':30} {totals['num_statements']:6} statements {totals['percent_covered']:7.2f} %")
    low = sorted(room for room in CORE if rooms.get(room, (0, 0.0))[1] < FLOOR)
    if low:
        print(f"below {FLOOR:g} %: {', '.join(low)}", file=sys.stderr)
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
