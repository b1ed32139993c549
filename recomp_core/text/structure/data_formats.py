"""JSON, YAML, INI and TOML to entries, each under the keys that lead to it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence

from ..division import approximate_tokens
from .lines import Block, Line

# A record or a list of values of this many tokens is one entry.
_RECORD = 64
# A longer record is named by the first of these that it has, or else by its first member.
_NAMES = (
    '"name"', '"title"', '"id"', '"key"', '"label"',
    "<name>", "<title>", "<id>", "<key>", "<label>",
)  # fmt: skip
_DEEPEST = 100
# As many lines tell whether a text is a program's settings.
_SAMPLE = 500

_BARE_TOKEN = re.compile(r'[{}\[\],:]|[^\s{}\[\],:"]+')
# What is still open at the end is told, so that not every later mark is tried to its end, too.
_TOKEN = re.compile(
    rf'"[^"\\]*(?:\\.[^"\\]*)*(?:"|(?P<open>\\?\Z))|{_BARE_TOKEN.pattern}', re.DOTALL
)


def record_blocks(text: str, start: int, end: int) -> list[Block]:
    """Divide a record of JSON into its members.

    Args:
        text: The document's text.
        start: The offset of the record's brace.
        end: The offset after its end.

    Returns:
        The member that names the record, with the others below it; nothing if it is no record.
    """
    members = json_blocks(text, start, end) or []
    return [named_record(text, members)] if len(members) > 1 else []


def is_short_record(text: str, start: int, end: int) -> bool:
    """Tell whether a record is short enough for one entry.

    Args:
        text: The document's text.
        start: The offset of the record's beginning.
        end: The offset after its end.

    Returns:
        Whether it is.
    """
    return end - start <= 4 * _RECORD and approximate_tokens(text[start:end]) <= _RECORD


class _NotJSONError(ValueError):
    pass


def json_blocks(text: str, start: int = 0, end: int | None = None) -> list[Block] | None:
    """Read JSON, or JSON Lines.

    Args:
        text: The document's text.
        start: Where to begin.
        end: Where to end; None for the end of the text.

    Returns:
        Keys and entries: an entry is a member with a plain value, or an element of a list. None if
        the text is no JSON.
    """
    end = len(text) if end is None else end
    tokens = _tokens(text, start, end)
    values: list[tuple[int, int, list[Block]]] = []
    position = 0
    try:
        while position < len(tokens):
            first = position
            inside: list[Block] = []
            position = _value(text, tokens, first, inside, 0, None)
            values.append((tokens[first][0], tokens[position - 1][1], inside))
    except (_NotJSONError, IndexError):
        return None
    if len(values) == 1:
        return values[0][2] or None
    # JSON Lines: each is a record, like the elements of a list.
    return [block for value in values for block in _folded(text, *value)] or None


def _folded(text: str, start: int, end: int, inside: list[Block]) -> list[Block]:
    """A record among others: whole if it is short, else its name with the other members below."""
    if len(inside) == 1 and not inside[0].children:
        return inside
    if is_short_record(text, start, end):
        return [Block("entry", start, end)]
    return [named_record(text, inside)] if text[start] == "{" else inside


def _tokens(text: str, start: int, end: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text, start, end):
        if match["open"] is not None:
            # No later string ends either: its marks are skipped.
            rest = _BARE_TOKEN.finditer(text, match.start() + 1, end)
            return found + [token.span() for token in rest]
        found.append(match.span())
    return found


def _value(
    text: str,
    tokens: Sequence[tuple[int, int]],
    position: int,
    blocks: list[Block],
    depth: int,
    key: int | None,
) -> int:
    """Read the value at a token, into blocks; returns the token after it.

    Without recursion for long lists: only nesting costs a call, and it is bounded.
    """
    start, end = tokens[position]
    opening = text[start]
    if opening not in "{[":
        if opening in "}],:":
            raise _NotJSONError
        if opening != '"':
            _check_literal(text[start:end])
        blocks.append(Block("entry", start if key is None else key, end))
        return position + 1
    if depth > _DEEPEST:
        raise _NotJSONError
    closing = "}" if opening == "{" else "]"
    children: list[Block] = []
    at = position + 1
    plain = True
    while text[tokens[at][0]] != closing:
        name: int | None = None
        if opening == "{":
            first, last = tokens[at]
            if text[first] != '"' or text[tokens[at + 1][0]] != ":":
                raise _NotJSONError
            name = first
            at += 2
            if text[tokens[at][0]] in "{[":
                plain = False
                key_block = Block("key", first, last)
                at = _value(text, tokens, at, key_block.children, depth + 1, None)
                key_block = _as_entry(text, key_block, tokens[at - 1][1])
                children.append(key_block)
            else:
                at = _value(text, tokens, at, children, depth + 1, name)
        else:
            plain = plain and text[tokens[at][0]] not in "{["
            first = tokens[at][0]
            inside: list[Block] = []
            at = _value(text, tokens, at, inside, depth + 1, None)
            children.extend(_folded(text, first, tokens[at - 1][1], inside))
        if text[tokens[at][0]] == ",":
            at += 1
        elif text[tokens[at][0]] != closing:
            raise _NotJSONError
    last = tokens[at][1]
    if opening == "[" and plain and children and is_short_record(text, start, last):
        children = [Block("entry", start, last)]
    if not children:
        children = [Block("entry", start if key is None else key, last)]
    blocks.extend(children)
    return at + 1


def named_record(text: str, members: list[Block]) -> Block:
    """Put the members of a record below the one that names it.

    Args:
        text: The document's text.
        members: The record's members.

    Returns:
        The record.
    """
    plain = [member for member in members if member.kind == "entry"]
    if not plain or plain[0] is not members[0]:
        return Block("quote", members[0].start, members[0].start, children=members)
    named = (one for key in _NAMES for one in plain if text.startswith(key, one.start))
    name = next(named, plain[0])
    # What stands before the name stays beside it: a unit comes after those that it stands under.
    before = members.index(name)
    name.children = members[before + 1 :]
    if not before:
        return name
    return Block("quote", members[0].start, members[0].start, children=[*members[:before], name])


def _as_entry(text: str, key: Block, end: int) -> Block:
    """A key with a list of values, or with nothing in it, is one entry."""
    only = key.children[0] if len(key.children) == 1 else None
    if only is not None and only.kind == "entry" and not only.children and text[only.start] in "[{":
        return Block("entry", key.start, end)
    return key


def _check_literal(literal: str) -> None:
    if literal not in ("true", "false", "null"):
        try:
            json.loads(literal)
        except ValueError:
            raise _NotJSONError from None


_SECTION = re.compile(r"\[{1,2}[^\[\]\n]{1,80}\]{1,2}(?:\s*[#;].*)?$")
_PAIR = re.compile(
    r"(?:- +)*(?:[\w$][\w .$/@-]{0,60}|\"[^\"\n]{1,60}\"|'[^'\n]{1,60}')\s*(?:[:=](?=\s|$)|=)"
)
_IDENTIFIER = re.compile(r"(?:- +|export[ ])*[\"']?[\w$./@-]+[\"']?\s*(?:[:=](?:\s|$)|=)")
# Of an environment: no form has names in capitals with "=" after them.
_VARIABLE = re.compile(r"(?:export[ ])?[A-Z][A-Z0-9_]*=")
_KEY_ONLY = re.compile(r"(?:- +)*[^\s#][^#\n]{0,80}:\s*(?:[|>&!][^\s]*)?\s*(?:#.*)?$")


def looks_like_settings(lines: Sequence[Line]) -> bool:
    """Tell whether lines are YAML, INI or TOML.

    Args:
        lines: All lines of the text.

    Returns:
        Whether most of them are keys with values, and something shows that a program reads them:
        nested keys, sections, or keys that are all single words.
    """
    given = [line for line in lines[:_SAMPLE] if not line.blank and line.text[0] not in "#;"]
    if len(given) < 3:
        return False
    pairs = sum(_IDENTIFIER.match(line.text) is not None for line in given)
    items = sum(line.text.startswith("- ") for line in given)
    sections = sum(_SECTION.match(line.text) is not None for line in given)
    values = sum(line.indent > 0 for line in given)
    keys = sum(
        _KEY_ONLY.match(line.text) is not None and not line.text.startswith("- ") for line in given
    )
    if pairs + items + sections < 0.85 * len(given) or pairs < 0.3 * len(given):
        return False
    small = sum(
        line.text[0].islower() or line.text[0] in "-[\"'_" or _VARIABLE.match(line.text) is not None
        for line in given
    )
    return sections > 0 or (keys > 0 and values > 0) or small >= 0.9 * len(given)


def settings_blocks(lines: Sequence[Line]) -> list[Block]:
    """Read YAML, INI or TOML.

    Args:
        lines: All lines of the text.

    Returns:
        Keys with what is indented below them, sections with their pairs, and entries.
    """
    roots: list[Block] = []
    stack: list[tuple[int, Block]] = []
    comments: list[Line] = []
    entry: tuple[int, Block] | None = None
    folded = 0
    # A section that comes again is a record among others, which its first pair tells from them.
    sections = Counter(line.text for line in lines if _is_section(line))
    is_unnamed = False
    for number, line in enumerate(lines):
        if number < folded:
            continue
        if line.blank:
            entry = None
            continue
        if line.text[0] in "#;" and (entry is None or line.indent <= entry[0]):
            comments.append(line)
            continue
        if _is_section(line):
            is_record = sections[line.text] > 1
            start = comments[0].start if comments and is_record else line.start
            stop = _end_of_section(lines, number) if is_record else None
            entry = None
            comments.clear()
            if stop is not None:
                roots.append(Block("entry", start, lines[stop - 1].end))
                stack, folded = [], stop
            else:
                stack = [(-1, _put(roots, [], Block("key", start, line.end)))]
                is_unnamed = is_record
            continue
        if entry is not None and line.indent > entry[0] and not _PAIR.match(line.text):
            entry[1].end = line.end  # the value goes on
            continue
        while stack and stack[-1][0] >= line.indent:
            stack.pop()
        kind = "key" if _KEY_ONLY.match(line.text) else "entry"
        start = comments[0].start if comments and kind == "entry" else line.start
        block = _put(roots, stack, Block(kind, start, line.end))
        comments.clear()
        if is_unnamed and kind == "entry":
            stack.append((-1, block))
            entry, is_unnamed = (line.indent, block), False
            continue
        if line.text.startswith("- ") and _PAIR.match(line.text):
            stop = _end_of_record(lines, number)
            if stop is not None:
                block.kind, block.end, folded = "entry", lines[stop - 1].end, stop
                entry = None
                continue
        if line.text.startswith("- ") and kind == "entry" and _PAIR.match(line.text):
            # The first pair of a record in a list: the others stand below it, as one entry.
            entry = (line.indent, block)
            _open(stack, line, block)
            continue
        if kind == "key":
            _open(stack, line, block)
            entry = (line.indent, block) if line.text.endswith(("|", ">", "|-", ">-")) else None
        else:
            entry = (line.indent, block)
    roots += (Block("line", line.start, line.end) for line in comments)
    return roots


def _is_section(line: Line) -> bool:
    return _SECTION.match(line.text) is not None and not line.text.startswith("- ")


def _end_of_section(lines: Sequence[Line], number: int) -> int | None:
    """The line after a section that is short enough for one entry; None if it is long.

    What is commented above the next section belongs to that one.
    """
    size = 0
    stop = number
    for at in range(number, len(lines)):
        line = lines[at]
        if at > number and _is_section(line):
            break
        size += approximate_tokens(line.text)
        if size > _RECORD:
            return None
        if not line.blank and line.text[0] not in "#;":
            stop = at + 1
    return stop


def _end_of_record(lines: Sequence[Line], number: int) -> int | None:
    """The line after a list's record that is short enough for one entry; None if it is long."""
    size = approximate_tokens(lines[number].text)
    stop = number + 1
    for at in range(number + 1, len(lines)):
        if lines[at].blank:
            continue
        if lines[at].indent <= lines[number].indent:
            break
        size += approximate_tokens(lines[at].text)
        stop = at + 1
        if size > _RECORD:
            return None
    return stop if stop > number + 1 else None


def _open(stack: list[tuple[int, Block]], line: Line, block: Block) -> None:
    """Let what is indented below a line stand under it; what is too deep stands beside it."""
    if len(stack) < _DEEPEST:
        stack.append((line.indent, block))


def _put(roots: list[Block], stack: Sequence[tuple[int, Block]], block: Block) -> Block:
    (stack[-1][1].children if stack else roots).append(block)
    return block
