"""The fast encoder on a CPU: onnxruntime on a packed graph, no torch. Needs the extra `onnx`."""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...runtime.forking import tell_after_fork
from ...text.splitting import replace_surrogates
from .bert_folder import BertFolder
from .bert_tokenizer import BertTextTokenizer
from .onnx_cache import cached_graph
from .onnx_graph import GRAPH_VERSION, ComputeType, build_graph
from .onnx_packing import pack
from .span_pooling import EncoderWindow, SpanPoolingEncoder

logger = logging.getLogger(__name__)

# Places of a table: what is between the layers fits the processor's cache. Of 512, 768, 1,024 and
# 2,048 the fastest on one core.
_TOKENS_AT_ONCE = 512
# What attention costs for each token of width, beside all else: see `packing.pack`. Measured on
# MiniLM; the smaller all else is, the larger.
_COST_OF_WIDTH = {"float32": 0.0008, "int8": 0.0014}


class OnnxEncoder(SpanPoolingEncoder):
    """A BERT-like encoder of sentences on onnxruntime; safe to call from several threads, and in a
    process that was forked after it was loaded.

    folder, tokenizer: what the files of the model say.
    load_torch_model: gives the same model as a `SentenceTransformer`, for what needs one.
    compute_type: "float32", whose vectors are those of torch to 1e-5, or "int8", which is nearly
        twice as fast and moves them: with the bundled encoder a cosine by less than 0.025,
        and 98 of 100 kept sentences are the same.
    num_threads: of one call. By default torch's number where torch is loaded, else
        `OMP_NUM_THREADS`, else the cores that this process may use.
    batch_size: kept for torch; tables of 512 tokens are read at a time, however many texts that is.
    """

    def __init__(
        self,
        folder: BertFolder,
        tokenizer: BertTextTokenizer,
        *,
        load_torch_model: Callable[[], Any],
        compute_type: ComputeType = "float32",
        truncate_dim: int | None = None,
        num_threads: int | None = None,
        batch_size: int = 16,
        cache: Path | None = None,
    ) -> None:
        super().__init__(batch_size=batch_size)
        self.folder = folder
        self.tokenizer = tokenizer
        self.compute_type = compute_type
        self.num_threads = num_threads
        self._truncate_dim = truncate_dim
        self._load_torch_model = load_torch_model
        self._cache = cache
        self._content_hash = folder.content_hash()
        self._torch_model: Any = None
        self._lock = threading.Lock()
        self._opened = (os.getpid(), self._open())

    @property
    def model(self) -> Any:
        """The same model as a `SentenceTransformer`, loaded when it is first asked for.

        What is done to it does not change this encoder's vectors.
        """
        with self._lock:
            if self._torch_model is None:
                self._torch_model = self._load_torch_model()
            return self._torch_model

    @property
    def identity(self) -> str:
        """What tells this encoder's vectors of documents from any other's."""
        folder = self.folder
        parts = [
            "onnx", GRAPH_VERSION, self._content_hash, self.compute_type, self._narrow,
            folder.max_length, folder.pooling, folder.modules, self._document_prompt(),
            self._truncate_dim, hashlib.sha256(self.tokenizer.serialized.encode()).hexdigest(),
            folder.after_hash(),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    @property
    def can_encode_spans(self) -> bool:
        """Whether `encode_spans` works: a model that is pooled by the mean."""
        return self.folder.pooling == "mean"

    @property
    def truncate_dim(self) -> int | None:
        """How many dimensions of a vector are left, as in sentence-transformers."""
        return self._truncate_dim

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Float array (n_queries, dim); the model's query prompt, if any, is put before each."""
        return self._encode(self.folder.prompts.get("query", ""), queries)

    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Float array (n_sentences, dim); its document prompt, if any, is put before."""
        return self._encode(self._document_prompt(), sentences)

    def token_counter(self) -> Callable[[str], int]:
        """Counts tokens as the model does, special ones left out."""
        return partial(_count, self.tokenizer.plain())

    def save_pretrained(self, folder: str) -> None:
        """Write the model as sentence-transformers does, which loads torch."""
        self.model.save_pretrained(folder)

    def _encode(self, prompt: str, texts: Sequence[str]) -> np.ndarray:
        sequences = self.tokenizer.ids([prompt + replace_surrogates(text) for text in texts])
        pooled = np.zeros((len(sequences), self.folder.dimension), dtype=np.float32)
        for number, vectors in self._read(sequences):
            pooled[number] = vectors[0] if self.folder.pooling == "cls" else vectors.mean(axis=0)
        return self._finish(pooled)

    def _read(self, sequences: Sequence[Sequence[int]]) -> Iterator[tuple[int, np.ndarray]]:
        """Number and token vectors, (n_tokens, hidden), of each sequence, in no order."""
        session = self._session()
        lengths = [len(sequence) for sequence in sequences]
        cost_of_width = _COST_OF_WIDTH[self.compute_type]
        for table in pack(lengths, _TOKENS_AT_ONCE, cost_of_width):
            (tokens,) = session.run(None, table.feeds(sequences))
            for row, start, number in table.places(sequences):
                first = row * table.width + start
                yield number, tokens[first : first + lengths[number]]

    def _session(self) -> Any:
        """The session of this process: the threads of its parent's are not here."""
        process, session = self._opened
        if process != os.getpid():
            session = self._open()
            self._opened = (os.getpid(), session)
        return session

    def after_fork(self) -> None:
        """In the child: leave the parent's session be. To free it would be to wait for its threads,
        which are not here, and so for ever; also when the child ends.
        """
        _, session = self.__dict__.get("_opened", (-1, None))
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))
        self._lock = threading.Lock()  # the parent may have held it
        _skip_native_end()

    def _open(self) -> Any:
        import onnxruntime  # type: ignore[import-untyped]

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.num_threads or usual_threads()
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        # Not all: that would put in the operators that `onnx_graph` avoids.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        # Shapes are ever new, so plans of the memory for each would only pile up.
        options.enable_mem_pattern = False
        # Between calls the other threads sleep, instead of waiting busily for the next.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.log_severity_level = 3
        tell_after_fork(self)
        graph = cached_graph(self._key(), self._build, self._cache)
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    @property
    def _narrow(self) -> bool:
        return self.compute_type == "int8" and sums_overflow()

    def _key(self) -> str:
        width = "-narrow" if self._narrow else ""
        return f"{self._content_hash[:32]}-{GRAPH_VERSION}-{self.compute_type}{width}"

    def _build(self) -> bytes:
        logger.info("making the %s graph of %s", self.compute_type, self.folder.model)
        weights = self.folder.weights()
        return build_graph(weights, self.folder.shape, self.compute_type, narrow=self._narrow)

    def _module_names(self) -> list[str]:
        return list(self.folder.modules)

    def _document_prompt(self) -> str:
        return self.folder.prompts.get("document", "")

    def _hidden_size(self) -> int:
        return self.folder.dimension

    def _windows(self, texts: Sequence[str]) -> list[EncoderWindow]:
        return self.tokenizer.windows(texts)

    def _token_vectors(
        self, windows: Sequence[EncoderWindow]
    ) -> Iterator[tuple[EncoderWindow, np.ndarray]]:
        for number, vectors in self._read([window.features["input_ids"] for window in windows]):
            yield windows[number], vectors

    def _finish(self, vectors: np.ndarray) -> np.ndarray:
        for step in self.folder.after:
            vectors = step(vectors)
        return vectors[:, : self._truncate_dim]

    def __getstate__(self) -> dict[str, Any]:
        # A session, a lock and the torch model stay here; the copy opens its own session.
        return {**self.__dict__, "_opened": (-1, None), "_lock": None, "_torch_model": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())


