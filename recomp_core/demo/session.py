"""What the page shows: scores, computed once per question, and what each setting keeps of them.

It has no user interface.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..extractive.compressor import ExtractiveCompressor
from ..extractive.scoring import DualEncoderScorer
from ..extractive.selection import All, Selector, Threshold, TokenBudget, TopK, TopP
from ..models.encoders.reading import reader_of
from ..protocols import SentenceScorer, SpanEncoder
from ..text.tokens import encoder_token_counter
from ..types import Compression, Context, Document, ScoredSentence, ScoringTask

REMEMBERED = 32  # questions whose scores are kept
DAYS_A_MONTH = 30

_BREAK = re.compile(r"^[ \t]*-{3,}[ \t]*$", re.MULTILINE)
_TITLE = re.compile(r"#[ \t]+(\S[^\n]*)(?:\n|$)")


@dataclass(frozen=True)
class Limits:
    """The limits that the sliders set; None stands for no limit, and all others hold together.

    Attributes:
        top_k: See `TopK`.
        top_p: See `TopP`.
        min_score: See `Threshold`.
        max_tokens: See `TokenBudget`.
        temperature: Of `TopP`.
    """

    top_k: int | None = None
    top_p: float | None = None
    min_score: float | None = None
    max_tokens: int | None = None
    temperature: float = TopP.temperature

    @classmethod
    def of(cls, selector: Selector) -> Limits:
        """Read the limits of a selector.

        Args:
            selector: The selector; one of another kind has no limits that can be shown.

        Returns:
            The limits.
        """
        parts = selector.selectors if isinstance(selector, All) else (selector,)
        found: dict[str, Any] = {}
        for part in parts:
            if isinstance(part, TopK):
                found["top_k"] = int(part.k)
            elif isinstance(part, TopP):
                found |= {"top_p": float(part.p), "temperature": float(part.temperature)}
            elif isinstance(part, Threshold):
                found["min_score"] = float(part.min_score)
            elif isinstance(part, TokenBudget):
                found["max_tokens"] = int(part.max_tokens)
        return cls(**found)

    def selector(self, count_tokens: Callable[[str], int]) -> Selector:
        """Make a selector of all limits together.

        Args:
            count_tokens: Counts the tokens of a text.

        Returns:
            The selector; without any limit, one that keeps everything.

        Raises:
            ValueError: A limit is out of range.
        """
        policies: list[Selector] = []
        if self.top_k is not None:
            policies.append(TopK(self.top_k))
        if self.top_p is not None:
            policies.append(TopP(self.top_p, self.temperature))
        if self.min_score is not None:
            policies.append(Threshold(self.min_score))
        if self.max_tokens is not None:
            policies.append(TokenBudget(self.max_tokens, count_tokens))
        if not policies:
            return Threshold(-math.inf)
        return policies[0] if len(policies) == 1 else All(*policies)


@dataclass(frozen=True)
class Price:
    """What a reader model costs.

    Attributes:
        per_million: The price of a million input tokens.
        calls_per_day: How often it is called.
    """

    per_million: float
    calls_per_day: int

    def __post_init__(self) -> None:
        for name, value in (
            ("per_million", self.per_million),
            ("calls_per_day", self.calls_per_day),
        ):
            if not 0 <= value < math.inf:
                raise ValueError(f"a price needs {name} of at least 0, got {value!r}")

    def per_month(self, tokens: int) -> float:
        """Compute the cost of 30 days.

        Args:
            tokens: Input tokens of each call.

        Returns:
            The cost, in the currency of the price.
        """
        return tokens * self.per_million / 1e6 * self.calls_per_day * DAYS_A_MONTH


@dataclass(frozen=True)
class Trial:
    """One question at one setting.

    Attributes:
        compression: The result.
        tokens_before: Tokens of all documents.
        tokens_after: Tokens of the compressed text.
        scoring_seconds: Time of splitting and encoding when the question was new; None if there was
            no sentence to score.
        selecting_seconds: The additional time of this setting.
    """

    compression: Compression
    tokens_before: int
    tokens_after: int
    scoring_seconds: float | None
    selecting_seconds: float

    @property
    def ranked(self) -> tuple[ScoredSentence, ...]:
        """All sentences from the best score down; of equal ones, the earlier first."""
        return ranked(self.compression)


class Session:
    """A compressor whose scores are kept, so that another setting needs no encoding.

    Several threads may use one session.

    Args:
        compressor: An `ExtractiveCompressor`; it is not changed.
        count_tokens: The reader model's counter; by default the encoder's own tokenizer counts, and
            where it has none, characters do.
        model: The compressor's name, for the page; None for the default.
        tokenizer: The tokenizer's name, for the page; None for the default.

    Raises:
        TypeError: The compressor writes summaries, which have no such settings.
    """

    def __init__(
        self,
        compressor: ExtractiveCompressor,
        *,
        count_tokens: Callable[[str], int] | None = None,
        model: str | None = None,
        tokenizer: str | None = None,
    ) -> None:
        if not isinstance(compressor, ExtractiveCompressor):
            raise TypeError(
                "the demo shows which sentences are kept, and "
                f"{model or type(compressor).__name__} writes summaries: give it as --summarizer, "
                "and an encoder as --model"
            )
        own = encoder_token_counter(compressor) if count_tokens is None else count_tokens
        self.count_tokens = len if own is None else own
        self.unit = "characters" if own is None else "tokens"
        self.model = model
        self.tokenizer = tokenizer
        self._scorers = {
            name: RememberedScores(scorer)
            for name, scorer in _in_contexts(compressor.scorer).items()
        }
        self.contexts: tuple[str, ...] = tuple(self._scorers)
        self.context = str(getattr(compressor.scorer, "context", self.contexts[0]))
        self.limits = Limits.of(compressor.selector)
        self._compressor = compressor

    @property
    def cosine(self) -> bool:
        """Whether scores are cosines, which lie in -1…1; otherwise they have no bounds."""
        return getattr(self._compressor.scorer, "similarity_fn_name", None) == "cosine"

    def warm_up(self) -> None:
        """Score something, so that the first question's time does not include loading."""
        self.compress("Who?", ["Nobody is here."], Limits())

    def compress(
        self,
        query: str,
        documents: Iterable[str | Document],
        limits: Limits,
        context: str | None = None,
    ) -> Trial:
        """Compress as the compressor would with these limits and this context.

        The question is encoded if it was not among the latest with these documents and context.

        Args:
            query: The question.
            documents: The documents.
            limits: The limits.
            context: What a sentence is encoded with; None for the compressor's own.

        Returns:
            The result with its numbers.

        Raises:
            ValueError: The query is blank, a limit is out of range, or the scorer does not have
                that context.
            TypeError: The query or a document is of the wrong kind.
        """
        scorer = self._scorer(context)
        compressor = self.compressor(limits, context)
        started = time.perf_counter()
        compression = compressor.compress(query, documents)
        seconds = time.perf_counter() - started
        spent = scorer.spent_now()
        return Trial(
            compression,
            tokens_before=self.count_tokens(compression.original_text),
            tokens_after=self.count_tokens(compression.text),
            scoring_seconds=scorer.seconds(query, compression.documents),
            selecting_seconds=seconds - spent,
        )

    def compressor(self, limits: Limits, context: str | None = None) -> ExtractiveCompressor:
        """Make the compressor of a setting, which knows the scores of the session.

        Args:
            limits: The limits.
            context: What a sentence is encoded with; None for the compressor's own.

        Returns:
            The compressor.

        Raises:
            ValueError: A limit is out of range, or the scorer does not have that context.
        """
        layout = self._compressor.layout
        compressor = ExtractiveCompressor(
            self._scorer(context),
            selector=limits.selector(self.count_tokens),
            splitter=self._compressor.splitter,
            separator=layout.separator,
            elision=layout.elision,
            document_separator=layout.document_separator,
            expand=self._compressor.expand,
            outline=self._compressor.outline,
            titles=layout.titles,
            prefilter=self._compressor.prefilter,
        )
        compressor.evidence = self._compressor.evidence
        return compressor

    def readable_share(self, text: str) -> float:
        """Measure how much of a text the encoder's vocabulary knows.

        Args:
            text: The text; its beginning is read.

        Returns:
            A share from 0 to 1; 1 for a scorer without a vocabulary.
        """
        reads = reader_of(getattr(self._compressor.scorer, "encoder", None))
        return 1.0 if reads is None else float(reads(text))

    def _scorer(self, context: str | None) -> RememberedScores:
        scorer = self._scorers.get(self.context if context is None else context)
        if scorer is None:
            raise ValueError(
                f"no context {context!r} here: choose among {', '.join(self.contexts)}"
            )
        return scorer

    def code(self, limits: Limits, context: str | None = None) -> str:
        """Write the Python lines that do the same.

        Args:
            limits: The limits.
            context: What a sentence is encoded with; None for the compressor's own.

        Returns:
            The code.
        """
        given = [] if self.model is None else [repr(self.model)]
        if context is not None and context != self.context:
            given.append(f"context={context!r}")
        names = ["load_compressor"]
        helper = counter = ""
        if limits.max_tokens is not None:
            if self.tokenizer is not None:
                names.append("TokenCounter")
                counter = f"TokenCounter({self.tokenizer!r})"
            elif self.unit == "characters":
                counter = "len"
            else:
                helper = "from recomp_core.text.tokens import encoder_token_counter\n"
                counter = "encoder_token_counter(compressor)"
        policies = []
        if limits.top_k is not None:
            policies.append(f"TopK({limits.top_k})")
        if limits.top_p is not None:
            warm = "" if limits.temperature == TopP.temperature else f", {limits.temperature}"
            policies.append(f"TopP({limits.top_p}{warm})")
        if limits.min_score is not None:
            policies.append(f"Threshold({limits.min_score})")
        if limits.max_tokens is not None:
            policies.append(f"TokenBudget({limits.max_tokens}, {counter})")
        if not policies:
            policies.append('Threshold(float("-inf"))')
        names += [policy.split("(")[0] for policy in policies]
        return (
            f"from recomp_core import {', '.join(sorted(names))}\n{helper}\n"
            f"compressor = load_compressor({', '.join(given)})\n"
            f"compressor.selector = {' & '.join(policies)}\n"
            "text = compressor.compress(question, documents).text\n"
        )


