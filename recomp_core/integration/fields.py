"""The settings of a compressor, declared once.

Each setting's name, type, default, help and place in the command stand here. The LangChain and
LlamaIndex adapters inherit these fields, `recomp compress` makes its options of them, and the table
in `docs/settings.md` is written from them. `load_compressor` spells the same names out for editors;
a test compares its signature with this declaration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from .._utils.settings import Checked, Float, Int, Name, Setting, declaration, declared_settings
from ..prompts import NOTHING_RELEVANT_WORD
from ..runtime.deadline import check_timeout
from ..text.units import Format
from ..types import Context, Injections, Outline, SimilarityFunction


@declaration
class IndexerSettings:
    """Which encoder to use. None leaves a setting at the model's own or at the default."""

    model: Annotated[
        Name | None,
        Setting(
            "Name or folder of an encoder, of a model that writes summaries, or of a saved "
            "compressor.",
            unset="the bundled encoder",
            flags=("--model", "-m"),
        ),
    ] = None
    context: Annotated[
        Context | None,
        Setting(
            "What a sentence is encoded with: sentence (alone, as in the paper), title (after its "
            "title) or document (within its document, encoded once).",
            unset="document, where the encoder can",
        ),
    ] = None
    lang: Annotated[
        str | None, Setting("Language of the documents, such as en.", unset="detected in each")
    ] = None
    document_format: Annotated[
        Format | None,
        Setting(
            "Format of the documents: markdown, text, html, csv, json, yaml, email, log, chat or "
            "code.",
            unset="what a document's metadata says, else recognised in its text",
        ),
    ] = None
    max_unit_tokens: Annotated[
        Int | None,
        Setting(
            "About how many tokens a sentence, row or list item may have; a longer one is divided.",
            unset="120",
            minimum=1,
        ),
    ] = None
    prompts: Annotated[
        Mapping[str, str] | None,
        Setting(
            'What is put before queries and documents, such as {"query": "query: ", "document": '
            '"passage: "}; {} for nothing.',
            unset="what the model says, or needs by its family",
            in_command=False,
        ),
    ] = None
    store: Annotated[
        Name | None,
        Setting("Folder of a sentence store, where vectors are looked up and kept."),
    ] = None
    batch_size: Annotated[
        Int | None, Setting("Texts that the model reads together.", in_command=False)
    ] = None
    device: Annotated[
        str | None,
        Setting("What to compute on: cpu, cuda, mps …", unset="an accelerator, where there is one"),
    ] = None
    revision: Annotated[
        str | None, Setting("The model's branch, tag or commit on the hub.", in_command=False)
    ] = None
    local_files_only: Annotated[
        bool | None,
        Setting("Whether to load only what is on this machine.", in_command=False),
    ] = None


