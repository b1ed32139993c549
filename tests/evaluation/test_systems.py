"""What can be evaluated, and what it is shown."""

import pytest
from conftest import shared_words

from recomp_core import (
    AbstractiveCompressor,
    Document,
    ExtractiveCompressor,
    LLMSummarizer,
    Threshold,
    TokenBudget,
    TopK,
    TopP,
)
from recomp_core.data import question_of
from recomp_core.evaluation.systems.base import (
    ExtractiveSystem,
    UndefinedError,
    as_system,
    default_points,
    name_of,
    setting_name,
)
from recomp_core.evaluation.systems.baselines import baseline
from recomp_core.evaluation.systems.peers import (
    Remembering,
    Sweep,
    langchain_filter,
    llamaindex_optimizer,
    ragcompress,
    trimwise,
)
from recomp_core.extractive.scoring import DualEncoderScorer

QUERY = "who built the tower"
FIRST = {
    "text": "The tower was built by Ada. It rains a lot.",
    "title": "Tower",
    "id": "t",
    "source": "guide",
    "gold_sentences": ["The tower was built by Ada."],
    "is_gold": True,
}
SECOND = "Bananas are yellow. Nobody built them."


@pytest.fixture
def question():
    return question_of({"query": QUERY, "answers": ["Ada"], "documents": [FIRST, SECOND, " "]}, 0)


def test_an_extractive_compressor_is_scored_once_for_all_points(question):
    calls = []

    def scorer(query, sentences):
        calls.append(query)
        return shared_words(query, sentences)

    compressor = ExtractiveCompressor(scorer, selector=TopK(1))
    system = as_system(compressor, points=[TopK(2), TopK(1), Threshold(3), Threshold(9)])
    assert system.settings == ("top_k=1", "top_k=2", "min_score=3", "min_score=9")
    own, two, some, none = system.attempts(question)
    assert calls == [QUERY]
    assert own.text == "The tower was built by Ada."
    assert own.kept == ((0, 0, 27),)
    assert two.text == "The tower was built by Ada.\nNobody built them."
    assert two.kept == ((0, 0, 27), (1, 20, 38))
    assert (some.text, none.text) == (own.text, "")
    assert [a.outcome for a in (own, two, some, none)] == [
        "compressed", "compressed", "compressed", "nothing_relevant",
    ]  # fmt: skip
    assert len({a.seconds for a in (own, two, some, none)}) == 1


def test_each_point_is_what_a_compressor_with_that_selector_gives(question):
    points = [TopK(n) for n in range(1, 6)]
    system = as_system(ExtractiveCompressor(shared_words, expand=(0, 1)), points=points)
    for attempt in system.attempts(question):
        k = int(attempt.setting.removeprefix("top_k="))
        alone = ExtractiveCompressor(shared_words, selector=TopK(k), expand=(0, 1))
        expected = alone.compress(QUERY, question.documents)
        assert (attempt.text, attempt.outcome) == (expected.text, expected.outcome.value)


def test_nothing_given_stays_nothing_given():
    asked = question_of({"query": QUERY, "documents": []}, 0)
    system = as_system(ExtractiveCompressor(shared_words), points=[TopK(1)])
    assert {a.outcome for a in system.attempts(asked)} == {"nothing_given"}


def test_points_fit_the_scale_of_the_scorer():
    class Encoder:
        def encode_queries(self, queries): ...
        def encode_sentences(self, sentences): ...

    cosine = ExtractiveCompressor(DualEncoderScorer(Encoder()))
    assert TopP(0.5) in default_points(cosine)
    dot = ExtractiveCompressor(DualEncoderScorer(Encoder(), similarity_fn_name="dot"))
    for compressor in (dot, ExtractiveCompressor(shared_words)):
        assert {type(point) for point in default_points(compressor)} == {TopK}


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        (TopK(3), "top_k=3"),
        (TopP(0.60), "top_p=0.6"),
        (TopP(0.6, temperature=0.1), "top_p=0.6, temperature=0.1"),
        (Threshold(0.35), "min_score=0.35"),
        (TokenBudget(90, len), "max_tokens=90"),
        (TopK(5) & Threshold(0.3), "top_k=5 & min_score=0.3"),
    ],
)
def test_settings_have_names(selector, name):
    assert setting_name(selector) == name


