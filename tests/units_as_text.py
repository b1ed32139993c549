"""Units of a document as text, for tests that say by hand how it is read."""

from recomp_core.text.joining import is_seam
from recomp_core.text.splitting import SentenceSplitter
from recomp_core.text.units import path_text


def read(text, stated=None):
    """The units as lines: `kind | text | what it stands under`."""
    shown = []
    for unit in SentenceSplitter("en").units(text, stated):
        said = text[unit.start : unit.end].replace("\n", "⏎")
        shown.append(" | ".join([unit.kind, said, *filter(None, [path_text(text, unit.path)])]))
    return shown


def check_chunks(text, cut):
    """Check that nothing is lost of the two parts of a text: retrieval cuts anywhere."""
    for piece in (text[: int(len(text) * cut)], text[int(len(text) * cut) :]):
        position = 0
        spans = set()
        for unit in SentenceSplitter("en").units(piece):
            assert position <= unit.start < unit.end
            assert all(span in spans for span in unit.path), "a path leads to units before"
            if not unit.markup and "<" not in piece:
                assert is_seam(piece[position : unit.start])
            spans.add((unit.start, unit.end))
            position = unit.end
        if "<" not in piece:
            assert is_seam(piece[position:])
