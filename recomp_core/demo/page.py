"""The page of `recomp demo`: a script that Streamlit runs again at every move of a slider.

`session` computes what it shows, and `view` draws it; this is the page's layout.
"""

from __future__ import annotations

import logging
import math

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from recomp_core._utils.jsonl import described
from recomp_core.demo.examples import EXAMPLES
from recomp_core.demo.models import HOW_TO_WRITE, Models, Writer
from recomp_core.demo.serving import served
from recomp_core.demo.session import (
    Limits,
    Price,
    Session,
    Trial,
    document_from_file,
    documents_from_text,
    text_of,
)
from recomp_core.demo.view import figures_fragment, scores_fragment
from recomp_core.text.html import compression_fragment
from recomp_core.types import Compression, Document

logger = logging.getLogger("recomp_core.demo.page")

CONTEXTS = {
    "document": "its whole document",
    "title": "its document's title",
    "sentence": "nothing else",
}


def page() -> None:
    """Draw the page from top to bottom."""
    st.set_page_config(page_title="RECOMP", page_icon="✂️", layout="wide")
    models = served()
    _start(models.session)
    st.header("What does the question need?", anchor=False)
    st.caption(f"Sentences that help to answer stay, the others go. {_privacy(models.writer)}")
    left, right = st.columns([2, 3], gap="large")
    try:
        with left:
            query, documents = _question()
            with st.spinner("Reading…"):
                session = _session(models, documents)
            context = _context(session, first=session is models.session)
            with st.spinner("Reading…"):
                everything = session.compress(query, documents, Limits(), context)
            limits = _limits(session, everything)
            price = _price(session)
        trial = session.compress(query, documents, limits, context)
        with right:
            summary = _findings(session, trial, price, session.code(limits, context))
            with summary:
                _summary(models.writer, session, trial.compression, limits, context)
    except (ValueError, TypeError) as error:
        right.error(str(error))
    except Exception as error:  # the page says what went wrong, the log says where
        logger.exception("the page failed")
        right.error(f"This did not work: {described(error)}")


def _start(session: Session) -> None:
    """Set what the widgets show at first, and restore what they showed before an error.

    Streamlit forgets a widget that was not drawn, unless its state is written again.
    """
    state = st.session_state
    if "started" in state:
        for name in state["started"]:
            state[name] = state[name]
        return
    limits = session.limits
    defaults = {
        "example": next(iter(EXAMPLES)),
        "context": session.context,
        # A compressor with a selector of another kind begins with two sentences, as usual.
        "use_top_k": limits.top_k is not None or limits == Limits(),
        "top_k": limits.top_k or 2,
        "use_top_p": limits.top_p is not None,
        "top_p": limits.top_p or 0.6,
        "use_min_score": limits.min_score is not None,
        "min_score": 0.3 if limits.min_score is None else limits.min_score,
        "use_max_tokens": limits.max_tokens is not None,
        "max_tokens": limits.max_tokens or 100,
        "price": 1.0,
        "calls": 10_000,
    }
    for name, value in defaults.items():
        state[name] = value
    state["started"] = (*defaults, "question", "documents")
    _fill(state["example"])


def _fill(name: str) -> None:
    query, documents = EXAMPLES[name]()
    st.session_state["question"] = query
    st.session_state["documents"] = text_of(documents)


def _question() -> tuple[str, list[Document]]:
    st.selectbox(
        "Example",
        list(EXAMPLES),
        key="example",
        on_change=lambda: _fill(st.session_state["example"]),
    )
    query = st.text_input("Question", key="question")
    text = st.text_area(
        "Documents",
        key="documents",
        height=200,
        help="Text, Markdown or the HTML of a web page. A line of three hyphens (---) stands "
        "between two documents. A first line that begins with # is a document's title.",
    )
    documents = documents_from_text(text)
    files = st.expander("Files").file_uploader(
        "Text, Markdown or HTML files, one document each",
        type=["md", "markdown", "txt", "html", "htm"],
        accept_multiple_files=True,
    )
    return query, [*documents, *(document_from_file(f.name, f.getvalue()) for f in files or ())]


def _privacy(writer: Writer | None) -> str:
    here = "The page runs on this machine and sends nothing anywhere"
    if writer is None or writer.address is None:
        return f"{here}."
    return f"{here}, but for summaries: {writer.name} at {writer.address} reads what stays."