def test_a_selector_of_ones_own_has_the_same_name_in_every_run():
    class Mine:
        def admits(self, draft):
            return True

    assert setting_name(Mine()) == "Mine"


def test_functions_may_return_text_texts_or_a_compression(question, compressor):
    def one(text):
        return as_system(lambda query, documents: text).attempts(question)[0]

    assert one("It rains a lot.").kept == ((0, 28, 43),)
    many = one(["It rains a lot.", "Bananas are yellow."])
    assert (many.text, many.kept) == (
        "It rains a lot.\nBananas are yellow.", ((0, 28, 43), (1, 0, 19)),
    )  # fmt: skip
    assert one("Rain and bananas.").kept is None
    assert (one("").text, one("").kept) == ("", ())
    compression = compressor.compress(QUERY, question.documents)
    attempt = one(compression)
    assert (attempt.text, attempt.outcome) == (compression.text, "compressed")
    for wrong in (None, 3, ["x", 3]):
        with pytest.raises(TypeError, match="a system must give text"):
            one(wrong)


def test_no_system_sees_what_is_gold(question):
    seen = []
    as_system(lambda query, documents: seen.extend(documents) or "").attempts(question)
    assert seen[0] == Document(FIRST["text"], "Tower", "t", {"source": "guide"})
    assert seen[1:] == [Document(SECOND), Document(" ")]
    assert question.documents[0].metadata["is_gold"] is True


def test_what_cannot_be_evaluated():
    with pytest.raises(TypeError, match="got the class ExtractiveCompressor"):
        as_system(ExtractiveCompressor)
    with pytest.raises(TypeError, match="3 can't be evaluated"):
        as_system(3)


def test_names_of_what_came_without(compressor):
    def mine(query, documents): ...

    assert name_of(mine) == "mine"
    assert name_of(compressor) == "ExtractiveCompressor"
    assert name_of("models/encoder/") == "encoder"


def test_a_system_of_ones_own_is_taken_as_it_is():
    class Mine:
        settings = ("a", "b")
        identity = {"mine": True}

        def attempts(self, question):
            return []

    mine = Mine()
    assert as_system(mine) is mine


def test_a_langchain_compressor(question):
    pytest.importorskip("langchain_core")
    from langchain_core.documents import BaseDocumentCompressor

    class Last(BaseDocumentCompressor):
        def compress_documents(self, documents, query, callbacks=None):
            assert query == QUERY
            document = documents[0]
            assert document.metadata == {"source": "guide", "title": "Tower"}
            assert document.id == "t"
            document.page_content = document.page_content[28:]
            document.metadata.clear()
            return [document]

    (attempt,) = as_system(Last()).attempts(question)
    assert (attempt.text, attempt.kept) == ("It rains a lot.", ((0, 28, 43),))
    assert question.documents[0].metadata["source"] == "guide"


def test_our_own_adapters_are_systems_too(question, compressor):
    pytest.importorskip("langchain_core")
    pytest.importorskip("llama_index")
    from langchain_recomp import RecompDocumentCompressor
    from llamaindex_recomp import RecompNodePostprocessor

    expected = compressor.compress(QUERY, question.documents).text
    for adapter in (RecompDocumentCompressor, RecompNodePostprocessor):
        (attempt,) = as_system(adapter(compressor=compressor)).attempts(question)
        assert attempt.text == expected
        assert attempt.kept == ((0, 0, 27), (1, 20, 38))


def test_a_llamaindex_postprocessor(question):
    pytest.importorskip("llama_index")
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.schema import MetadataMode

    class Last(BaseNodePostprocessor):
        def _postprocess_nodes(self, nodes, query_bundle=None):
            assert query_bundle.query_str == QUERY
            node = nodes[0].node
            assert node.metadata == {"source": "guide", "title": "Tower"}
            # As SentenceEmbeddingOptimizer does: what a model would see becomes the text.
            node.set_content(node.get_content(metadata_mode=MetadataMode.LLM)[28:])
            return nodes[:1]

    (attempt,) = as_system(Last()).attempts(question)
    assert (attempt.text, attempt.kept) == ("It rains a lot.", ((0, 28, 43),))