@declaration
class CompressorSettings(IndexerSettings):
    """Which compressor to make. None leaves a setting at the model's own or at the default."""

    top_k: Annotated[
        Int | None,
        Setting(
            "Keep at most this many sentences of all documents together.",
            unset="2, where neither top_p, max_tokens nor selector is given",
            minimum=1,
        ),
    ] = None
    top_p: Annotated[
        Float | None,
        Setting(
            "Keep the fewest of the best sentences that make up this much of the probability.",
            minimum=0,
            maximum=1,
        ),
    ] = None
    min_score: Annotated[
        Float | None,
        Setting("Keep only sentences that score at least this: then the result may be empty."),
    ] = None
    max_tokens: Annotated[
        Int | None,
        Setting("Never keep more tokens than this, joints included; see tokenizer.", minimum=1),
    ] = None
    selector: Annotated[
        str | None,
        Setting("A registered selector, by name: top_k:k=3, or one of another package."),
    ] = None
    tokenizer: Annotated[
        Name | None,
        Setting(
            "Name or folder of the reader model's tokenizer, which counts for max_tokens.",
            unset="the encoder's",
        ),
    ] = None
    similarity_fn_name: Annotated[
        SimilarityFunction | None,
        Setting(
            "How vectors are compared: cosine or dot.",
            unset="the model's own; dot for plain checkpoints such as Contriever",
            in_command=False,
        ),
    ] = None
    separator: Annotated[
        str | None,
        Setting(
            "What stands between kept sentences that were not neighbours.",
            unset="a line break where there was one, else a space",
            in_command=False,
        ),
    ] = None
    elision: Annotated[
        str | None, Setting('A mark where text was dropped, such as "[…]".', unset="no mark")
    ] = None
    document_separator: Annotated[
        str | None,
        Setting(
            "What stands between the parts of different documents.",
            unset="a line break",
            in_command=False,
        ),
    ] = None
    outline: Annotated[
        Outline | None,
        Setting(
            "What a kept sentence brings along: headings (the nearest headings, its table's "
            "header, its list's lead-in, its question) or none.",
            unset="headings",
        ),
    ] = None
    lexical_weight: Annotated[
        Float | None,
        Setting(
            "What words in common with the query count beside the encoder, from 0 to 1.",
            unset="0.1; more in scripts that the encoder can't read",
            minimum=0,
            maximum=1,
        ),
    ] = None
    prefilter: Annotated[
        Int | None,
        Setting(
            "Of more sentences than these the encoder reads a quarter of so many for a question: "
            "those around words of it. 0 for no limit.",
            unset="2,000; no limit for your own scoring functions",
            minimum=0,
        ),
    ] = None
    expand: Annotated[
        tuple[Int, Int] | None,
        Setting(
            "How many neighbours (before, after) come along with each chosen sentence.",
            unset="none",
            in_command=False,
        ),
    ] = None
    pin: Annotated[
        Sequence[str] | None,
        Setting(
            "What is never dropped where something of its document is kept: numbers, dates, ids, "
            "urls, or regular expressions. Only max_tokens limits it.",
            unset="nothing",
        ),
    ] = None
    injections: Annotated[
        Injections | None,
        Setting(
            'Sentences that look like orders to the model that reads them, such as "ignore all '
            'previous instructions": flag them, drop them, or off.',
            unset="flag",
        ),
    ] = None
    recovery: Annotated[
        Int | None,
        Setting(
            "Keep in memory what calls drop, up to about so many bytes, and give each result a "
            "handle with which read_dropped returns it.",
            unset="keep nothing",
            in_command=False,
        ),
    ] = None
    extract_tokens: Annotated[
        Int | None,
        Setting(
            "For a model that writes: first pick the best sentences of this many tokens; the "
            "limits above then apply to them.",
            minimum=1,
        ),
    ] = None
    prompt: Annotated[
        str | None,
        Setting(
            "For a model that writes: a text with the fields {query} and {documents}.",
            unset="the one that the published checkpoints were trained on",
            in_command=False,
        ),
    ] = None
    titles: Annotated[
        bool | None,
        Setting(
            "Whether the kept text of a document begins with its title in brackets where another "
            "document has another title and no word that only this title has stands in the text; "
            "for a model that writes: whether it reads the title on a line before the document.",
            unset="yes; for a model that writes, where its prompt numbers the documents",
            in_command=False,
        ),
    ] = None
    backend: Annotated[
        str | None,
        Setting(
            "What computes: auto, torch or onnx for an encoder; torch or ctranslate2 for a model "
            "that writes.",
            unset="onnx, where it is installed and can; torch for a model that writes",
        ),
    ] = None
    compute_type: Annotated[
        str | None,
        Setting(
            "The numbers to compute with, such as int8.", unset="float32; int8 with ctranslate2"
        ),
    ] = None
    quantization: Annotated[
        str | None,
        Setting("For a model that writes, on CUDA: 8bit or 4bit.", in_command=False),
    ] = None
    max_input_tokens: Annotated[
        Int | None,
        Setting("For a model that writes: the longest input.", in_command=False),
    ] = None
    max_new_tokens: Annotated[
        Int | None, Setting("For a model that writes: the longest summary.", minimum=1)
    ] = None
    min_new_tokens: Annotated[
        Int | None,
        Setting("For a model that writes: the shortest summary.", in_command=False),
    ] = None
    num_beams: Annotated[
        Int | None, Setting("For a model that writes: how many beams.", unset="greedy", minimum=1)
    ] = None
    length_penalty: Annotated[
        Float | None,
        Setting("For a model that writes, with beams: above 0 favours length.", in_command=False),
    ] = None
    empty_word: Annotated[
        str | None,
        Setting(
            "For a decoder-only model that writes: the word that it is told to reply where the "
            "documents do not help; that reply is an empty summary.",
            unset=f"the folder's, else {NOTHING_RELEVANT_WORD}",
        ),
    ] = None
    detect_refusals: Annotated[
        bool | None,
        Setting(
            "For a decoder-only model that writes: a reply that only says that the documents do "
            "not help is an empty summary, too.",
            unset="as the folder says, else yes",
            flags=("--detect-refusals/--no-detect-refusals",),
        ),
    ] = None


@declaration
class AdapterSettings(CompressorSettings):
    """The settings that every framework adapter has; its own class adds `compressor`."""

    title_key: Annotated[
        str | None,
        Setting(
            "The metadata key that holds a document's title, which may help the encoder; None for "
            "no titles.",
            in_command=False,
        ),
    ] = "title"
    metadata_key: Annotated[
        str,
        Setting("The metadata key of what the adapter has to say.", in_command=False),
    ] = "recomp"
    on_error: Annotated[
        Literal["raise", "passthrough"],
        Setting(
            "When compressing fails: raise, or log a warning and return the originals with the "
            "reason in their metadata. Wrong settings and a missing model always raise.",
            in_command=False,
        ),
    ] = "raise"
    keep_empty: Annotated[
        bool,
        Setting(
            "Whether a document of which nothing is kept stays in its place without text, so that "
            "numbers of citations stay true. A summary takes the place of all documents anyway.",
            in_command=False,
        ),
    ] = False
    timeout_s: Annotated[
        Float | None,
        Checked(check_timeout),
        Setting(
            "Seconds that compressing may take; then the best result so far comes out, with the "
            "outcome timed_out. None for no limit.",
            in_command=False,
        ),
    ] = None


INDEXER_SETTINGS: tuple[str, ...] = tuple(declared_settings(IndexerSettings))
"""The names of the settings that say which encoder to use."""

COMPRESSOR_SETTINGS: tuple[str, ...] = tuple(declared_settings(CompressorSettings))
"""The names of the settings that say which compressor to make."""

ADAPTER_SETTINGS: tuple[str, ...] = (
    *(name for name in declared_settings(AdapterSettings) if name not in COMPRESSOR_SETTINGS),
)
"""The names of the settings that shape what an adapter gives back."""
