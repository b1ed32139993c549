"""Prompts to summaries with local encoder-decoder checkpoints, in torch and in CTranslate2."""

from __future__ import annotations

import json
import logging
import math
import os
import pickle
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import PATIENCE
from hypothesis import given
from hypothesis import strategies as st
from tiny_seq2seq import KINDS, NAMES, checkpoint, edit_json, examples, save_as_bin

from recomp_core import ModelLoadError, SummaryError
from recomp_core.abstractive.loading import load_summarizer
from recomp_core.models.summarizers.checkpoint import find_checkpoint, is_seq2seq
from recomp_core.models.summarizers.local import GenerationSettings, LocalSummarizer
from recomp_core.models.summarizers.seq2seq import Seq2SeqSummarizer
from recomp_core.protocols import Summarizer

CONVERTIBLE = ("t5", "t5-v1.1", "bart")
EXAMPLES = examples(40)
PROMPTS = [prompt for prompt, _ in EXAMPLES]
# Prompts unlike those of the training: the model is less sure, so that beams and rounding matter.
HARD = [
    f"Question: {name}?\n Document: {' '.join(NAMES[i::2])} saw xylophones. {name}\n Summary: "
    for i, name in enumerate(NAMES)
]


# --- without a model ---------------------------------------------------------------------------


class Characters:
    """A tokenizer that makes one token of each character and puts `</s>` (0) at the end."""

    is_fast = True
    model_max_length = 10**30

    def num_special_tokens_to_add(self) -> int:
        return 1

    def __call__(
        self, text: str, add_special_tokens: bool = True, verbose: bool = True, **wanted: bool
    ) -> dict[str, list[Any]]:
        ids = [ord(c) for c in text] + [0] * add_special_tokens
        return {"input_ids": ids, "offset_mapping": [(i, i + 1) for i in range(len(text))]}

    def decode(self, ids: Sequence[int], skip_special_tokens: bool) -> str:
        assert skip_special_tokens
        return "".join(chr(i) for i in ids if i)


class Echo(LocalSummarizer):
    """Writes its input; fails as `failing` says; remembers its batches."""

    failing: Any = staticmethod(lambda batch: None)

    def __init__(self, **settings: Any) -> None:
        model = SimpleNamespace(
            config=SimpleNamespace(is_encoder_decoder=True),
            generation_config=SimpleNamespace(eos_token_id=0),
        )
        super().__init__(model, Characters(), **settings)
        self.batches: list[list[str]] = []

    def _generate(self, inputs: Sequence[list[int]]) -> list[list[int]]:
        self.batches.append([self._decode(ids) for ids in inputs])
        if error := self.failing(self.batches[-1]):
            raise error
        return [list(ids) for ids in inputs]

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        yield from inputs


def test_is_what_the_compressor_asks_for():
    assert isinstance(Echo(), Summarizer)


def test_results_come_in_the_order_of_the_prompts_and_the_longest_is_read_first():
    echo = Echo(batch_size=2)
    assert echo.summarize(["b", "dddd", "", "cc"]) == ["b", "dddd", "", "cc"]
    assert echo.batches == [["dddd", "cc"], ["b", ""]]


def test_equal_prompts_are_read_once():
    echo = Echo()
    assert echo.summarize(["a", "b", "a", "a"]) == ["a", "b", "a", "a"]
    assert sorted(echo.batches[0]) == ["a", "b"]


def test_nothing_in_nothing_out():
    echo = Echo()
    assert echo.summarize([]) == []
    assert echo.batches == []


def test_summaries_are_stripped():
    assert Echo().summarize([" \n a b \n"]) == ["a b"]


def test_one_prompt_that_is_too_long_is_one_error():
    short, long = Echo(max_input_tokens=5).summarize(["abcd", "abcde"])
    assert short == "abcd"
    assert isinstance(long, ValueError)
    assert "takes 6 tokens" in str(long)
    assert "max_input_tokens is 5" in str(long)


@pytest.mark.parametrize("prompts", ["one string", [None], ["a", 3], [b"a"]])
def test_prompts_must_be_strings(prompts):
    with pytest.raises(TypeError, match="must be"):
        Echo().summarize(prompts)


def test_out_of_memory_halves_the_batches_and_goes_on(caplog):
    import torch

    echo = Echo(batch_size=8)
    echo.failing = lambda batch: (
        torch.OutOfMemoryError("CUDA out of memory") if len(batch) > 2 else None
    )
    prompts = [chr(97 + i) for i in range(11)]
    with caplog.at_level(logging.WARNING, "recomp_core"):
        assert echo.summarize(prompts) == prompts
    assert [len(batch) for batch in echo.batches] == [8, 4, 2, 2, 2, 2, 2, 1]
    assert [record.getMessage() for record in caplog.records] == [
        "a batch of 8 ran out of memory: going on with 4",
        "a batch of 4 ran out of memory: going on with 2",
    ]


def test_a_prompt_that_fails_alone_is_one_error():
    echo = Echo(batch_size=4)
    echo.failing = lambda batch: MemoryError("no room for b") if "b" in batch else None
    a, b, c = echo.summarize(["a", "b", "c"])
    assert (a, c) == ("a", "c")
    assert isinstance(b, MemoryError)
    assert b.__traceback__ is None