def _session(models: Models, documents: list[Document]) -> Session:
    session, note = models.session_for(documents)
    if note:
        st.info(note)
    return session


def _context(session: Session, *, first: bool) -> str | None:
    if len(session.contexts) < 2:
        return None
    key = "context" if first else "other_context"  # each encoder has its own default
    st.session_state.setdefault(key, session.context)
    return st.selectbox(
        "Each sentence is read with",
        session.contexts,
        format_func=lambda name: CONTEXTS.get(name, name),
        key=key,
    )


def _limits(session: Session, everything: Trial) -> Limits:
    """Draw the sliders; their ends are those of the current documents."""
    st.subheader("What stays", anchor=False)
    sentences, tokens = len(everything.ranked), everything.tokens_before
    low, high = 0.0, 1.0
    if not session.cosine:
        scores = [sentence.score for sentence in everything.ranked] or [0.0]
        low = math.floor(min(scores))
        high = max(math.ceil(max(scores)), low + 1)
    top_k = _limit("top_k", "At most so many sentences", 1, sentences, 1)
    top_p = _limit("top_p", "The fewest with this share of the probability", 0.05, 1.0, 0.05)
    min_score = _limit(
        "min_score", "Only with at least this score", float(low), float(high), (high - low) / 100
    )
    max_tokens = _limit("max_tokens", f"At most so many {session.unit}", 1, tokens, 1)
    return Limits(
        top_k=None if top_k is None else int(top_k),
        top_p=None if top_p is None else round(top_p, 2),
        min_score=None if min_score is None else round(min_score, 4),
        max_tokens=None if max_tokens is None else int(max_tokens),
        temperature=session.limits.temperature,
    )


def _limit(key: str, label: str, low: float, high: float, step: float) -> float | None:
    """Draw a limit that can be switched off, and its slider; None if it is off."""
    used = st.checkbox(label, key=f"use_{key}")
    if high <= low:  # a slider needs two ends
        high = low + step
    state = st.session_state
    state[key] = type(low)(min(max(state[key], low), high))
    value: float = st.slider(
        label, low, high, step=step, key=key, disabled=not used, label_visibility="collapsed"
    )
    return value if used else None


def _price(session: Session) -> Price:
    st.subheader("What it costs", anchor=False)
    left, right = st.columns(2)
    per_million = left.number_input(
        f"Price of a million input {session.unit}", min_value=0.0, step=0.1, key="price"
    )
    calls = right.number_input("Calls a day", min_value=0, step=1_000, key="calls")
    return Price(float(per_million), int(calls))


def _findings(session: Session, trial: Trial, price: Price, code: str) -> DeltaGenerator:
    """Draw what was found; returns the tab of the summary."""
    st.html(figures_fragment(trial, session.unit, price))
    documents, scores, text, summary, lines = st.tabs(
        ["Documents", "Scores", "Text", "Summary", "In Python"]
    )
    with documents:
        count = None if session.unit == "characters" else session.count_tokens
        st.html(compression_fragment(trial.compression, count_tokens=count))
    with scores:
        st.html(scores_fragment(trial))
    with text:
        if trial.compression.text:
            st.code(trial.compression.text, language=None, wrap_lines=True)
        else:
            st.info("Nothing is left: prepend nothing.")
    with lines:
        st.code(code, language="python", wrap_lines=True)
    return summary


def _summary(
    writer: Writer | None,
    session: Session,
    chosen: Compression,
    limits: Limits,
    context: str | None,
) -> None:
    """Write a summary when it is asked for, and show the last one while nothing changes."""
    if writer is None:
        st.info(HOW_TO_WRITE)
        return
    st.caption(
        f"{writer.name} reads the sentences that stay and writes. Each sentence that it writes is "
        "compared with the documents, and marked where none says the same."
    )
    state, wanted = st.session_state, (chosen.query, chosen.documents, limits, context)
    if st.button("Write a summary", key="write"):
        with st.spinner("Writing… a model on a CPU may take minutes."):
            extractor = session.compressor(limits, context)
            written = writer.write(chosen.query, chosen.documents, extractor)
        state["summary"] = (wanted, written)
    if "summary" in state and state["summary"][0] == wanted:
        count = None if session.unit == "characters" else session.count_tokens
        st.html(compression_fragment(state["summary"][1], count_tokens=count))


if __name__ == "__main__":
    page()
