"""Examples as the tensors of a batch; each candidate is read as it will be when compressing."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..text.splitting import replace_surrogates
from .examples import ContrastiveExample
from .losses import LOSSES
from .settings import ExtractiveSettings

# Tokens that go through the model together, by device; "" for all others. The texts are of similar
# length, and few enough that what a layer computes stays in a processor's cache. On a CPU this is
# several times as fast as one padded batch.
_CHUNK_TOKENS = {"cpu": 1_536, "": 16_384}
# Widths are rounded up to a multiple of this, and a chunk is filled whenever it can be: a CPU's
# library compiles its kernels for every new shape, and can't keep those of a thousand shapes.
_WIDTH_STEP = 32


@dataclass(frozen=True)
class _Text:
    """What the encoder reads at one time, and the candidates that are pooled from it.

    Attributes:
        text: The text.
        members: For each candidate its question in the batch and its position among the question's
            candidates.
        spans: For each candidate where it stands in the text; None if it is the whole text.
    """

    text: str
    members: tuple[tuple[int, int], ...]
    spans: tuple[tuple[int, int], ...] | None


class ExampleCollator:
    """Picks the candidates of a batch and tokenizes them.

    A batch is a dictionary of tensors, named as sentence-transformers' trainer groups them: those
    of the queries (`query_…`, with the `losses.Candidates` riding along), then those of each chunk
    of texts (`text0_…`). With spans, `text0_span` (n_texts, width) says which of the chunk's
    candidates a token belongs to, -1 for none. Candidates are counted through all chunks in order.

    What is drawn depends only on the seed and on which questions meet in a batch: a run that was
    killed carries on as if it had not been.

    Args:
        model: The `SentenceTransformer` that is trained.
        examples: The questions.
        settings: The settings of the training.
        context: What a sentence is encoded with: "sentence", "title" or "document".
        seed: The seed of the documents that are drawn.
    """

    # The trainer asks collators of sentence-transformers for this.
    valid_label_columns = ("label",)

    def __init__(
        self,
        model: Any,
        examples: Sequence[ContrastiveExample],
        settings: ExtractiveSettings,
        context: str,
        *,
        seed: int,
    ) -> None:
        self.tokenizer = model.tokenizer
        prompts = getattr(model, "prompts", None) or {}
        self.query_prompt = prompts.get("query") or ""
        self.text_prompt = prompts.get("document") or ""
        self.examples = examples
        self.settings = settings
        self.context = context
        self.seed = seed
        limit = model.max_seq_length or settings.max_tokens
        self.max_tokens = min(settings.max_tokens, limit)
        self.max_query_tokens = min(settings.max_query_tokens, limit)
        self.limit = limit
        self.chunk_tokens = _CHUNK_TOKENS.get(model.device.type, _CHUNK_TOKENS[""])

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Make a batch.

        Args:
            rows: For each example of the batch its position, as `{"example": position}`.

        Returns:
            Tensors by name.
        """
        import torch

        examples = [self.examples[row["example"]] for row in rows]
        asked = [replace_surrogates(e.query) for e in examples]
        drawn = random.Random(f"{self.seed}:{'|'.join(asked)}")  # noqa: S311
        texts = [text for n, e in enumerate(examples) for text in self._texts(n, e, drawn)]
        encoded = self._tokenized([self.text_prompt + t.text for t in texts], self.max_tokens)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        queries = [self.query_prompt + query for query in asked]
        batch = {
            f"query_{name}": value
            for name, value in self._padded(
                self._tokenized(queries, self.max_query_tokens), range(len(queries))
            ).items()
        }
        members: list[tuple[int, int]] = []
        for number, chunk in enumerate(self._chunks(lengths)):
            features = self._padded(encoded, chunk)
            read = [texts[n] for n in chunk]
            if self.context == "document":
                offsets = [encoded["offset_mapping"][n] for n in chunk]
                found, features["span"] = self._spans(read, offsets, features["input_ids"].shape[1])
            else:
                found = [member for text in read for member in text.members]
            features["n_candidates"] = torch.tensor(len(found))
            members += found
            batch.update({f"text{number}_{name}": value for name, value in features.items()})
        batch.update(self._labels(examples, members))
        return batch

    def _texts(
        self, row: int, example: ContrastiveExample, drawn: random.Random
    ) -> Iterator[_Text]:
        """What is read for an example."""
        documents = example.documents
        if self.context != "document":
            positives = positives_of(example, self.settings)
            for position in dict.fromkeys(
                [*sorted(positives), *example.negatives, *self._graded(example)]
            ):
                title = documents[example.candidates[position].doc_index].title
                head = f"{title}\n" if self.context == "title" and title else ""
                text = replace_surrogates(head + example.text(position))
                yield _Text(text, ((row, position),), None)
            return
        by_document: dict[int, list[int]] = {}
        for position, candidate in enumerate(example.candidates):
            by_document.setdefault(candidate.doc_index, []).append(position)
        for doc_index in self._documents(example, sorted(by_document), drawn):
            title, text = documents[doc_index].title, documents[doc_index].text
            head = f"{title}\n" if title else ""
            own = sorted(by_document[doc_index], key=lambda n: example.candidates[n].start)
            shift = len(head)
            spans = tuple(
                (shift + example.candidates[n].start, shift + example.candidates[n].end)
                for n in own
            )
            yield _Text(replace_surrogates(head + text), tuple((row, n) for n in own), spans)

    def _graded(self, example: ContrastiveExample) -> list[int]:
        """All candidates with a known score, if the loss uses them."""
        if not LOSSES[self.settings.loss].reads_scores and not self.settings.listwise_weight:
            return []
        return [n for n, c in enumerate(example.candidates) if c.score is not None]

    def _documents(
        self, example: ContrastiveExample, available: list[int], drawn: random.Random
    ) -> list[int]:
        """The positives' documents, leaving room for another one, then others that are drawn."""
        most = self.settings.documents
        positives = positives_of(example, self.settings)
        gold = sorted({example.candidates[n].doc_index for n in positives})
        first = example.candidates[example.positive].doc_index
        others_of_gold = [n for n in gold if n != first]
        drawn.shuffle(others_of_gold)
        gold = [first, *others_of_gold][: max(1, most - 1)]
        others = [n for n in available if n not in gold and n not in others_of_gold]
        drawn.shuffle(others)
        return [*gold, *others[: most - len(gold)]]

    def _tokenized(self, texts: list[str], limit: int) -> dict[str, list[Any]]:
        return dict(
            self.tokenizer(
                texts, truncation=True, max_length=limit, padding=False,
                return_offsets_mapping=self.context == "document",
            )
        )  # fmt: skip

    def _padded(self, encoded: dict[str, list[Any]], rows: Any) -> dict[str, Any]:
        names = [name for name in encoded if name in self.tokenizer.model_input_names]
        picked = [{name: encoded[name][n] for name in names} for n in rows]
        longest = max(len(row["input_ids"]) for row in picked)
        # A model may have no positions beyond its longest text.
        step = _WIDTH_STEP if _rounded(longest) <= self.limit else None
        return dict(self.tokenizer.pad(picked, pad_to_multiple_of=step, return_tensors="pt"))

    def _chunks(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Positions from the longest text down, as many at a time as `chunk_tokens` allows."""
        order = sorted(range(len(lengths)), key=lambda n: -lengths[n])
        first = 0
        while first < len(order):
            rows = max(1, self.chunk_tokens // _rounded(lengths[order[first]]))
            yield order[first : first + rows]
            first += rows

    def _spans(
        self, texts: Sequence[_Text], offsets: Sequence[Any], width: int
    ) -> tuple[list[tuple[int, int]], Any]:
        """The candidates of which at least one token is read, and every token's candidate."""
        import numpy as np
        import torch

        span = torch.full((len(texts), width), -1, dtype=torch.long)
        members: list[tuple[int, int]] = []
        shift = len(self.text_prompt)
        for row, (text, found) in enumerate(zip(texts, offsets, strict=True)):
            assert text.spans is not None  # noqa: S101 - documents have spans
            edges = np.asarray(text.spans, dtype=np.int64).reshape(-1, 2) + shift
            begins, ends = np.asarray(found, dtype=np.int64).reshape(-1, 2).T
            own = np.searchsorted(edges[:, 0], begins, side="right") - 1
            inside = (own >= 0) & (begins < edges[own, 1]) & (ends > begins)
            read = np.unique(own[inside])
            number = np.full(len(edges), -1)
            number[read] = len(members) + np.arange(len(read))
            left = self.tokenizer.padding_side == "left"
            columns = np.flatnonzero(inside) + (width - len(begins) if left else 0)
            span[row, torch.from_numpy(columns)] = torch.from_numpy(number[own[inside]])
            members += [text.members[n] for n in read]
        return members, span

    def _labels(
        self, examples: Sequence[ContrastiveExample], members: Sequence[tuple[int, int]]
    ) -> dict[str, Any]:
        import torch

        positives = [positives_of(e, self.settings) for e in examples]
        negatives = [set(e.negatives) for e in examples]
        texts: dict[str, int] = {}
        same = [texts.setdefault(examples[q].text(n), len(texts)) for q, n in members]
        scores = [examples[q].candidates[n].score for q, n in members]
        # A batch of which no candidate was read still has labels, of these types.
        return {
            "query_owner": torch.tensor([q for q, _ in members], dtype=torch.long),
            "query_positive": torch.tensor(
                [n in positives[q] for q, n in members], dtype=torch.bool
            ),
            "query_negative": torch.tensor(
                [n in negatives[q] for q, n in members], dtype=torch.bool
            ),
            "query_scores": torch.tensor([float("nan") if s is None else s for s in scores]),
            "query_same": torch.tensor(same, dtype=torch.long),
        }


def _rounded(width: int) -> int:
    return math.ceil(width / _WIDTH_STEP) * _WIDTH_STEP


def positives_of(example: ContrastiveExample, settings: ExtractiveSettings) -> set[int]:
    """Find the positives of an example.

    Args:
        example: The question.
        settings: The settings, of which `positive_gap` decides.

    Returns:
        The position of the record's positive and, with `positive_gap`, those of the candidates that
        score nearly as well.
    """
    best = example.candidates[example.positive].score
    gap = settings.positive_gap
    if gap is None or best is None:
        return {example.positive}
    near = {
        n for n, c in enumerate(example.candidates) if c.score is not None and c.score >= best - gap
    }
    return (near | {example.positive}) - set(example.negatives)
