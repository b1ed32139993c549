"""The command `recomp compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._utils.json_values import pretty
from .messages import set_up_messages
from .output import print_table, write

if TYPE_CHECKING:
    from collections.abc import Sequence


def compare(
    first: Annotated[Path, typer.Argument(metavar="A.jsonl", help="What evaluate --output wrote.")],
    second: Annotated[
        Path | None,
        typer.Argument(metavar="[B.jsonl]", help="Another run, over the same questions."),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(help="What to compare; several times for several. Default: answer_recall."),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(help="The system; twice for one of each. Default: the first of each run."),
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option(help="A setting; twice for one of each. Default: the first.")
    ] = None,
    at_rate: Annotated[
        float | None, typer.Option(help="Compare the curves at this compression rate.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON to standard output instead of a table.")
    ] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown instead of a table.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the intervals.")] = 0,
) -> None:
    """Is B better than A? Paired by question, with an interval and a verdict.

    recomp compare before.jsonl after.jsonl --at-rate 0.1

    recomp compare rows.jsonl --system bm25 --system recomp
    """
    set_up_messages(verbose=False)
    from ..evaluation.comparison import compare as run
    from ..evaluation.reports.markdown import comparison_cells, comparison_table
    from ..evaluation.results import Evaluation

    a = Evaluation.load(first)
    b = None if second is None else Evaluation.load(second)
    systems: Any = None if system is None else _pair(system, "--system")
    chosen = (None, None) if setting is None else _pair(setting, "--setting")
    found = [
        run(a, b, systems=systems, settings=chosen, measure=name, at_rate=at_rate, seed=seed)
        for name in measure or ["answer_recall"]
    ]
    if as_json:
        write(pretty([one.to_dict() for one in found]))
    elif as_markdown:
        write(comparison_table(found))
    else:
        for one in found:
            print_table(["", ""], comparison_cells(one), title=one.verdict)


def _pair(values: Sequence[str], option: str) -> tuple[str, str]:
    if len(values) > 2:
        raise typer.BadParameter("give it once or twice", param_hint=option)
    return values[0], values[-1]