@pytest.mark.parametrize(
    "settings",
    [
        {"max_input_tokens": 0},
        {"max_new_tokens": 0},
        {"max_new_tokens": 2.5},
        {"min_new_tokens": -1},
        {"min_new_tokens": 9, "max_new_tokens": 8},
        {"num_beams": 0},
        {"num_beams": True},
        {"batch_size": 0},
        {"length_penalty": math.nan},
        {"length_penalty": "1"},
    ],
)
def test_settings_that_cannot_work_name_themselves(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        GenerationSettings(**settings)


def test_no_room_for_a_prompt():
    with pytest.raises(ValueError, match="leaves no room"):
        Echo(max_input_tokens=1)


def test_the_limit_on_a_prompt_is_net_of_special_tokens():
    echo = Echo(max_input_tokens=10)
    assert (echo.max_input_tokens, echo.settings.max_input_tokens) == (9, 10)
    assert echo.summarize(["a" * echo.max_input_tokens]) == ["a" * 9]


def config_of(**values: Any) -> Any:
    return SimpleNamespace(**values)


@pytest.mark.parametrize(
    ("config", "model_max_length", "limits"),
    [
        (config_of(), 512, (1024, 512)),  # T5: relative positions, and a length that is no limit
        (config_of(max_position_embeddings=256), 10**30, (256, 256)),  # BART
        (
            config_of(max_encoder_position_embeddings=2048, max_decoder_position_embeddings=128),
            10**30,
            (1024, 128),  # LED
        ),
        (
            config_of(
                encoder=config_of(max_position_embeddings=514),
                decoder=config_of(max_position_embeddings=514),
            ),
            512,
            (512, 512),  # an EncoderDecoderModel of RoBERTas
        ),
    ],
)
def test_absolute_positions_cap_the_limits(config, model_max_length, limits):
    tokenizer = SimpleNamespace(model_max_length=model_max_length)
    settings = GenerationSettings().within(config, tokenizer)
    assert (settings.max_input_tokens, settings.max_new_tokens) == limits


@given(st.text(max_size=30), st.integers(-1, 31))
def test_truncate_keeps_the_longest_prefix_that_fits(text, max_tokens):
    assert Echo().truncate(text, max_tokens) == text[: max(max_tokens, 0)]


def test_truncate_asks_a_tokenizer_without_offsets_for_counts_only():
    echo = Echo()
    echo.tokenizer.is_fast = False
    assert echo.truncate("abcdef", 4) == "abcd"


@given(st.text(max_size=60))
def test_the_pieces_of_a_stream_joined_are_the_summary(text):
    echo = Echo()
    pieces = list(echo.stream(text.replace("\0", "")))
    assert ["".join(pieces)] == echo.summarize([text.replace("\0", "")])
    assert all(pieces)


def test_a_stream_waits_only_for_what_may_still_change():
    pieces = list(Echo().stream("0123456789ab"))
    assert pieces == ["0", "1", "2", "3", "456789ab"]


def test_a_stream_raises_what_summarize_returns():
    with pytest.raises(ValueError, match="takes 6 tokens"):
        list(Echo(max_input_tokens=5).stream("abcde"))
    beams = Echo(num_beams=2)
    beams.failing = lambda batch: MemoryError("no room")
    with pytest.raises(MemoryError):
        list(beams.stream("a"))


def test_with_beams_the_whole_comes_at_the_end():
    assert list(Echo(num_beams=2).stream("0123456789abcdef")) == ["0123456789abcdef"]


class Cut(Echo):
    """An `Echo` that stops at the limit, as a model does."""

    def _generate(self, inputs: Sequence[list[int]]) -> list[list[int]]:
        most = self.settings.max_new_tokens
        return [ids[:most] for ids in super()._generate(inputs)]

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        yield from inputs[: self.settings.max_new_tokens]


def test_a_summary_that_is_cut_is_an_error_of_that_item_alone():
    whole, cut = Cut(max_new_tokens=4).summarize(["abc", "abcd"])
    assert whole == "abc"  # with its end the fourth token
    assert isinstance(cut, SummaryError)
    assert cut.reason == "cut"
    assert "max_new_tokens=4: give more" in str(cut)


def test_a_stream_that_is_cut_raises_at_its_end():
    stream = Cut(max_new_tokens=12).stream("0123456789abcdef")
    pieces = []
    with pytest.raises(SummaryError, match="max_new_tokens=12"):
        pieces.extend(stream)
    assert "".join(pieces) == "0123456789ab"


def test_a_length_that_is_forced_is_whole():
    forced = Cut(max_new_tokens=4, min_new_tokens=4)
    assert forced.summarize(["abcdef"]) == ["abcd"]
    assert "".join(forced.stream("abcdef")) == "abcd"


@pytest.mark.parametrize(
    ("of_model", "of_tokenizer", "ends"), [([0, 5], 7, {0, 5}), (5, 7, {5}), (None, 7, {7})]
)
def test_what_ends_a_summary_is_the_model_s_or_else_the_tokenizer_s(of_model, of_tokenizer, ends):
    echo = Echo()
    echo.model.generation_config.eos_token_id = of_model
    echo.tokenizer.eos_token_id = of_tokenizer
    assert echo._ends == ends


# --- with tiny models --------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def cache_home(monkeypatch, tmp_path_factory) -> Path:
    """Conversions go into a folder of the session, not into the user's cache."""
    home = tmp_path_factory.getbasetemp() / "cache_home"
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(home))
    return home


