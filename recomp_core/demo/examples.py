"""The examples that the page offers."""

from __future__ import annotations

from collections.abc import Callable

from ..data.examples import bridge, lighthouse, questions, web_page
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
    "A web page": web_page,
    "一个中文问题": bridge,
}
