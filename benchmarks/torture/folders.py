"""Folders of strangers: small good ones, damaged in every way, given to every loader.

Each case must load with the right result, or raise an error of ours, a `ValueError` or an `OSError`
that says why; within a time limit; and write nothing outside the caches. What loads is loaded
twice and compared, which shows tensors that were filled with random numbers.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trials import Outcome

TESTS = Path(__file__).parents[2] / "tests"
sys.path.insert(0, str(TESTS))

LIMIT_SECONDS = 60  # for one load of a model of kilobytes, on a busy machine
_MEMORY = 16 << 30
_EVERY_SHORT = 11  # of the cases; no multiple of how many loaders a kind has

Change = Callable[[Path], object]
RIGHT, FAILS, EITHER = "the same result", "an error", "a stable result or an error"


@dataclass(frozen=True)
class Case:
    """A good folder, what is done to it, and what must come of it."""

    kind: str
    loader: str
    what: str
    change: Change
    promise: str

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.loader}: {self.what}"


LOADERS = {
    "encoder": ("torch", "onnx", "auto"),
    "adapter": ("torch", "onnx"),
    "saved": ("torch", "onnx"),
    "t5": ("torch", "ctranslate2", "likelihood"),
    "gpt2": ("likelihood",),
    "qa": ("spans",),
    "gguf": ("likelihood",),
}


def torture(short: bool) -> Iterator[Outcome]:
    """Load damaged folders.

    Args:
        short: Try only some of the cases.

    Yields:
        One outcome for each kind of folder and loader.
    """
    with tempfile.TemporaryDirectory(prefix="recomp-folders-") as place:
        root = Path(place)
        build(root / "good")
        chosen = [n for n in range(len(cases())) if not short or n % _EVERY_SHORT == 0]
        outcomes: dict[str, Outcome] = {}
        slowest: dict[str, float] = {}
        for number, failure, seconds in run(root, chosen):
            case = cases()[number]
            name = f"{case.kind} folders, {case.loader}"
            outcomes.setdefault(name, Outcome(name)).count(
                None if failure is None else f"{case.name}: {failure}"
            )
            slowest[name] = max(slowest.get(name, 0.0), seconds)
        for name, outcome in outcomes.items():
            outcome.worst = f"{slowest[name]:.1f} s for one load"
            yield outcome


def build(good: Path) -> None:
    """Make one good folder of each kind."""
    import tiny_causal
    import tiny_gguf
    import tiny_reader
    import tiny_seq2seq
    from tiny_adapters import save_adapter
    from tiny_bert import save_contriever_style
    from tiny_encoders import save_encoder

    from recomp_core import load_compressor, save_compressor

    good.mkdir()
    base = save_contriever_style(good / "base")
    save_encoder(good / "made", dense="Tanh", normalize=True)
    shutil.move(good / "made" / "model", good / "encoder")
    shutil.rmtree(good / "made")
    layers = {f"encoder.layer.{n}.attention.self.query": (16, 16) for n in range(2)}
    adapter = save_adapter(
        good / "adapter", layers, base_model_name_or_path=str(base), target_modules=["query"]
    )
    for name in ("modules.json", "sentence_bert_config.json", "tokenizer.json",
                 "tokenizer_config.json", "config_sentence_transformers.json"):  # fmt: skip
        if (good / "encoder" / name).is_file():
            shutil.copy(good / "encoder" / name, adapter / name)
    modules = json.loads((adapter / "modules.json").read_text())[:2]
    (adapter / "modules.json").write_text(json.dumps(modules))
    shutil.copytree(good / "encoder" / "1_Pooling", adapter / "1_Pooling")
    save_compressor(load_compressor(good / "encoder", device="cpu"), good / "saved")
    tokenizer = tiny_seq2seq._unigram_tokenizer()
    tokenizer.save_pretrained(good / "t5")
    tiny_seq2seq._MODELS["t5"](tokenizer).eval().save_pretrained(good / "t5")
    tiny_causal.tokenizer("byte-level").save_pretrained(good / "gpt2")
    tiny_causal.model("gpt2").save_pretrained(good / "gpt2")
    tiny_gguf.save_gguf(_made(good / "gguf") / "tiny.gguf")
    tiny_reader.tokenizer().save_pretrained(good / "qa")
    tiny_reader.bert().save_pretrained(good / "qa")


# What is done to a folder. `outside` is a folder of somebody else, beside it.


@functools.cache
def cases() -> list[Case]:
    """List all cases, always in the same order."""
    return [
        Case(kind, loader, what, change, promise)
        for kind, loaders in LOADERS.items()
        for what, change, promise in changes(kind)
        for loader in loaders
    ]


def changes(kind: str) -> Iterator[tuple[str, Change, str]]:
    """List what is done to a folder of one kind, with what must come of it."""
    if kind == "gguf":
        yield from _gguf_changes()
        return
    weights = "adapter_model.safetensors" if kind == "adapter" else "model.safetensors"
    config = "adapter_config.json" if kind == "adapter" else "config.json"
    # In a saved folder the hash of each file is checked first.
    fails = FAILS
    either = FAILS if kind == "saved" else EITHER

    yield "nothing", lambda _: None, RIGHT
    yield "a model card", lambda f: (f / "README.md").write_text("# a model"), RIGHT
    if kind not in ("saved", "adapter"):
        yield "a tensor more", tensors(weights, _add), RIGHT
        yield "an unknown entry", edit(config, something=[1, {"a": None}]), RIGHT

    names = _files(kind)
    for name in names:
        for how, change in _DAMAGES.items():
            yield f"{name} {how}", _on(name, change), either
    for name in (config, weights):
        for how, replace in _REPLACED.items():
            yield f"{name} {how}", _on(name, replace), fails
    yield "a name with a surrogate", _surrogate, FAILS if kind == "saved" else RIGHT

    for how, change in _HEADERS.items():
        yield f"{weights} {how}", _on(weights, change), fails
    for how, change in _TENSORS.items():
        yield f"{weights} {how}", tensors(weights, change), fails

    if kind == "adapter":
        for entry, values in _ADAPTER.items():
            for value in values:
                yield f"{entry}={str(value)[:30]}", edit(config, **{entry: value}), either
    elif kind != "saved":
        for entry in _SIZES[kind]:
            for value in (0, -1, 1.5, "2", True, [2], {}, float("nan"), 10**6, 10**9, 10**30):
                yield f"{entry}={value}", edit(config, **{entry: value}), fails
        for entry, value in _SETTINGS.items():
            yield f"{entry}={str(value)[:40]}", edit(config, **{entry: value}), either
        for path in ("../outside/x.safetensors", "/etc/passwd", 5, None):
            yield f"a shard {path}", _index(path), fails
    if kind in ("encoder", "adapter"):
        for path in ("..", "../outside", "/", "@outside", "a/../../outside", "\0", 3, None):
            yield f"a module in {path!r}", _module(0, "path", path), fails
            yield f"another module in {path!r}", _module(1, "path", path), fails
        for kind_of in (
            "os.system",
            "builtins.exec",
            "",
            7,
            "sentence_transformers.models.Nothing",
        ):
            yield f"a module of type {kind_of!r}", _module(0, "type", kind_of), fails
        for entry, values in _PASSED_ON.items():
            for value in values:
                yield (
                    f"{entry}={value}",
                    edit("sentence_bert_config.json", **{entry: value}),
                    either,
                )
    if kind == "saved":
        for entry, values in _SAVED.items():
            for value in values:
                yield (
                    f"{entry}={str(value)[:30]}",
                    edit("recomp_config.json", **{entry: value}),
                    fails,
                )


def _gguf_changes() -> Iterator[tuple[str, Change, str]]:
    """List what is done to a GGUF file, which is a folder's only weights."""
    name = "tiny.gguf"
    yield "nothing", lambda _: None, RIGHT
    yield "a model card", lambda f: (f / "README.md").write_text("# a model"), RIGHT
    for how, change in (*_DAMAGES.items(), *_REPLACED.items()):
        yield f"{name} {how}", _on(name, change), FAILS
    for eighth in range(1, 8):
        yield f"{name} cut at {eighth}/8", _on(name, _cut(eighth / 8)), FAILS
    for at in (4, 8, 16):  # the version, how many tensors, how many fields
        for value in (0, 1, 7, 2**31, 2**63, 2**64 - 1):
            yield f"{name} with {value} at {at}", _on(name, _number_at(at, value)), EITHER
    for entry in _GGUF_ENTRIES:
        for value in (0, 1, 3, 2**16, 2**31, 2**32 - 1):
            yield f"{entry}={value}", _on(name, _after(entry, value)), EITHER
    for number in range(120):  # anywhere in the header and the first tensors
        yield f"{name} with the byte {number} changed", _on(name, _changed_byte(number)), EITHER