def load(source: Path | str, backend: str = "torch", **settings: Any) -> LocalSummarizer:
    if backend == "ctranslate2":
        pytest.importorskip("ctranslate2", reason='needs pip install "recomp[ct2]"')
        settings.setdefault("compute_type", "float32")
    return load_summarizer(
        source, backend=backend, device="cpu", **{"max_new_tokens": 20, **settings}
    )


def both_backends(kinds: Sequence[str] = KINDS) -> list[Any]:
    return [(kind, "torch") for kind in kinds] + [
        (kind, "ctranslate2") for kind in kinds if kind in CONVERTIBLE
    ]


def told(results: Sequence[str | Exception]) -> list[str]:
    """Summaries and errors in a form that can be compared."""
    return [result if isinstance(result, str) else repr(result) for result in results]


def written(summarizer: LocalSummarizer, prompts: Sequence[str]) -> list[tuple[str, bool]]:
    """What a model writes, and whether that is whole."""
    ids = summarizer._generate([summarizer._encode(prompt) for prompt in prompts])
    return [(summarizer._decode(row), summarizer._problem(row) is None) for row in ids]


def copied(kind: str, folder: Path, **config: Any) -> Path:
    shutil.copytree(checkpoint(kind), folder)
    edit_json(folder / "config.json", **config)
    return folder


@pytest.mark.model
@pytest.mark.parametrize(("kind", "backend"), both_backends())
def test_writes_what_the_checkpoint_has_learned(kind, backend):
    summaries = load(checkpoint(kind), backend).summarize(PROMPTS)
    right = [summary == wanted for summary, (_, wanted) in zip(summaries, EXAMPLES, strict=True)]
    assert sum(right) >= 34
    assert summaries.count("") >= 4  # nothing to say is a summary


@pytest.mark.model
@pytest.mark.parametrize(("kind", "backend"), both_backends())
@pytest.mark.parametrize("num_beams", [1, 4])
def test_a_summary_does_not_depend_on_the_batch(kind, backend, num_beams):
    summarizer = load(checkpoint(kind), backend, num_beams=num_beams, batch_size=16)
    prompts = PROMPTS[:12] + HARD
    together = told(summarizer.summarize(prompts))
    assert together == [told(summarizer.summarize([prompt]))[0] for prompt in prompts]
    assert together == told(summarizer.summarize(prompts[::-1]))[::-1]


@pytest.mark.model
@pytest.mark.parametrize("kind", CONVERTIBLE)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_beams": 4},
        {"num_beams": 4, "length_penalty": 0.0},
        {"num_beams": 4, "length_penalty": 2.0},
        {"num_beams": 4, "length_penalty": -1.0},
        {"num_beams": 4, "min_new_tokens": 8},
        {"min_new_tokens": 8},
        {"max_new_tokens": 3},
        {"num_beams": 4, "max_new_tokens": 3},
    ],
)
def test_torch_and_ctranslate2_write_the_same(kind, settings):
    noisy = noisy_checkpoint(kind)
    prompts = PROMPTS[:12] + HARD
    expected = written(load(noisy, **settings), prompts)
    assert written(load(noisy, "ctranslate2", **settings), prompts) == expected
    assert len(set(expected)) > 8


@pytest.mark.model
@pytest.mark.parametrize(("kind", "backend"), both_backends())
@pytest.mark.parametrize("num_beams", [1, 4])
def test_a_cut_summary_is_an_error_whatever_wrote_it(kind, backend, num_beams):
    limits = {"max_new_tokens": 3, "num_beams": num_beams}
    summarizer = load(checkpoint(kind), backend, **limits)
    results = summarizer.summarize(PROMPTS)
    cut = [n for n, result in enumerate(results) if isinstance(result, SummaryError)]
    assert cut
    assert results.count("") >= 4  # what ends in time is a summary
    with pytest.raises(SummaryError, match="max_new_tokens=3"):
        list(summarizer.stream(PROMPTS[cut[0]]))
    forced = load(checkpoint(kind), backend, min_new_tokens=3, **limits)
    assert all(isinstance(result, str) for result in forced.summarize(PROMPTS))
    assert isinstance("".join(forced.stream(PROMPTS[cut[0]])), str)


def noisy_checkpoint(kind: str) -> Path:
    """One that is unsure of every word, so that beams differ and scores decide."""
    import torch
    from transformers import AutoModelForSeq2SeqLM

    folder = checkpoint(kind).with_name(checkpoint(kind).name + "-noisy")
    if not folder.is_dir():
        shutil.copytree(checkpoint(kind), folder)
        model = AutoModelForSeq2SeqLM.from_pretrained(folder)
        noise = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for weights in model.parameters():
                weights.add_(0.05 * torch.randn(weights.shape, generator=noise))
        model.save_pretrained(folder)
    return folder