class RememberedScores:
    """A scorer that scores each question with its documents once.

    Args:
        scorer: The scorer.
        most: How many questions' scores are kept.
    """

    def __init__(self, scorer: SentenceScorer, most: int = REMEMBERED) -> None:
        self.scorer = scorer
        self.most = most
        self._known: OrderedDict[Any, tuple[list[float], float]] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = threading.local()

    def score(self, tasks: Sequence[ScoringTask]) -> list[list[float]]:
        """Score tasks as the scorer itself does.

        Args:
            tasks: The tasks.

        Returns:
            One score for each sentence of each task.
        """
        with self._lock:
            return [self._scores(task) for task in tasks]

    def seconds(self, query: str, documents: tuple[Document, ...]) -> float | None:
        """Look up how long scoring took.

        Args:
            query: The question.
            documents: Its documents.

        Returns:
            The seconds; None if the scores are not kept.
        """
        with self._lock:
            known = self._known.get((query, documents))
        return known[1] if known else None

    def spent_now(self) -> float:
        """Return the time of this thread's scoring since the last call.

        Returns:
            The seconds.
        """
        spent = getattr(self._thread, "spent", 0.0)
        self._thread.spent = 0.0
        return float(spent)

    def _scores(self, task: ScoringTask) -> list[float]:
        # One splitter serves the session: the documents decide what the sentences are.
        key = (task.query, task.documents)
        if key not in self._known:
            started = time.perf_counter()
            scores = list(self.scorer.score([task])[0])
            seconds = time.perf_counter() - started
            self._thread.spent = getattr(self._thread, "spent", 0.0) + seconds
            self._known[key] = (scores, seconds)
            while len(self._known) > self.most:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key][0]


