"""Mails: the headers above, also those of a quoted mail, and the signature below."""

from __future__ import annotations

import re

from .labels import MAIL_HEADER, SUBJECT
from .scan import Scan

# What a mail has as it was sent: any header, and those that show that it is one.
_ANY_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*:(?:[ \t]|$)|From \S+@\S+ ")
_TRACE_HEADER = re.compile(
    r"(?:return-path|received|delivered-to|dkim-signature|message-id|mime-version|list-id|"
    r"authentication-results|content-type|x-[a-z-]+):",
    re.IGNORECASE,
)
_FEWEST_KNOWN = 3
# A signature has at most so many lines.
_LONGEST_SIGNATURE = 10


def mail_headers(scan: Scan, number: int) -> int | None:
    """Read the headers of a mail: its subject is a heading.

    Args:
        scan: The walk.
        number: The line where they may begin.

    Returns:
        The line after them, or None.
    """
    if not scan.blocks and not scan.depth:
        end = _end_of_raw_headers(scan, number)
        if end is not None:
            _add_headers(scan, number, end)
            return end
    stop = number
    while stop < len(scan.lines) and MAIL_HEADER.match(scan.lines[stop].text):
        stop += 1
    if stop - number < 2:
        return None
    _add_headers(scan, number, stop)
    return stop


def _end_of_raw_headers(scan: Scan, number: int) -> int | None:
    """The line after the headers of a mail as it was sent; None if a document begins otherwise.

    Its programs write headers of any name. Those that are usual show that it is a mail.
    """
    stop = number
    known = of_programs = 0
    while stop < len(scan.lines) and not scan.lines[stop].blank:
        line = scan.lines[stop]
        folded = line.indent > 0 and stop > number
        if not folded and _ANY_HEADER.match(line.text) is None:
            break
        if not folded:
            known += MAIL_HEADER.match(line.text) is not None
            of_programs += _TRACE_HEADER.match(line.text) is not None
        stop += 1
    return stop if of_programs and known + of_programs >= _FEWEST_KNOWN else None


def _add_headers(scan: Scan, number: int, stop: int) -> None:
    for at in range(number, stop):
        line = scan.lines[at]
        if line.indent and scan.blocks and at > number:
            scan.blocks[-1].end = line.end  # a folded header goes on
            continue
        kind = "heading" if SUBJECT.match(line.text) else "boilerplate"
        scan.add(kind, at, at + 1, 1)


def signature(scan: Scan, number: int) -> int | None:
    """Read a signature, below "--".

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    if scan.lines[number].text != "--":
        return None
    stop = number + 1
    while stop < len(scan.lines) and not scan.lines[stop].blank:
        if stop - number == _LONGEST_SIGNATURE:
            break
        stop += 1
    scan.add("boilerplate", number, stop)
    return stop