@pytest.mark.model
@pytest.mark.parametrize("kind", CONVERTIBLE)
def test_ctranslate2_gives_each_token_the_probability_that_torch_gives(kind):
    import torch

    reference = load(checkpoint(kind))
    model, tokenizer = reference.model, reference.tokenizer
    translator = load(checkpoint(kind), "ctranslate2").model.engine
    for prompt, summary in EXAMPLES[:8]:
        source = tokenizer(prompt)["input_ids"]
        target = tokenizer(text_target=f" {summary}")["input_ids"]
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([source]), labels=torch.tensor([target])).logits
        expected = logits[0].log_softmax(-1)[range(len(target)), target]
        (scored,) = translator.score_batch(
            [tokenizer.convert_ids_to_tokens(source)],
            # The end is scored on its own account.
            [tokenizer.convert_ids_to_tokens(target[:-1])],
        )
        assert scored.log_probs == pytest.approx(expected.tolist(), abs=1e-4)


@pytest.mark.model
@pytest.mark.parametrize(("kind", "backend"), both_backends())
def test_streams_what_it_summarizes(kind, backend):
    summarizer = load(checkpoint(kind), backend)
    summaries = summarizer.summarize(PROMPTS[:8])
    assert ["".join(summarizer.stream(prompt)) for prompt in PROMPTS[:8]] == summaries
    longest = max(range(8), key=lambda i: len(summaries[i]))
    assert len(list(summarizer.stream(PROMPTS[longest]))) > 1


@pytest.mark.model
@pytest.mark.parametrize(("kind", "backend"), both_backends())
def test_streams_what_it_summarizes_where_it_is_less_sure(kind, backend):
    # Trained on another processor, the checkpoint may not come to an end here: then both say so.
    summarizer = load(checkpoint(kind), backend)

    def streamed(prompt: str) -> str:
        try:
            return "".join(summarizer.stream(prompt))
        except SummaryError as error:
            return repr(error)

    assert [streamed(prompt) for prompt in HARD[:4]] == told(summarizer.summarize(HARD[:4]))


@pytest.mark.model
@pytest.mark.parametrize("backend", ["torch", "ctranslate2"])
def test_a_stream_that_nobody_reads_on_ends(backend, started_threads):
    summarizer = load(checkpoint("t5"), backend, min_new_tokens=1000, max_new_tokens=1000)
    steps = []
    if backend == "torch":
        summarizer.model.decoder.register_forward_hook(lambda *_: steps.append(1))
    started_threads.clear()  # those that loaded the weights
    stream = summarizer.stream(HARD[0])
    next(stream)
    [thread] = started_threads
    stream.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert len(steps) < 500


@pytest.mark.model
@pytest.mark.parametrize("backend", ["torch", "ctranslate2"])
def test_many_threads_get_what_one_gets(backend):
    summarizer = load(checkpoint("t5"), backend)
    prompts = PROMPTS[:6]
    expected = summarizer.summarize(prompts)

    def work(number: int) -> tuple[str, int, str]:
        prompt = prompts[number % 6]
        (summary,) = summarizer.summarize([prompt])
        return summary, summarizer.count_tokens(prompt), "".join(summarizer.stream(prompt))

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(work, range(24)))
    counts = [summarizer.count_tokens(prompt) for prompt in prompts]
    assert results == [(expected[i % 6], counts[i % 6], expected[i % 6]) for i in range(24)]


@pytest.mark.model
@pytest.mark.parametrize("kind", KINDS)
def test_counts_and_cuts_with_the_checkpoint_s_tokenizer(kind):
    summarizer = load(checkpoint(kind))
    text = "Ada saw  the tower,\nand Bach built it \ud800 😀 old-new."
    ids = summarizer.tokenizer(text.replace("\ud800", "\ufffd"), add_special_tokens=False)
    assert summarizer.count_tokens(text) == len(ids["input_ids"])
    for max_tokens in range(len(ids["input_ids"]) + 2):
        prefix = summarizer.truncate(text, max_tokens)
        assert text.startswith(prefix)
        assert summarizer.count_tokens(prefix) <= max_tokens
    assert summarizer.truncate(text, len(ids["input_ids"])) == text
    assert summarizer.truncate(" Ada saw the tower", 2) == " Ada saw"


@pytest.mark.model
@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_a_tokenizer_that_was_saved_with_truncation_on_cuts_nothing(kind, tmp_path):
    folder = copied(kind, tmp_path / "model")
    truncation = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    edit_json(folder / "tokenizer.json", truncation=truncation)
    summarizer, expected = load(folder), load(checkpoint(kind))
    assert summarizer.count_tokens(PROMPTS[0]) == expected.count_tokens(PROMPTS[0]) > 4
    assert summarizer.summarize(PROMPTS[:4]) == expected.summarize(PROMPTS[:4])
    assert summarizer.truncate("Ada " * 9, 6) == expected.truncate("Ada " * 9, 6)


@pytest.mark.model
@pytest.mark.parametrize(("kind", "special"), [("t5", 1), ("bart", 2), ("encoder-decoder", 2)])
def test_the_longest_prompt_that_is_allowed_can_be_read(kind, special):
    # Of names without end, which it never learned to end: the length is forced.
    summarizer = load(checkpoint(kind), max_input_tokens=200, min_new_tokens=20)
    longest = 200 if kind == "t5" else 128  # the tiny ones' positions
    assert summarizer.max_input_tokens == longest - special
    prompt = summarizer.truncate("Ada " * 300, summarizer.max_input_tokens)
    assert summarizer.count_tokens(prompt) == summarizer.max_input_tokens
    fits, too_long = summarizer.summarize([prompt, prompt + " Ada"])
    assert isinstance(fits, str)
    assert isinstance(too_long, ValueError)


