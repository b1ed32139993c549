"""The examples that the page offers."""

from __future__ import annotations

from collections.abc import Callable

from ..data.examples import bridge, lighthouse, questions
from ..types import Document

Example = Callable[[], tuple[str, list[Document]]]


def _of(identity: str) -> Example:
    def example() -> tuple[str, list[Document]]:
        found = next(q for q in questions() if q.id == identity)
        return found.query, list(found.documents)

    return example


EXAMPLES: dict[str, Example] = {
    "A lighthouse": lighthouse,
    "A question that needs two documents": _of("two-hops"),
    "A question without an answer": _of("no-answer"),
    "一个中文问题": bridge,
}
