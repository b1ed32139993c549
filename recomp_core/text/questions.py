"""Questions by how they end. Standard library only."""

from __future__ import annotations

import re

# Greek asks with a semicolon, and polite Japanese often without any mark.
_ASKS = re.compile(
    r"(?:[?？؟\u037e]|(?<=[\u0370-\u03ff\u1f00-\u1fff]);|"
    r"(?:です|ます|でした|ました|ません|でしょう|ましょう)か[。．]?)[*_]*$"
)
# Longer than all that stands at the end of a question.
_END = 12
_CLOSING = "\"'”’»)）」』 "


def asks(text: str) -> bool:
    """Tell whether a text ends in a question.

    Args:
        text: A sentence or several, without white space at the end.

    Returns:
        Whether it does. A title, quotation or aside at its end that asks does not count.
    """
    return _ASKS.search(text[-_END:]) is not None


def ends_in_question(text: str) -> bool:
    """Tell whether a line ends like a question.

    Args:
        text: The line.

    Returns:
        Whether it asks, or what stands in quotation marks or brackets at its end does.
    """
    return _ASKS.search(text[-_END:].rstrip(_CLOSING)) is not None