@pytest.mark.model
@pytest.mark.parametrize(("kind", "backend"), both_backends(["bart", "encoder-decoder"]))
def test_the_longest_summary_that_is_allowed_can_be_written(kind, backend):
    summarizer = load(checkpoint(kind), backend, max_new_tokens=512, min_new_tokens=128)
    assert summarizer.settings.max_new_tokens == 128
    (summary,) = summarizer.summarize(HARD[:1])
    assert isinstance(summary, str)


@pytest.mark.model
def test_the_model_is_left_as_it_was():
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained(checkpoint("t5"))
    model.generation_config.update(num_beams=3, min_length=9, no_repeat_ngram_size=2)
    model.train()
    model.encoder.eval()
    before = model.generation_config.to_dict()
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    tokenizer = AutoTokenizer.from_pretrained(checkpoint("t5"))
    summaries = Seq2SeqSummarizer(model, tokenizer, max_new_tokens=20).summarize(PROMPTS)
    # Nor does what its generation config says count: the settings do.
    assert summaries == load(checkpoint("t5")).summarize(PROMPTS)
    assert model.generation_config.to_dict() == before
    assert model.training
    assert not model.encoder.training
    assert model.decoder.block[0].training
    assert all(torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())


def test_a_model_that_only_decodes_is_refused():
    model = SimpleNamespace(config=SimpleNamespace(is_encoder_decoder=False))
    with pytest.raises(TypeError, match="no encoder-decoder model.*CausalSummarizer"):
        Seq2SeqSummarizer(model, Characters())


@pytest.mark.model
def test_dropout_is_off_even_while_the_model_is_in_training():
    summarizer = load(checkpoint("t5"))
    expected = summarizer.summarize(PROMPTS)
    for module in summarizer.model.modules():
        if type(module).__name__ == "Dropout":
            module.p = 0.5
    summarizer.model.train()
    assert summarizer.summarize(PROMPTS) == expected


@pytest.mark.model
@pytest.mark.parametrize("backend", ["torch", "ctranslate2"])
@pytest.mark.parametrize("file", ["generation_config.json", "config.json"])
def test_a_forced_first_token_is_obeyed(tmp_path, backend, file):
    folder = copied("t5", tmp_path / "model")
    forced = find_checkpoint(folder).load_tokenizer().convert_tokens_to_ids("\u2581Kepler")
    edit_json(folder / file, forced_bos_token_id=forced)
    if file == "config.json":  # as old checkpoints have it
        (folder / "generation_config.json").unlink()
    summarizer = load(folder, backend)
    (summary,) = summarizer.summarize(PROMPTS[:1])
    assert summary.startswith("Kepler")
    assert "".join(summarizer.stream(PROMPTS[0])) == summary


@pytest.mark.model
def test_a_torch_model_that_runs_out_of_memory_goes_on_in_halves(caplog):
    import torch

    summarizer = load(checkpoint("t5"), batch_size=8)
    expected = summarizer.summarize(PROMPTS[:10])
    sizes = []

    def no_more_than_three(_: Any, __: Any, given: dict[str, Any]) -> None:
        sizes.append(len(given["input_ids"]))
        if sizes[-1] > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB")

    summarizer.model.encoder.register_forward_pre_hook(no_more_than_three, with_kwargs=True)
    assert summarizer.summarize(PROMPTS[:10]) == expected
    assert sizes == [8, 4, 2, 2, 2, 2, 2]
    assert "ran out of memory" in caplog.text


@pytest.mark.model
def test_bfloat16_is_close_to_float32():
    summarizer = load(checkpoint("t5"), compute_type="bfloat16")
    assert {str(weights.dtype) for weights in summarizer.model.parameters()} == {"torch.bfloat16"}
    same = zip(
        summarizer.summarize(PROMPTS), load(checkpoint("t5")).summarize(PROMPTS), strict=True
    )
    assert sum(a == b for a, b in same) >= 34


@pytest.mark.model
@pytest.mark.parametrize("kind", CONVERTIBLE)
def test_int8_is_close_to_float32(kind):
    int8 = load(checkpoint(kind), "ctranslate2", compute_type="int8").summarize(PROMPTS)
    exact = load(checkpoint(kind), "ctranslate2").summarize(PROMPTS)
    assert sum(a == b for a, b in zip(int8, exact, strict=True)) >= 36


# --- loading -----------------------------------------------------------------------------------


@pytest.mark.model
@pytest.mark.parametrize("kind", KINDS)
def test_every_layout_of_a_checkpoint_gives_the_same(kind, tmp_path):
    expected = load(checkpoint(kind)).summarize(PROMPTS[:8])
    as_bin = save_as_bin(checkpoint(kind), tmp_path / "bin")
    assert load(as_bin).summarize(PROMPTS[:8]) == expected
    sharded, summarizer = tmp_path / "sharded", load(as_bin)
    summarizer.model.save_pretrained(sharded, max_shard_size="100KB")
    summarizer.tokenizer.save_pretrained(sharded)
    assert len(list(sharded.glob("*.safetensors"))) > 1
    assert load(sharded).summarize(PROMPTS[:8]) == expected


