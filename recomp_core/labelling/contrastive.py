"""Training data of the extractive compressor: score, then mine (paper, section 3.1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..data import Question
from ..extractive.scoring import as_scorer
from ..extractive.sentences import document_sentences
from ..protocols import Splitter
from ..readers.answer_scores import AnswerRequest, AnswerScore, AnswerScorer, Kind
from ..runtime.budget import Meter
from ..store.keys import splitter_identity
from ..text.splitting import SentenceSplitter
from ..types import Document, ScoringTask, Sentence
from .fields import DIGITS, checked, question_fields, score_fields
from .labeller import Labelled
from .mining import check_mining, mine


class ContrastiveLabeller:
    """Makes records of a positive sentence and hard negatives. A `Labeller`.

    Args:
        scorer: Says how likely the answer is to the reader after a sentence and the question.
        encoder: The encoder that will be trained; its similarity finds the hard negatives. It is
            anything that `ExtractiveCompressor` takes, or such a compressor, whose splitter is then
            used too.
        epsilon: How much lower the score of a negative must be; see `mine`.
        num_negatives: The largest number of hard negatives of a question.
        needs_gain: Whether the positive must be better than no sentence at all. If it is not,
            nothing in the documents helps, and the question is set aside as unhelpful.
        splitter: From documents to sentences; None for the encoder's, or else a `SentenceSplitter`.
        keep_documents: Whether to write the documents into each record.

    Raises:
        ValueError: A setting cannot work.
    """

    def __init__(
        self,
        scorer: AnswerScorer,
        encoder: Any,
        *,
        epsilon: float = 0.0,
        num_negatives: int = 5,
        needs_gain: bool = True,
        splitter: Splitter | None = None,
        keep_documents: bool = True,
    ) -> None:
        check_mining(epsilon, num_negatives)
        self.scorer = scorer
        self.encoder = as_scorer(getattr(encoder, "scorer", encoder))
        own = getattr(encoder, "splitter", None) if splitter is None else splitter
        self.splitter = SentenceSplitter() if own is None else own
        self.epsilon = epsilon
        self.num_negatives = num_negatives
        self.needs_gain = needs_gain
        self.keep_documents = keep_documents

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the records."""
        return {
            "builder": "contrastive",
            "scorer": self.scorer.identity,
            "encoder": _described(self.encoder),
            "splitter": splitter_identity(self.splitter) or repr(self.splitter),
            "epsilon": self.epsilon,
            "num_negatives": self.num_negatives,
            "needs_gain": self.needs_gain,
            "keep_documents": self.keep_documents,
        }

    @property
    def meters(self) -> tuple[Meter, ...]:
        """The meters that count the requests and tokens of a run."""
        return (self.scorer.meter,)

    def requests(self, question: Question) -> list[AnswerRequest]:
        """List what the scorer will be asked for a question.

        Args:
            question: The question.

        Returns:
            One request without context, if gain counts, then one for each different sentence.
        """
        contexts = dict.fromkeys(sentence.text for sentence in self._sentences(question))
        contexts = {"": None, **contexts} if self.needs_gain else contexts
        return [AnswerRequest(question.query, text, question.answers) for text in contexts]

    def label(self, questions: Sequence[Question]) -> Iterator[Labelled | Exception]:
        """Label questions.

        Args:
            questions: What to label.

        Yields:
            For each question its record, or the exception that it ended with, in order.
        """
        asked = [self._try_requests(question) for question in questions]
        requests = [r for wanted in asked if not isinstance(wanted, Exception) for r in wanted]
        results = iter(self.scorer.score(requests) if requests else ())
        for question, wanted in zip(questions, asked, strict=True):
            if isinstance(wanted, Exception):
                yield wanted
                continue
            found = {request.context: next(results) for request in wanted}
            try:
                scores = dict(zip(found, checked(list(found.values())), strict=True))
                yield self._labelled(question, scores)
            except Exception as error:
                yield error

    def _try_requests(self, question: Question) -> list[AnswerRequest] | Exception:
        try:
            return self.requests(question)
        except Exception as error:
            return error

    def _sentences(self, question: Question) -> tuple[Sentence, ...]:
        return document_sentences(question.documents, self.splitter, structural=False)

    def _labelled(self, question: Question, scores: Mapping[str, AnswerScore]) -> Labelled:
        sentences = self._sentences(question)
        found = [scores[sentence.text] for sentence in sentences]
        none = scores.get("")
        record = {
            **question_fields(question, keep_documents=self.keep_documents),
            "kind": str(self.scorer.kind),
            "no_context": score_fields(none) if none else None,
            "candidates": [
                {**_place(sentence), **score_fields(score)}
                for sentence, score in zip(sentences, found, strict=True)
            ],
        }
        bounds = [score.kind is Kind.CENSORED for score in found]
        if reason := _why_unhelpful(found, bounds, none):
            return Labelled("unhelpful", {**record, "reason": reason})
        similarities = self._similarities(question, sentences)
        mined = mine(
            [score.value for score in found],
            similarities,
            epsilon=self.epsilon,
            num_negatives=self.num_negatives,
            bounds=bounds,
            texts=[sentence.text for sentence in sentences],
        )
        assert mined is not None  # noqa: S101 - not all are bounds

        def chosen(n: int) -> dict[str, Any]:
            return {
                "text": sentences[n].text,
                **_place(sentences[n]),
                **score_fields(found[n]),
                "similarity": round(float(similarities[n]), DIGITS),
            }

        record["positive"] = chosen(mined.positive)
        record["negatives"] = [chosen(n) for n in mined.negatives]
        return Labelled("example", record)

    def _similarities(self, question: Question, sentences: Sequence[Sentence]) -> Sequence[float]:
        task = ScoringTask(question.query, question.documents, tuple(sentences))
        return self.encoder.score([task])[0]


def _why_unhelpful(
    found: Sequence[AnswerScore], bounds: Sequence[bool], none: AnswerScore | None
) -> str:
    """Why no sentence can be a positive; "" if one can."""
    known = [score.value for score, bound in zip(found, bounds, strict=True) if not bound]
    if not found:
        return "there is no sentence"
    if not known:
        return "only upper bounds are known"
    if none is not None and max(known) <= none.value:
        return "no sentence is better than no context"
    return ""


def _place(sentence: Sentence) -> dict[str, int]:
    return {"doc_index": sentence.doc_index, "start": sentence.start, "end": sentence.end}


def _described(encoder: Any) -> dict[str, Any]:
    """What tells two encoders apart, wherever their files are: how they score a few sentences."""
    text = "The tower was built in 1889. Its architect liked rain."
    sentences = (Sentence(text[:28], 0, 0, 28), Sentence(text[29:], 0, 29, len(text)))
    task = ScoringTask("Who built the tower?", (Document(text, title="Tower"),), sentences)
    seen = [round(float(score), 3) for score in encoder.score([task])[0]]
    return {
        "scorer": type(encoder).__name__,
        "context": getattr(encoder, "context", None),
        "seen": hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:12],
    }