def _cut(share: float) -> Change:
    return lambda file: file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])


def _number_at(at: int, value: int) -> Change:
    def change(file: Path) -> None:
        content, size = file.read_bytes(), 4 if at == 4 else 8
        written = (value % 2 ** (8 * size)).to_bytes(size, "little")
        file.write_bytes(content[:at] + written + content[at + size :])

    return change


def _after(entry: str, value: int) -> Change:
    """Change the number that follows a name and its kind."""

    def change(file: Path) -> None:
        content = file.read_bytes()
        at = content.index(entry.encode()) + len(entry) + 4
        file.write_bytes(content[:at] + value.to_bytes(4, "little") + content[at + 4 :])

    return change


def _changed_byte(number: int) -> Change:
    def change(file: Path) -> None:
        content = bytearray(file.read_bytes())
        drawn = random.Random(number)
        content[drawn.randrange(min(len(content), 20_000))] ^= drawn.randrange(1, 256)
        file.write_bytes(content)

    return change


_GGUF_ENTRIES = (
    "llama.block_count", "llama.context_length", "llama.embedding_length",
    "llama.feed_forward_length", "llama.attention.head_count", "llama.attention.head_count_kv",
    "llama.attention.layer_norm_rms_epsilon", "llama.rope.freq_base", "llama.vocab_size",
    "general.architecture", "tokenizer.ggml.model", "tokenizer.ggml.tokens",
    "tokenizer.ggml.token_type", "tokenizer.ggml.merges", "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eos_token_id", "token_embd.weight", "blk.0.attn_q.weight",
    "output_norm.weight",
)  # fmt: skip