@pytest.mark.model
def test_a_published_checkpoint_loads_by_name_from_the_hub_s_cache(tmp_path, monkeypatch):
    repository = tmp_path / "models--fangyuan--nq_abstractive_compressor"
    save_as_bin(checkpoint("t5"), repository / "snapshots" / ("a" * 40))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    name = "fangyuan/nq_abstractive_compressor"
    assert is_seq2seq(name, local_files_only=True)
    summarizer = load(name, local_files_only=True)
    assert summarizer.summarize(PROMPTS[:8]) == load(checkpoint("t5")).summarize(PROMPTS[:8])
    with pytest.raises(ModelLoadError, match="download it first"):
        load("fangyuan/tqa_abstractive_compressor", local_files_only=True)


@pytest.mark.model
def test_a_config_that_transformers_5_wrote_is_read_as_the_hub_s_own(tmp_path):
    summarizer = load(checkpoint("t5-v1.1"))
    summarizer.model.save_pretrained(tmp_path / "saved")
    summarizer.tokenizer.save_pretrained(tmp_path / "saved")
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["tie_word_embeddings"]
    for backend in ("torch", "ctranslate2"):
        again = load(tmp_path / "saved", backend, num_beams=4).summarize(HARD)
        before = load(checkpoint("t5-v1.1"), backend, num_beams=4).summarize(HARD)
        assert told(again) == told(before)


@pytest.mark.model
def test_a_sentencepiece_model_will_do_for_a_tokenizer(tmp_path):
    sentencepiece = pytest.importorskip("sentencepiece")
    pytest.importorskip("google.protobuf")
    folder = copied("t5", tmp_path / "model")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(PROMPTS * 5),
        model_prefix=str(folder / "spiece"),
        vocab_size=100,
        hard_vocab_limit=False,
        minloglevel=2,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
    )
    (folder / "tokenizer.json").unlink()
    tokenizer = find_checkpoint(folder).load_tokenizer()
    ids = tokenizer("Question: Kepler")["input_ids"]
    processor = sentencepiece.SentencePieceProcessor(str(folder / "spiece.model"))
    assert ids == [*processor.encode("Question: Kepler"), 1]


@pytest.mark.model
@pytest.mark.parametrize("backend", ["torch", "ctranslate2"])
@pytest.mark.parametrize("as_bin", [False, True])
def test_a_lora_adapter_loads_on_its_base(tmp_path, backend, as_bin):
    peft = pytest.importorskip("peft", reason='needs pip install "recomp[lora]"')
    import torch

    base = copied("t5", tmp_path / "base")
    summarizer = load(base)
    expected = summarizer.summarize(PROMPTS[:8])
    settings = peft.LoraConfig(task_type="SEQ_2_SEQ_LM", target_modules=["q", "v"], r=4)
    adapted = peft.get_peft_model(summarizer.model, settings)
    for name, weights in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.5, generator=torch.Generator().manual_seed(0))
    adapted.save_pretrained(str(tmp_path / "adapter"), safe_serialization=not as_bin)
    reference = Seq2SeqSummarizer(
        adapted.merge_and_unload(), summarizer.tokenizer, max_new_tokens=20
    )
    assert is_seq2seq(tmp_path / "adapter")
    summaries = told(load(tmp_path / "adapter", backend).summarize(PROMPTS[:8]))
    assert summaries == told(reference.summarize(PROMPTS[:8]))
    assert summaries != expected
    # Each in the cache under its own content.
    assert load(base, backend).summarize(PROMPTS[:8]) == expected


@pytest.mark.model
def test_an_adapter_without_its_base_or_its_weights(tmp_path):
    pytest.importorskip("peft")
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    config = {"base_model_name_or_path": str(tmp_path / "gone"), "peft_type": "LORA"}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelLoadError, match="gone, the base model of the adapter"):
        load(adapter)
    edit_json(adapter / "adapter_config.json", base_model_name_or_path=str(checkpoint("t5")))
    with pytest.raises(ModelLoadError, match="neither adapter_model.safetensors nor"):
        load(adapter)


def truncate_weights(folder: Path) -> None:
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(1000)


def drop_a_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["decoder.final_layer_norm.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.model
@pytest.mark.parametrize("backend", ["torch", "ctranslate2"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "no file named"),
        (truncate_weights, "damaged or incomplete"),
        (drop_a_weight, "1 weights are missing, such as decoder.final_layer_norm.weight"),
        (lambda folder: edit_json(folder / "config.json", d_ff=16), "damaged or incomplete"),
        (lambda folder: (folder / "config.json").write_text("{"), "JSONDecodeError"),
        (lambda folder: edit_json(folder / "config.json", architectures=5), "TypeError"),
        (lambda folder: (folder / "config.json").unlink(), "damaged or incomplete"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "the tokenizer is missing"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "damaged or incomplete"),
        (lambda folder: shutil.rmtree(folder), "there is no folder"),
    ],
)
def test_a_damaged_checkpoint_says_what_is_wrong(tmp_path, backend, damage, message):
    folder = copied("t5", tmp_path / "model")
    damage(folder)
    with pytest.raises(ModelLoadError, match=message) as caught:
        load(folder, backend)
    assert str(folder) in str(caught.value)