def _count(tokenizer: Any, text: str) -> int:
    return len(tokenizer.encode(replace_surrogates(text), add_special_tokens=False).ids)


def usual_threads() -> int:
    """How many threads torch would take, which need not be loaded for it."""
    if "torch" in sys.modules:
        threads: int = sys.modules["torch"].get_num_threads()
        return threads
    said = os.getenv("OMP_NUM_THREADS", "").split(",")[0].strip()
    if said.isdigit() and int(said) > 0:
        return int(said)
    if not hasattr(os, "sched_getaffinity"):
        return max(1, os.cpu_count() or 1)
    allowed = os.sched_getaffinity(0)
    cores = {_siblings(number) for number in allowed}
    return len(cores)


def _siblings(processor: int) -> str:
    """The processors of the same core, as Linux names them."""
    file = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
    try:
        return file.read_text().strip()
    except OSError:
        return str(processor)


def sums_overflow() -> bool:
    """Whether this processor adds two products of 8 bits into 16: x86 without VNNI, where an
    unknown one counts as such.
    """
    import platform

    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return "avx512_vnni" not in flags and "avx_vnni" not in flags


def _skip_native_end() -> None:
    """Have this process end once Python has, with the same status: the end of onnxruntime's library
    waits for the parent's threads too (seen with 1.32, of which this is no fault of a session).
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "on_exit"):  # of glibc; what was registered last is called first
        library.on_exit(library._exit, None)