def ranked(compression: Compression) -> tuple[ScoredSentence, ...]:
    """Order the sentences of a compression by score.

    Args:
        compression: The compression.

    Returns:
        All sentences from the best score down; of equal ones, the earlier first.
    """
    return tuple(
        sorted(
            (*compression.kept, *compression.dropped),
            key=lambda sentence: (-sentence.score, sentence.doc_index, sentence.start),
        )
    )


def documents_from_text(text: str) -> list[Document]:
    """Read the documents of one text box.

    A line of `---` separates two documents. A first line `# Title` is a document's title, and no
    part of its text.

    Args:
        text: The text of the box.

    Returns:
        The documents; blank ones are left out.
    """
    return [_document(part) for part in _BREAK.split(text.replace("\r\n", "\n")) if part.strip()]


def document_from_file(name: str, raw: bytes) -> Document:
    """Read a text or Markdown file as one document.

    Args:
        name: The file's name.
        raw: Its bytes.

    Returns:
        The document. Its title is that of its first line, see `documents_from_text`, or else the
        file's name.

    Raises:
        ValueError: The file is not UTF-8.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not UTF-8 text ({error}): convert it first") from error
    document = _document(text.replace("\r\n", "\n"))
    return Document(document.text, title=document.title or name, id=name)


def text_of(documents: Iterable[Document]) -> str:
    """Write documents as the text box holds them: the inverse of `documents_from_text`.

    Args:
        documents: The documents.

    Returns:
        The text of the box.
    """
    return "\n\n---\n\n".join(
        f"# {document.title}\n\n{document.text}" if document.title else document.text
        for document in documents
    )


def _document(text: str) -> Document:
    text = text.strip()
    found = _TITLE.match(text)
    if found is None:
        return Document(text)
    return Document(text[found.end() :].strip(), title=found[1].strip())


def _in_contexts(scorer: SentenceScorer) -> dict[str, SentenceScorer]:
    """The scorer itself, and its encoder with the other contexts that it supports."""
    own = str(getattr(scorer, "context", "sentence"))
    if not isinstance(scorer, DualEncoderScorer):
        return {own: scorer}
    contexts: list[Context] = ["title", "sentence"]
    if isinstance(scorer.encoder, SpanEncoder):
        contexts.insert(0, "document")
    return {
        context: scorer
        if context == own
        else DualEncoderScorer(
            scorer.encoder, context=context, similarity_fn_name=scorer.similarity_fn_name
        )
        for context in contexts
    }