class Malicious:
    """What a pickle can do to whoever loads it."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.target),)


@pytest.mark.model
def test_pickled_code_in_a_checkpoint_is_not_run(tmp_path):
    import torch

    folder = save_as_bin(checkpoint("t5"), tmp_path / "model")
    torch.save({"weights": Malicious(tmp_path / "taken_over")}, folder / "pytorch_model.bin")
    with pytest.raises(ModelLoadError, match="damaged or incomplete"):
        load(folder)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Malicious(tmp_path / "taken_over")))
    with pytest.raises(ModelLoadError, match="damaged or incomplete"):
        load(folder)
    assert not (tmp_path / "taken_over").exists()


@pytest.mark.model
def test_code_that_comes_with_a_checkpoint_is_not_run(tmp_path):
    code = f"import os; os.mkdir({str(tmp_path / 'taken_over')!r})"
    folder = copied(
        "t5",
        tmp_path / "model",
        model_type="custom",
        auto_map={"AutoConfig": "code.Config", "AutoModelForSeq2SeqLM": "code.Model"},
    )
    (folder / "code.py").write_text(code)
    with pytest.raises(ModelLoadError):
        load(folder)
    assert not is_seq2seq(folder)
    assert not (tmp_path / "taken_over").exists()


def saved(folder: Path, kind: str) -> Path:
    """The smallest checkpoint of some other kind."""
    import transformers

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    bert = transformers.BertConfig(vocab_size=9, intermediate_size=8, **sizes)
    t5 = {"vocab_size": 9, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 1}
    model = {
        "GPT2LMHeadModel": lambda cls: cls(
            transformers.GPT2Config(vocab_size=9, n_embd=8, n_layer=1, n_head=1)
        ),
        "BertModel": lambda cls: cls(bert),
        "BertForMaskedLM": lambda cls: cls(bert),
        "T5EncoderModel": lambda cls: cls(transformers.T5Config(**t5)),
        "T5ForSequenceClassification": lambda cls: cls(transformers.T5Config(**t5)),
    }[kind](getattr(transformers, kind))
    model.save_pretrained(folder)
    return folder


@pytest.mark.model
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("BertModel", "writes no text: for summaries give an encoder-decoder"),
        ("BertForMaskedLM", "writes no text"),
        ("T5EncoderModel", "writes no text"),
        ("T5ForSequenceClassification", "writes no text"),
    ],
)
def test_a_checkpoint_of_another_kind_says_what_it_is(tmp_path, kind, message):
    folder = saved(tmp_path / "model", kind)
    assert not is_seq2seq(folder)
    with pytest.raises(ModelLoadError, match=rf"{kind}.*{message}|{message}"):
        load(folder)
    with pytest.raises(ModelLoadError, match=kind):
        load(folder)


@pytest.mark.model
def test_where_only_encoder_decoders_do_a_decoder_only_model_is_refused(tmp_path):
    folder = saved(tmp_path / "model", "GPT2LMHeadModel")
    assert not is_seq2seq(folder)
    with pytest.raises(ModelLoadError, match="decoder-only language model .GPT2LMHeadModel"):
        find_checkpoint(folder)
    assert find_checkpoint(folder, decoder_only=True).kind == "decoder-only"


@pytest.mark.model
def test_a_sentence_transformers_folder_is_not_for_summaries(tmp_path):
    folder = copied("t5", tmp_path / "sentence-t5")
    (folder / "modules.json").write_text("[]")
    assert not is_seq2seq(folder)
    with pytest.raises(ModelLoadError, match="sentence-transformers model"):
        load(folder)


@pytest.mark.model
def test_the_name_of_a_checkpoint_says_nothing(tmp_path):
    assert is_seq2seq(copied("t5", tmp_path / "bert-encoder-extractive"))
    assert not is_seq2seq(saved(tmp_path / "t5-abstractive-bart", "BertModel"))
    assert not is_seq2seq(tmp_path / "nothing")
    assert all(is_seq2seq(checkpoint(kind)) for kind in KINDS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backend": "onnx"}, "backend must be"),
        ({"compute_type": "int8"}, "compute_type must be one of float32, bfloat16"),
        ({"backend": "ctranslate2", "compute_type": "int4"}, "compute_type must be one of int8"),
        ({"backend": "ctranslate2", "quantization": "8bit"}, 'goes with backend="torch" only'),
        ({"quantization": "2bit"}, "quantization must be one of '8bit', '4bit', got '2bit'"),
        ({"quantization": "8bit", "device": "cpu"}, "needs a CUDA device"),
        ({"num_beams": 0}, "num_beams must be"),
    ],
)
def test_settings_are_checked_before_anything_is_loaded(settings, message):
    with pytest.raises(ValueError, match=message):
        load_summarizer("nobody/nothing", **settings)


def test_an_unknown_setting_is_an_error():
    with pytest.raises(TypeError, match="max_length"):
        load_summarizer("nobody/nothing", max_length=3)


# --- conversions -------------------------------------------------------------------------------


@pytest.fixture
def empty_cache(monkeypatch, tmp_path) -> Path:
    pytest.importorskip("ctranslate2", reason='needs pip install "recomp[ct2]"')
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "recomp" / "ctranslate2"


def conversions(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir()) if cache.exists() else []


@pytest.mark.model
def test_a_checkpoint_is_converted_once_for_each_compute_type(empty_cache, tmp_path):
    folder = copied("t5", tmp_path / "model")
    load(folder, "ctranslate2", compute_type="float32")
    first = conversions(empty_cache)
    written = {file: file.stat().st_mtime_ns for file in empty_cache.rglob("*")}
    load(folder, "ctranslate2", compute_type="float32")
    load(shutil.copytree(folder, tmp_path / "copy"), "ctranslate2", compute_type="float32")
    assert conversions(empty_cache) == first
    assert {file: file.stat().st_mtime_ns for file in empty_cache.rglob("*")} == written
    load(folder, "ctranslate2", compute_type="int8")
    assert [name.partition("-")[2] for name in conversions(empty_cache)] == ["float32", "int8"]
    assert len({name.partition("-")[0] for name in conversions(empty_cache)}) == 1


@pytest.mark.model
def test_other_weights_are_another_conversion(empty_cache, tmp_path):
    folder = copied("t5", tmp_path / "model")
    before = told(load(folder, "ctranslate2").summarize(PROMPTS))
    shutil.copy(noisy_checkpoint("t5") / "model.safetensors", folder)
    after = told(load(folder, "ctranslate2").summarize(PROMPTS))
    assert len(conversions(empty_cache)) == 2
    assert before != after == told(load(folder).summarize(PROMPTS))


@pytest.mark.model
def test_a_conversion_that_broke_off_is_not_used(empty_cache, tmp_path):
    folder = copied("t5", tmp_path / "model")
    shutil.copy(folder / "model.safetensors", tmp_path / "whole")
    truncate_weights(folder)
    with pytest.raises(ModelLoadError):
        load(folder, "ctranslate2")
    assert conversions(empty_cache) == []
    # What a process that was killed leaves behind.
    (empty_cache / ".converting-killed" / "model").mkdir(parents=True)
    shutil.copy(tmp_path / "whole", folder / "model.safetensors")
    assert load(folder, "ctranslate2").summarize(PROMPTS) == load(folder).summarize(PROMPTS)


@pytest.mark.model
def test_two_that_convert_at_once_end_with_one_conversion(empty_cache):
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: load(checkpoint("t5"), "ctranslate2"), range(2)))
    assert both[0].summarize(PROMPTS) == both[1].summarize(PROMPTS)
    assert len(conversions(empty_cache)) == 1


@pytest.mark.model
@pytest.mark.parametrize("name", ["model.bin", "config.json", "sha256.json"])
def test_a_conversion_that_was_changed_later_is_made_again(empty_cache, name):
    expected = load(checkpoint("t5"), "ctranslate2").summarize(PROMPTS[:8])
    (file,) = empty_cache.rglob(name)
    content = file.read_bytes()
    file.write_bytes(content[:50])
    assert load(checkpoint("t5"), "ctranslate2").summarize(PROMPTS[:8]) == expected
    assert file.read_bytes() == content
    assert len(conversions(empty_cache)) == 1


@pytest.mark.model
def test_a_conversion_that_others_could_write_is_made_again(empty_cache, caplog):
    load(checkpoint("t5"), "ctranslate2")
    (folder,) = empty_cache.iterdir()
    assert empty_cache.stat().st_mode & 0o777 == 0o700
    (file,) = folder.glob("model.bin")
    before = file.stat().st_ino
    file.chmod(0o666)
    load(checkpoint("t5"), "ctranslate2")
    (file,) = folder.glob("model.bin")
    assert file.stat().st_ino != before
    assert file.stat().st_mode & 0o777 == 0o600
    assert "can be written by others" in caplog.text


@pytest.mark.model
def test_in_another_users_cache_nothing_is_read_or_left(empty_cache, caplog, monkeypatch):
    expected = load(checkpoint("t5"), "ctranslate2").summarize(PROMPTS[:8])
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr("recomp_core._utils.private_files._ADMINISTRATOR", -1)
    assert load(checkpoint("t5"), "ctranslate2").summarize(PROMPTS[:8]) == expected
    assert "belongs to another user" in caplog.text
    assert len(conversions(empty_cache)) == 1


@pytest.mark.model
def test_what_ctranslate2_does_not_know_goes_by_torch(empty_cache):
    with pytest.raises(ModelLoadError, match='EncoderDecoderConfig.*use backend="torch"'):
        load(checkpoint("encoder-decoder"), "ctranslate2")


@pytest.mark.model
@pytest.mark.parametrize("backend", ["torch", "ctranslate2"])
def test_a_device_that_is_not_there(backend):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    pytest.importorskip("ctranslate2", reason='needs pip install "recomp[ct2]"')
    with pytest.raises(ValueError, match="is not here"):
        load_summarizer(checkpoint("t5"), backend=backend, device="cuda:0")


@pytest.mark.model
def test_a_number_format_that_the_device_lacks(empty_cache):
    import ctranslate2

    if "bfloat16" in ctranslate2.get_supported_compute_types("cpu"):
        pytest.skip("this CPU has bfloat16")
    with pytest.raises(ValueError, match="no compute_type='bfloat16': it has .*int8"):
        load(checkpoint("t5"), "ctranslate2", compute_type="bfloat16")
