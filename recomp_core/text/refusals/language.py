"""What is known of a language: its patterns, and those that all languages share."""

# ruff: noqa: E501 - broken patterns are hard to read

from __future__ import annotations

from typing import NamedTuple


class Language(NamedTuple):
    """How one language says it.

    `<NAME>` in a pattern stands for the pattern of that name in `words` or `WORDS`.

    Attributes:
        words: Parts of the patterns, by name: what the language calls the documents (`DOCS`), verbs
            for what they say (`SAY`), words for information (`INFO`), questions (`ASK`) …
        leads: What may stand before a clause: "unfortunately, ".
        named: Leads that name the documents: "according to the documents, ".
        lacks: Clauses that say that the documents do not help.
        then: Clauses that say so only where the documents have been named before, by a lead or in
            an earlier clause: "it does not mention the tower".
        fillers: Clauses that say neither that nor anything else: "I'm sorry".
        joints: What stands between two clauses. A reason or an exception may be news.
        news: What stands before a statement that goes on in the same clause, see `news`: another
            joint, which the reason after the agreed word must not hold.
        script: The scripts of its letters, as in `regex`; the first letter of a reply has one.
    """

    words: dict[str, str]
    leads: str
    named: str
    lacks: tuple[str, ...]
    then: tuple[str, ...]
    fillers: tuple[str, ...]
    joints: str
    news: str = r"(?!)"
    script: str = r"\p{Latin}"


def news(*, ands: str, verbs: str, unlike: str, lacking: str, exceptions: str) -> str:
    """The pattern of `Language.news`: "… do not name the builder, and the mason was Anna".

    A list of what the documents lack goes on without a verb, and a question with its own word; so a
    statement is a subject and a finite verb after a conjunction, a comma or a bracket. An exception
    ("… save for Anna") says what the documents hold.

    Args:
        ands: Conjunctions.
        verbs: Finite verbs that most statements have.
        unlike: Words that no such subject holds: those of questions, relative ones, denials.
        lacking: What follows the verb of a clause that says again that something is lacking.
        exceptions: Words before an exception.

    Returns:
        The pattern.
    """
    word = rf"(?!(?:{unlike}|{verbs})(?!\w))[^\s\d,;()]+ "
    verb = rf"(?:{verbs})(?!\w)(?! (?:{lacking})(?!\w))"
    return rf"(?:,? (?:{ands}) |, | ?\()(?=(?:{word}){{1,6}}?{verb})|,? (?:{exceptions})(?= )"


# Each gap has a bound or ends a pattern, so that hostile texts take no long time.
#
# What the documents lack has no figure in it ("do not mention the fee of 20 euros"), but a question
# or a topic may ("who built the tower in 1871"), up to its first comma.
WORDS = {
    "REST": r"(?!\w)[^\d]*",
    "TOPIC": r"(?!\w)[^,]*(?:,[^\d]*)?",
    "FEW": r"(?:[^\s\d,]+ ){0,4}?",
    "SOME": r"(?:[^\s\d,]+ ){0,8}?",
    # What is worth saying of documents if they have none.
    "FLAW": r"(?:[^\s\d,]+ ){0,2}?(?:errors?|mistakes?|typos?|contradictions?|signatures?|fehler|widerspr(?:ü|ue)che|erreurs?|fautes?|errores|errori|erros?|fout(?:en)?|ошиб\w+)(?!\w)",
    "NUMBER": r"[#(]?\d{1,2}\)?(?:,? (?:[^\s\d,]+ ){0,3}?[#(]?\d{1,2}\)?){0,4}",
}
"""Parts of the patterns that every language can name."""