def _files(kind: str) -> tuple[str, ...]:
    own = {
        "encoder": ("config.json", "modules.json", "sentence_bert_config.json", "tokenizer.json",
                    "tokenizer_config.json", "config_sentence_transformers.json",
                    "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
                    "model.safetensors"),
        "adapter": ("adapter_config.json", "adapter_model.safetensors", "modules.json"),
        "saved": ("recomp_config.json", "tokenizer.json", "model.safetensors", "modules.json"),
    }  # fmt: skip
    more = () if kind == "qa" else ("generation_config.json",)
    return own.get(kind, (*more, "config.json", "tokenizer.json",
                          "tokenizer_config.json", "model.safetensors"))  # fmt: skip


_DAMAGES: dict[str, Change] = {
    "empty": lambda f: f.write_bytes(b""),
    "halved": lambda f: f.write_bytes(f.read_bytes()[: f.stat().st_size // 2]),
    "of zeros": lambda f: f.write_bytes(b"\0" * 1000),
    "no UTF-8": lambda f: f.write_bytes(b"\xff\xfe{}"),
    "a list": lambda f: f.write_text("[1, 2]"),
    "a number": lambda f: f.write_text("NaN"),
    "nested": lambda f: f.write_text("[" * 200_000 + "]" * 200_000),
    "nested within": lambda f: f.write_text('{"a":' * 200_000 + "1" + "}" * 200_000),
    "of lone surrogates": lambda f: f.write_text('{"model_type": "\\ud800", "r": "\\udfff"}'),
}


def _link_to(target: str) -> Change:
    return lambda file: (file.unlink(), file.symlink_to(target))


def _move_out(file: Path) -> None:
    moved = _outside(file) / f"copy-{file.name}"
    file.rename(moved)
    file.symlink_to(moved)


_REPLACED: dict[str, Change] = {
    "gone": Path.unlink,
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "a pipe": lambda file: (file.unlink(), os.mkfifo(file)),
    "a link to a device": _link_to("/dev/zero"),
    "a link to nothing": _link_to("/nowhere/at/all"),
    "a link in a circle": lambda file: (file.unlink(), file.symlink_to(file.name)),
    "a link to its content outside": _move_out,
}


def _header(size: int | None = None, text: bytes | None = None, **entry: Any) -> Change:
    def change(file: Path) -> None:
        content = file.read_bytes()
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        first = next(name for name in header if name != "__metadata__")
        header[first].update(entry)
        written = json.dumps(header).encode() if text is None else text
        count = len(written) if size is None else size
        file.write_bytes(count.to_bytes(8, "little") + written + content[8 + length :])

    return change


_HEADERS: dict[str, Change] = {
    "with a header of 2^60 bytes": _header(size=2**60),
    "with a header of 2^64 - 1 bytes": _header(size=2**64 - 1),
    "with a header of 99 MB": _header(size=99_000_000),
    "with an empty header": _header(text=b"{}"),
    "with a header that is no JSON": _header(text=b"{" * 100),
    "with a nested header": _header(text=b'{"a":' * 100_000),
    "with offsets that overlap": _header(data_offsets=[0, 4]),
    "with offsets beyond the end": _header(data_offsets=[0, 10**12]),
    "with offsets that go back": _header(data_offsets=[64, 0]),
    "with a negative offset": _header(data_offsets=[-4, 4]),
    "with a shape that overflows": _header(shape=[2**40, 2**40]),
    "with a negative shape": _header(shape=[-1]),
    "with an unknown type": _header(dtype="PICKLE"),
    "with bytes behind its end": lambda f: f.write_bytes(f.read_bytes() + b"x" * 8),
}


def _add(stored: dict[str, Any]) -> None:
    stored["something.else"] = next(iter(stored.values())).clone()


def _first_matrix(stored: dict[str, Any]) -> str:
    return next(name for name in sorted(stored) if stored[name].ndim == 2)


def _replace(change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    def apply(stored: dict[str, Any]) -> None:
        name = _first_matrix(stored)
        stored[name] = change(stored[name])

    return apply


_TENSORS: dict[str, Callable[[dict[str, Any]], object]] = {
    "without a tensor": lambda stored: stored.pop(_first_matrix(stored)),
    "without any but one": lambda stored: [stored.pop(n) for n in sorted(stored)[1:]],
    "renamed": lambda stored: [stored.update({f"{n}s": stored.pop(n)}) for n in sorted(stored)],
    "with a row less": _replace(lambda t: t[:-1]),
    "with a column less": _replace(lambda t: t[:, :-1]),
    "with a tensor of no rows": _replace(lambda t: t[:0]),
    "with a flat tensor": _replace(lambda t: t.flatten()),
    "with a tensor of one more axis": _replace(lambda t: t[None]),
}

_SIZES = {
    "encoder": ("num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size",
                "vocab_size", "max_position_embeddings"),
    "t5": ("d_model", "d_ff", "d_kv", "num_layers", "num_decoder_layers", "num_heads",
           "vocab_size"),
    "gpt2": ("n_embd", "n_layer", "n_head", "n_positions", "vocab_size"),
    "qa": ("num_hidden_layers", "hidden_size", "vocab_size", "max_position_embeddings"),
}  # fmt: skip
_SETTINGS: dict[str, Any] = {
    "model_type": "nothing", "architectures": 5, "hidden_act": "exec",
    "layer_norm_eps": float("nan"),
    "layer_norm_epsilon": float("inf"), "num_labels": 10**9, "_attn_implementation": "a/b",
    "attn_implementation": "a/b", "auto_map": {"AutoModel": "evil.Model"}, "dtype": "evil",
    "quantization_config": {"quant_method": "evil"}, "id2label": 5, "vocab": "x" * 10**6,
    "type_vocab_size": -1, "is_decoder": "perhaps", "is_encoder_decoder": "perhaps",
}  # fmt: skip
_ADAPTER: dict[str, list[Any]] = {
    "r": [0, -1, 10**9, 2.5, "2", None, True, float("nan")],
    "lora_alpha": [float("nan"), float("inf"), "x", None, [1], 10**400],
    "target_modules": ["(a+)+$", ["(a|a)*$"], 5, [5], {"a": 1}],
    "layers_pattern": ["(a+)+$"], "exclude_modules": ["(a+)+$"],
    "rank_pattern": [{"(a+)+$": 4}, {"query": 10**9}], "peft_type": ["EVIL", 5],
    "base_model_name_or_path": [5, "", "/nowhere/at/all", "..", ".", "\0", ["x"], "/dev/zero"],
    "revision": [5], "megatron_config": [{"a": 1}], "auto_mapping": [{"parent_library": "os"}],
}  # fmt: skip
_PASSED_ON: dict[str, list[Any]] = {
    "max_seq_length": [0, -1, 1, 1.5, "x", True, 10**9, float("nan"), [1]],
    "do_lower_case": ["x", 5], "tokenizer_name_or_path": ["/etc", "a/b"],
    "model_args": [{"weights_only": False}, {"attn_implementation": "a/b"}, 5, {"state_dict": {}}],
    "config_args": [{"num_hidden_layers": 10**6}],
    "tokenizer_args": [{"vocab_file": "/etc/passwd"}],
    "transformer_task": ["evil"],
}  # fmt: skip
_SAVED: dict[str, list[Any]] = {
    "format_version": [0, 99, "2", None, [1]], "kind": ["evil", 5, ["extractive"], None],
    "sha256": [5, {}, {"../outside/x": "0"}, {"/etc/passwd": "0"}, {"a": 5}, [["a", "b"]]],
    "batch_size": [0, -1, 1.5, "x", True, 10**30], "truncate_dim": [0, "x", 2.5],
    "context": [5, "evil"], "similarity_fn_name": ["evil", {}], "lang": [5],
    "expand": [3, [1], ["a", 1]],
    "selector": [5, {}, {"type": "evil"}, {"type": []}, {"type": "top_k", "k": "x"}],
    "lexical_weight": [2, "x", float("nan")], "separator": [5], "elision": [5], "outline": ["evil"],
    "titles": ["x"], "document_format": ["evil"], "max_unit_tokens": [0, "x"],
    "document_separator": [5],
}  # fmt: skip


def edit(name: str, **entries: Any) -> Change:
    def change(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**content, **entries}))

    return change


def tensors(name: str, change: Callable[[dict[str, Any]], object]) -> Change:
    def apply(folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        stored = load_file(folder / name)
        change(stored)
        contiguous = {key: value.contiguous().clone() for key, value in stored.items()}
        save_file(contiguous, folder / name, metadata={"format": "pt"})

    return apply


def _on(name: str, change: Change) -> Change:
    return lambda folder: change(folder / name)


def _module(number: int, entry: str, value: Any) -> Change:
    def change(folder: Path) -> None:
        modules = json.loads((folder / "modules.json").read_text())
        modules[number][entry] = str(_outside(folder / "x")) if value == "@outside" else value
        (folder / "modules.json").write_text(json.dumps(modules))

    return change


def _index(path: Any) -> Change:
    def change(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        index = {"metadata": {}, "weight_map": {"a": path}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    return change


def _surrogate(folder: Path) -> None:
    with open(os.fsencode(folder) + b"/\xff\xfe.json", "w") as file:
        file.write("{}")


def _outside(file: Path) -> Path:
    """The folder of somebody else, beside the one that `file` is in."""
    return next(p for p in file.parents if (p / "outside").is_dir()) / "outside"


# Parent and child.


def run(root: Path, chosen: list[int]) -> Iterator[tuple[int, str | None, float]]:
    """Try cases in child processes, and end one that takes too long.

    Args:
        root: A folder with the good ones in `good`.
        chosen: The numbers of the cases.

    Yields:
        For each case its number, what went wrong or None, and the seconds that it took.
    """
    waiting = list(chosen)
    while waiting:
        with tempfile.TemporaryFile() as errors:
            child = subprocess.Popen(
                [sys.executable, "-W", "ignore", __file__, str(root), *map(str, waiting)],
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(root / "cache"),
                     "TMPDIR": str(_made(root / "tmp"))},
            )  # fmt: skip
            began = time.monotonic()
            for line in _lines(child):
                number, failure = json.loads(line)
                if number is not None:
                    waiting.remove(number)
                    yield number, failure, time.monotonic() - began
                began = time.monotonic()
            try:
                child.wait(1)  # it has closed its output, or is silent
                hung = False
            except subprocess.TimeoutExpired:
                hung = True
            child.kill()
            child.wait()
            errors.seek(0)
            said = errors.read()[-200:].decode(errors="replace")
        if waiting:
            what = f"no end in {LIMIT_SECONDS} s" if hung else f"died ({child.returncode}): {said}"
            yield waiting.pop(0), what, time.monotonic() - began


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _lines(child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """What a child writes, until it ends or is silent for too long."""
    assert child.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        # The first line comes when torch and transformers are imported.
        while selector.select(LIMIT_SECONDS):
            if not (line := child.stdout.readline()):
                return
            yield line


def work(root: Path, numbers: list[int]) -> None:
    """Try cases, and write a line for each; in the child."""
    import resource

    import torch

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    torch.set_num_threads(1)
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    written: list[str] = []
    allowed = tuple(os.path.realpath(root / name) + os.sep for name in ("cache", "tmp"))

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        path = written_path(event, arguments)
        if path and not os.path.realpath(path).startswith((*allowed, "/dev/", "/proc/")):
            written.append(f"{event} {path}")

    @contextlib.contextmanager
    def watched() -> Iterator[None]:
        watching.append(True)
        try:
            yield
        finally:
            watching.clear()

    watching: list[bool] = []
    sys.addaudithook(lambda event, arguments: audit(event, arguments) if watching else None)

    expected = {}
    wanted = {(cases()[n].kind, cases()[n].loader) for n in numbers}
    for kind, loaders in LOADERS.items():
        for loader in loaders:
            if (kind, loader) in wanted:
                expected[kind, loader] = load(root / "good" / kind, kind, loader)
                print(json.dumps([None, None]), file=results, flush=True)
    for number in numbers:
        case = cases()[number]
        failure = attempt(root, case, expected[case.kind, case.loader], watched)
        if written:
            failure = f"wrote outside: {written[0]}"
            written.clear()
        print(json.dumps([number, failure]), file=results, flush=True)


def written_path(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The file that an audited event writes, if it does."""
    if event == "open":
        path, mode, flags = arguments[:3]
        writes = any(c in mode for c in "wax+") if isinstance(mode, str) else False
        writes = writes or bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        return os.fsdecode(path) if writes and isinstance(path, (str, bytes)) else None
    if event in ("os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate"):
        if not isinstance(arguments[0], (str, bytes)):
            return None
        at = arguments[-1] if event != "os.truncate" else -1
        beside = os.readlink(f"/proc/self/fd/{at}") if at > 0 else ""
        return os.path.join(beside, os.fsdecode(arguments[0]))
    if event in ("os.rename", "os.link", "os.symlink"):
        return os.fsdecode(arguments[1])
    return None


def attempt(root: Path, case: Case, expected: object, watched: Any) -> str | None:
    """Try a case. What went wrong, or None."""
    place = Path(tempfile.mkdtemp(dir=root))
    folder, outside = place / "model", place / "outside"
    try:
        shutil.copytree(root / "good" / case.kind, folder)
        shutil.copytree(root / "good" / "base", outside)
        case.change(folder)
        before = {file: file.stat().st_mtime_ns for file in outside.rglob("*")}
        results = []
        try:
            with watched():
                results = [load(folder, case.kind, case.loader) for _ in range(2)]
        except (ValueError, OSError) as error:
            if type(error) is UnicodeError or not str(error):
                return f"{type(error).__name__} without a message"
            if case.promise == RIGHT:
                return f"{type(error).__name__}: {error}"[:300]
        except BaseException as error:  # a failure is a result here, whatever its class
            return f"{type(error).__name__}: {error}"[:300]
        if {file: file.stat().st_mtime_ns for file in outside.rglob("*")} != before:
            return "the folder beside it was changed"
        if results and case.promise == FAILS:
            return "it loaded"
        if results and case.promise == RIGHT and results[0] != expected:
            return f"another result: {results[0]} instead of {expected}"
        if len(results) == 2 and results[0] != results[1]:
            return "another result at each load"
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return None


QUERY, DOCUMENTS = (
    "who built the tower?",
    ["the tower was built by bob. bananas are yellow. paris."],
)


def load(folder: Path, kind: str, loader: str) -> object:
    """Load a folder and use it once. The result can be compared."""
    from recomp_core import load_compressor

    if loader == "likelihood":
        from recomp_core.readers.answer_scores import AnswerRequest
        from recomp_core.readers.likelihood import CausalLMScorer, Seq2SeqLMScorer

        scorers = {"t5": Seq2SeqLMScorer, "gpt2": CausalLMScorer, "gguf": CausalLMScorer}
        scorer = scorers[kind].from_pretrained(folder, device="cpu")
        request = AnswerRequest("who built it?", "the tower was built by bob.", ("bob",))
        return [round(score.value, 3) for score in good(scorer.score([request]))]
    if loader == "spans":
        from recomp_core.readers.answerers import SpanReader

        reader = SpanReader.from_pretrained(folder, device="cpu")
        return good(reader.answer([QUERY], DOCUMENTS))
    # Forced, because a summary that has not ended by then is an error, and here all are compared.
    settings = {"max_new_tokens": 5, "min_new_tokens": 5} if kind == "t5" else {}
    compressor = load_compressor(folder, device="cpu", backend=loader, **settings)
    result = compressor.compress(QUERY, DOCUMENTS)
    return [(s.text, round(s.score, 4)) for s in (*result.kept, *result.dropped)] or result.text


def good(results: list[Any]) -> list[Any]:
    """The results, none of which may be an error."""
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


if __name__ == "__main__":
    work(Path(sys.argv[1]), [int(number) for number in sys.argv[2:]])
