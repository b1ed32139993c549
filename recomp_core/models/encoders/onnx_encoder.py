"""The fast encoder on a CPU: a packed graph on onnxruntime, without torch (extra `onnx`)."""

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

# Places of a table, so that what is between the layers fits into the processor's cache. The fastest
# of 512, 768, 1,024 and 2,048 on one core.
_TOKENS_AT_ONCE = 512
# What attention costs for each token of width, relative to everything else, measured on MiniLM; see
# `onnx_packing.pack`. It is larger where everything else is smaller.
_COST_OF_WIDTH = {"float32": 0.0008, "int8": 0.0014}


class OnnxEncoder(SpanPoolingEncoder):
    """A BERT-like encoder of sentences on onnxruntime.

    It is safe to call from several threads, and in a process that was forked after it was loaded.

    Args:
        folder: What the files of the model say.
        tokenizer: The model's tokenizer.
        load_torch_model: Loads the same model as a `SentenceTransformer`, for what needs one.
        compute_type: "float32", whose vectors are those of torch to 1e-5, or "int8", which is
            nearly twice as fast and moves them: with the bundled encoder a cosine by less than
            0.025, and 98 of 100 kept sentences are the same.
        truncate_dim: Keep only so many dimensions of a vector; None keeps all.
        num_threads: Threads of one call. By default torch's number where torch is loaded, else
            `OMP_NUM_THREADS`, else the cores that this process may use.
        batch_size: Saved for torch. Here a pass reads 512 tokens, of any number of texts.
        cache: The folder of stored graphs; by default that of `onnx_cache.cache_folder`.

    Attributes:
        folder: See above.
        tokenizer: See above.
        compute_type: See above.
        num_threads: See above.
        batch_size: See above.
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
        self._words = folder.words() if folder.looks_words_up else None
        self._torch_model: Any = None
        self._lock = threading.Lock()
        self._opened = (os.getpid(), self._open())

    def __repr__(self) -> str:
        return f"OnnxEncoder({self.folder.shown_name!r}, compute_type={self.compute_type!r})"

    @property
    def model(self) -> Any:
        """The same model as a `SentenceTransformer`, loaded when it is first asked for.

        Changing it does not change this encoder's vectors.
        """
        with self._lock:
            if self._torch_model is None:
                self._torch_model = self._load_torch_model()
            return self._torch_model

    @property
    def identity(self) -> str:
        """What distinguishes this encoder's vectors of documents from those of any other."""
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
        """Whether `encode_spans` works: it needs mean pooling."""
        return self.folder.pooling == "mean"

    @property
    def truncate_dim(self) -> int | None:
        """How many dimensions of a vector are kept, as in sentence-transformers; None for all."""
        return self._truncate_dim

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Encode queries. See `SpanPoolingEncoder.encode_queries`."""
        return self._encode(self._query_prompt(), queries)

    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Encode sentences. See `SpanPoolingEncoder.encode_sentences`."""
        return self._encode(self._document_prompt(), sentences)

    def token_counter(self) -> Callable[[str], int]:
        """Make a function that counts tokens as the model does.

        Returns:
            A function from a text to the number of its tokens, without special ones.
        """
        return partial(_count, self.tokenizer.plain())

    def save_pretrained(self, folder: str) -> None:
        """Write the model as sentence-transformers does; this loads torch.

        Args:
            folder: Where to write.
        """
        self.model.save_pretrained(folder)

    def _encode(self, prompt: str, texts: Sequence[str]) -> np.ndarray:
        sequences, cut = self.tokenizer.ids([prompt + replace_surrogates(text) for text in texts])
        if cut:
            return self._with_long(prompt, texts, cut, partial(self._encode, prompt))
        pooled = np.zeros((len(sequences), self.folder.dimension), dtype=np.float32)
        for number, vectors in self._read(sequences):
            pooled[number] = vectors[0] if self.folder.pooling == "cls" else vectors.mean(axis=0)
        return self._finish(pooled)

    def _read(self, sequences: Sequence[Sequence[int]]) -> Iterator[tuple[int, np.ndarray]]:
        """Number and token vectors, (n_tokens, hidden), of each sequence, in any order."""
        session = self._session()
        lengths = [len(sequence) for sequence in sequences]
        cost_of_width = _COST_OF_WIDTH[self.compute_type]
        for table in pack(lengths, _TOKENS_AT_ONCE, cost_of_width):
            feeds = table.feeds(sequences)
            if self._words is not None:
                feeds["words"] = self._words.rows(feeds.pop("ids"))
            (tokens,) = session.run(None, feeds)
            for row, start, number in table.places(sequences):
                first = row * table.width + start
                yield number, tokens[first : first + lengths[number]]

    def _session(self) -> Any:
        """The session of this process. The threads of its parent's session are not here."""
        process, session = self._opened
        if process != os.getpid():
            session = self._open()
            self._opened = (os.getpid(), session)
        return session

    def after_fork(self) -> None:
        """In a forked process, keep the parent's session from being freed.

        Freeing it waits for its threads, which are not in the child, and so without end. That is
        also true of the child's own end.
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
        # Not all optimizations: those would put in the operators that `onnx_graph` avoids.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        # Shapes are new in most calls, so memory plans for each of them would only pile up.
        options.enable_mem_pattern = False
        # Between calls the other threads sleep, instead of waiting busily for the next.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.log_severity_level = 3
        tell_after_fork(self)
        graph = cached_graph(self._key(), self._build, self._cache)
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        if isinstance(graph, bytes):
            # It keeps them to open itself anew on another device (seen with 1.32), as this one
            # never does: the weights would be in memory twice.
            session._model_bytes = None
            del graph
        _give_back_memory()
        return session

    @property
    def _narrow(self) -> bool:
        return self.compute_type == "int8" and sums_overflow()

    def _key(self) -> str:
        how = ("-narrow" if self._narrow else "") + ("-words" if self.folder.looks_words_up else "")
        return f"{self._content_hash[:32]}-{GRAPH_VERSION}-{self.compute_type}{how}"

    def _build(self) -> bytes:
        logger.info("making the %s graph of %s", self.compute_type, self.folder.model)
        weights = self.folder.weights()
        return build_graph(weights, self.folder.shape, self.compute_type, narrow=self._narrow)

    def _module_names(self) -> list[str]:
        return list(self.folder.modules)

    def _query_prompt(self) -> str:
        return self.folder.prompts.get("query", "")

    def _document_prompt(self) -> str:
        return self.folder.prompts.get("document", "")

    def _room(self) -> int:
        return self.tokenizer.room

    def _token_offsets(self, texts: Sequence[str]) -> list[Sequence[tuple[int, int]]]:
        return self.tokenizer.offsets([replace_surrogates(text) for text in texts])

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
        # A session, mapped files, a lock and the torch model stay here; the copy opens its own.
        left = {"_opened": (-1, None), "_words": None, "_lock": None, "_torch_model": None}
        return {**self.__dict__, **left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())
        self._words = self.folder.words() if self.folder.looks_words_up else None


def _count(tokenizer: Any, text: str) -> int:
    # The fast form leaves out the offsets, which nobody asks for.
    (encoded,) = tokenizer.encode_batch_fast([replace_surrogates(text)], add_special_tokens=False)
    return len(encoded)


def usual_threads() -> int:
    """Find out how many threads torch would use, without loading it.

    Returns:
        At least 1.
    """
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
    """The processors that share a core with this one, as Linux names them."""
    file = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
    try:
        return file.read_text().strip()
    except OSError:
        return str(processor)


def sums_overflow() -> bool:
    """Find out whether this processor adds two products of 8 bits into 16 bits.

    Returns:
        True on x86 without VNNI, and on an unknown x86.
    """
    import platform

    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return "avx512_vnni" not in flags and "avx_vnni" not in flags


def _give_back_memory() -> None:
    """Give back what loading took and freed, which glibc keeps: some 50 MB."""
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):  # not in every C library
        library.malloc_trim(0)


def _skip_native_end() -> None:
    """End this process as soon as Python has ended, with the same status.

    The C++ destructors of onnxruntime's library wait for the parent's threads too, whether or not a
    session is left (seen with 1.32: a forked process never ended). Python has no hook that runs
    after its own finalization and keeps the exit status, hence glibc's `on_exit`.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "on_exit"):  # what was registered last is called first
        library.on_exit(library._exit, None)
