r"""Any value as JSON that every strict parser reads, and back. Standard library only.

JSON has neither lone surrogates nor NaN and the infinities, though Python writes and reads them.
It has integers of any length, but Python refuses to write or read those of very many digits.
Here "\ufffd" stands for a lone surrogate, so that offsets in the text stay true, null for NaN and
the infinities, and a hexadecimal text for an integer of more than 640 digits, the lowest limit that
Python can be set to; what they were stands in a list beside them, under the key of `EXCEPTIONS`:

    {"text": "a\ufffd", "score": null, "n": "-0x1f…", "beyond_json": [
        {"at": ["text"], "surrogates": [[1, 55357]]}, {"at": ["score"], "number": "Infinity"},
        {"at": ["n"], "number": "hexadecimal"}]}

The key is there only where something stands in it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

EXCEPTIONS = "beyond_json"
"""The key under which an object says what in it JSON has no form for."""

_DEEPEST = 100  # levels; strict parsers refuse more than a few more
_TOO_LONG = 10**640
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def json_ready(value: Any) -> Any:
    """Convert a value to dicts with texts as keys, lists, texts, numbers, bools and None.

    Args:
        value: Any value.

    Returns:
        A copy. Anything else in it, such as a date or an array, is a text, and so is what lies more
        than a hundred levels deep or contains itself. A key that is an integer of more than 640
        digits is a hexadecimal text.
    """
    return _ready(value, 0)


def strict(content: Mapping[str, Any]) -> dict[str, Any]:
    """Convert an object to one that every strict JSON parser reads.

    Args:
        content: Any values.

    Returns:
        A copy as by `json_ready`, with the list of exceptions if there are any.
    """
    exceptions: list[dict[str, Any]] = []
    written: dict[str, Any] = _strict(_ready(content, 0), [], exceptions)
    return {**written, EXCEPTIONS: exceptions} if exceptions else written


def restored(content: Any) -> Any:
    """Convert what `strict` made back.

    Args:
        content: JSON values; they are changed in place.

    Returns:
        The same without the list of exceptions.

    Raises:
        ValueError: The list has another form.
    """
    if not isinstance(content, dict) or EXCEPTIONS not in content:
        return content
    exceptions = content.pop(EXCEPTIONS)
    try:
        if not isinstance(exceptions, list):
            raise TypeError(f"got {exceptions!r:.80}")
        # Names last, and the inner ones first: the places are those of what was written.
        for exception in sorted(exceptions, key=lambda it: ("key" in it, -len(it["at"]))):
            _restore(content, exception)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise ValueError(f'"{EXCEPTIONS}" does not fit the values beside it: {error}') from error
    return content


def pretty(content: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """Write JSON for people, which every strict parser reads, too.

    Args:
        content: One object, or several; see `strict`.

    Returns:
        The text, indented.
    """
    written = strict(content) if isinstance(content, Mapping) else [strict(it) for it in content]
    return json.dumps(written, ensure_ascii=False, allow_nan=False, indent=2)


def as_json(value: Any) -> str:
    """Write JSON of any value, which every strict parser reads, where only a text can stand.

    Args:
        value: The value.

    Returns:
        The text, in ASCII. It does not say what JSON had no form for.
    """
    return json.dumps(strict({"": value})[""], allow_nan=False)


def parsed(text: str | bytes) -> Any:
    """Parse JSON, and restore what `strict` put aside.

    Args:
        text: The JSON text.

    Returns:
        The values.

    Raises:
        ValueError: It is no JSON, or nested too deeply.
    """
    try:
        return restored(json.loads(text))
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        if "integer string conversion" not in str(error):
            raise
        raise ValueError("the JSON has an integer of too many digits: write it as text") from error


def _ready(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping) and depth <= _DEEPEST:
        return {_as_text(key): _ready(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and depth <= _DEEPEST:
        return [_ready(item, depth + 1) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return _as_text(value)


def _as_text(value: Any) -> str:
    if _is_long(value):
        return hex(value)
    try:
        return str(value)
    except Exception:  # of another's class, or nested too deeply
        return f"<{type(value).__name__}>"


def _strict(value: Any, at: list[str | int], exceptions: list[dict[str, Any]]) -> Any:
    if isinstance(value, str):
        text = _replaced(value)
        if text is not value:
            codes = [[n, ord(c)] for n, c in enumerate(value) if _is_surrogate(c)]
            exceptions.append({"at": at, "surrogates": codes})
        return text
    if _is_long(value):
        exceptions.append({"at": at, "number": "hexadecimal"})
        return hex(value)
    if isinstance(value, float) and not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        exceptions.append({"at": at, "number": name})
        return None
    if isinstance(value, dict):
        written: dict[str, Any] = {}
        for key, item in value.items():
            name = _replaced(key)
            if name is not key:
                while name in value or name in written:
                    name += "\ufffd"
                exceptions.append({"at": [*at, name], "key": [ord(c) for c in key]})
            written[name] = _strict(item, [*at, name], exceptions)
        return written
    if isinstance(value, list):
        return [_strict(item, [*at, n], exceptions) for n, item in enumerate(value)]
    return value


def _replaced(text: str) -> str:
    """The text with a mark for each lone surrogate; the same object if there is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if _is_surrogate(c) else c for c in text)
    return text


def _is_long(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= _TOO_LONG


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _restore(content: Any, exception: Mapping[str, Any]) -> None:
    *way, last = exception["at"]
    for step in way:
        content = content[step]
    if "key" in exception:
        content["".join(map(chr, exception["key"]))] = content.pop(last)
    elif exception.get("number") == "hexadecimal":
        content[last] = int(content[last], 16)
    elif "number" in exception:
        content[last] = _NUMBERS[exception["number"]]
    else:
        characters = list(content[last])
        for offset, code in exception["surrogates"]:
            characters[offset] = chr(code)
        content[last] = "".join(characters)