def texts(name, question, **settings):
    return [attempt.text for attempt in baseline(name, **settings).attempts(question)]


def test_baselines_by_hand(question):
    assert texts("none", question) == [""]
    assert texts("all", question) == [f"{FIRST['text']}\n{SECOND}"]
    assert texts("first-document", question) == [FIRST["text"]]
    assert texts("first-k", question)[:3] == [
        "The tower was built by Ada.",
        FIRST["text"],
        f"{FIRST['text']}\nBananas are yellow.",
    ]
    assert texts("oracle", question) == ["The tower was built by Ada."]


def test_the_first_document_is_one_with_text():
    asked = question_of({"query": QUERY, "documents": ["\n", SECOND]}, 0)
    (attempt,) = baseline("first-document").attempts(asked)
    assert (attempt.text, attempt.kept, attempt.outcome) == (SECOND, ((1, 0, 38),), "unchanged")
    nothing = question_of({"query": QUERY, "documents": []}, 0)
    assert baseline("all").attempts(nothing)[0].outcome == "nothing_given"


def test_random_is_the_same_for_a_seed_and_grows(question):
    once, again = texts("random", question, seed=1), texts("random", question, seed=1)
    assert once == again
    firsts = {texts("random", question, seed=seed)[0] for seed in range(20)}
    assert len(firsts) > 1
    assert [len(text) for text in once] == sorted(len(text) for text in once)


def test_bm25_finds_the_words(question):
    pytest.importorskip("bm25s")
    assert texts("bm25", question)[0] == "The tower was built by Ada."


def test_the_oracle_takes_the_shortest_sentence_or_nothing():
    asked = question_of(
        {"query": QUERY, "answers": ["Ada"], "documents": ["Ada was here once.", "Ada. Bob."]}, 0
    )
    (attempt,) = baseline("oracle").attempts(asked)
    assert (attempt.text, attempt.kept) == ("Ada.", ((1, 0, 4),))
    lost = question_of({"query": QUERY, "answers": ["Eve"], "documents": [SECOND]}, 0)
    assert baseline("oracle").attempts(lost)[0].text == ""
    with pytest.raises(UndefinedError, match="needs gold answers"):
        baseline("oracle").attempts(question_of({"query": QUERY, "documents": [SECOND]}, 0))


def test_unknown_names():
    with pytest.raises(ValueError, match="no baseline 'best': choose one of 'none', 'all'"):
        baseline("best")
    with pytest.raises(ValueError, match="'bm25' takes no argument: got 'bm25:best'"):
        baseline("bm25:best")


class Model:
    """Vectors by hand: is it about towers, is it about fruit."""

    def __init__(self):
        self.seen = []

    def encode(self, texts, show_progress_bar=False):
        import numpy as np

        self.seen += texts
        return np.array([["tower" in t.lower(), "anana" in t, 0.1] for t in texts], dtype=float)


def test_a_sweep_encodes_once_and_shares_the_seconds(question):
    model = Model()
    encoder = Remembering(model)

    def call(n):
        return lambda query, documents: encoder.encode([query, "x"]).shape and documents[n].text

    sweep = Sweep({"peer": "x"}, {"n=0": call(0), "n=1": call(1)}, encoder)
    first, second = sweep.attempts(question)
    assert (first.text, second.text) == (FIRST["text"], SECOND)
    assert (first.setting, second.setting) == ("n=0", "n=1")
    assert first.seconds == second.seconds
    assert model.seen == [QUERY, "x"]
    sweep.attempts(question)
    assert model.seen == [QUERY, "x"] * 2  # the next call pays for itself


@pytest.mark.parametrize(
    ("peer", "library"),
    [(langchain_filter, "langchain_community"), (llamaindex_optimizer, "llama_index")],
)
def test_a_peers_encoder_gets_the_prompts_that_it_needs(question, peer, library):
    pytest.importorskip(library)
    model = Model()
    peer(model, {"query": "query: ", "document": "passage: "}).attempts(question)
    assert model.seen.count("query: " + QUERY) == 1
    assert sum(text.startswith("passage: ") for text in model.seen) == len(model.seen) - 1 > 3


def test_llamaindex_optimizer_as_a_peer(question):
    pytest.importorskip("llama_index")
    system = llamaindex_optimizer(Model())
    attempts = dict(zip(system.settings, system.attempts(question), strict=True))
    # Half of each document's two sentences: the one that is about towers, the one about nothing.
    assert attempts["percentile_cutoff=0.5"].kept[0] == (0, 0, 27)
    assert len(attempts["percentile_cutoff=0.5"].kept) == 2


def test_langchain_filter_as_a_peer(question):
    pytest.importorskip("langchain_classic")
    pytest.importorskip("langchain_community")
    attempts = langchain_filter(Model()).attempts(question)
    assert {a.setting: a.text for a in attempts}["k=1"] == "The tower was built by Ada."


def test_ragcompress_as_a_peer(question):
    pytest.importorskip("ragcompress")
    attempts = ragcompress(model=Model()).attempts(question)
    assert {a.setting: a.text for a in attempts}["top_k=1"] == "The tower was built by Ada."


def test_trimwise_as_a_peer(question, monkeypatch):
    pytest.importorskip("trimwise")
    import tiktoken

    # A token for each byte, which needs no download.
    ranks = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding("bytes", pat_str=r".", mergeable_ranks=ranks, special_tokens={})
    monkeypatch.setattr(tiktoken, "get_encoding", lambda _: encoding)
    attempts = dict(zip(trimwise().settings, trimwise().attempts(question), strict=True))
    assert attempts["rate=0.4"].text == "The tower was built by Ada."  # 27 of 80
    assert attempts["rate=0.4"].kept == ((0, 0, 27),)
    with pytest.raises(ValueError, match="must be one of 'lexical', 'structural', got 'x'"):
        trimwise("x")


def test_trimwise_without_its_vocabulary_says_what_is_missing(monkeypatch):
    pytest.importorskip("trimwise")
    import tiktoken

    def unreachable(name):
        raise ConnectionError("no network")

    monkeypatch.setattr(tiktoken, "get_encoding", unreachable)
    with pytest.raises(ImportError, match=r"o200k_base.*no network.*TIKTOKEN_CACHE_DIR"):
        trimwise()


def test_a_peer_that_is_not_installed_says_how_to_get_it(monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for name in (
        "ragcompress",
        "llmlingua:x",
        "langchain-filter",
        "llamaindex-optimizer",
        "trimwise",
    ):
        with pytest.raises(ImportError, match=r'pip install "recomp\[peers\]"'):
            baseline(name)


@pytest.mark.model
def test_the_embedded_encoder_has_a_curve(embedded, question):
    system = ExtractiveSystem(embedded)
    assert sum(setting.startswith("top_p=") for setting in system.settings) == 18
    by_setting = {attempt.setting: attempt for attempt in system.attempts(question)}
    assert by_setting["top_k=1"].text == "The tower was built by Ada."
    assert by_setting["top_p=0.02"].text == "The tower was built by Ada."
    assert len(by_setting["top_p=0.999"].text) > len(by_setting["top_p=0.5"].text)
    assert "encoder" in system.identity


def writer_identity(extractor=None, reads="excerpt", **replies):
    summarizer = LLMSummarizer(lambda prompts: ["Ada."] * len(prompts), **replies)
    return as_system(AbstractiveCompressor(summarizer, extractor=extractor, reads=reads)).identity


def test_what_changes_a_summary_is_part_of_what_a_system_is():
    usual = writer_identity()
    assert usual == writer_identity(empty_word="IRRELEVANT", detect_refusals=True)
    one, two = (ExtractiveCompressor(shared_words, selector=TopK(k)) for k in (1, 2))
    others = [
        writer_identity(detect_refusals=False),
        writer_identity(empty_word="NONE"),
        writer_identity(one),
        writer_identity(two),
        writer_identity(two, reads="sentence"),
    ]
    assert all(other not in [usual, *others[:n]] for n, other in enumerate(others))
