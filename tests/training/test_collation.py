"""Examples to batches: what the encoder reads in training is what it reads when it compresses."""

from pathlib import Path

import pytest
from tiny_bert import save_contriever_style

pytest.importorskip("torch", reason='needs pip install "recomp[train]"')
pytest.importorskip("sentence_transformers", reason='needs pip install "recomp[train]"')

import torch

from recomp_core import Document
from recomp_core.extractive.scoring import DualEncoderScorer
from recomp_core.models.encoders.sentence_transformer import SentenceTransformerEncoder
from recomp_core.training import ContrastiveExample, ExtractiveSettings
from recomp_core.training.collation import ExampleCollator
from recomp_core.training.evaluation import _task
from recomp_core.training.examples import CandidateSentence
from recomp_core.training.extractive import embed

pytestmark = pytest.mark.model

CONTEXTS = ("sentence", "title", "document")


def example(query, *documents, positive=0, negatives=None, scores=None):
    """From (title, sentences) pairs; by default all others are negatives."""
    candidates = []
    for doc_index, (_, sentences) in enumerate(documents):
        start = 0
        for sentence in sentences:
            score = scores[len(candidates)] if scores else None
            candidates.append(CandidateSentence(doc_index, start, start + len(sentence), score))
            start += len(sentence) + 1
    others = tuple(n for n in range(len(candidates)) if n != positive)
    return ContrastiveExample(
        query,
        tuple(Document(" ".join(sentences), title=title) for title, sentences in documents),
        tuple(candidates),
        positive,
        others if negatives is None else negatives,
        "exact",
    )


EXAMPLES = (
    example(
        "who built the tower ?",
        ("bob s tower", ["the tower was built by bob .", "bananas are yellow ."]),
        (None, ["bananas are in paris .", "who ?", "the tower s ."]),
    ),
    example("bob ?", ("paris", ["yellow : bob .", "the tower"]), positive=1, negatives=(0,)),
    example(
        "who are yellow \ud83d ?",
        ("", ["bananas are \ud83d yellow .", "bob was in paris in the tower ."]),
        positive=0,
    ),
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def roberta(tmp_path_factory, plain):
    """Its positions are counted from the first token that is no padding: it may stand left."""
    from transformers import AutoTokenizer, RobertaConfig, RobertaModel

    folder = tmp_path_factory.mktemp("roberta")
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=23, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=48, type_vocab_size=2, pad_token_id=0,
    )  # fmt: skip
    model = RobertaModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(plain).save_pretrained(folder)
    return folder


def encoder(folder: Path, *, more=False, prompts=None, truncate_dim=None):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules

    transformer = modules.Transformer(str(folder), max_seq_length=32)
    parts = [transformer, modules.Pooling(16, "mean")]
    if more:
        torch.manual_seed(1)
        parts += [modules.Dense(16, 12), modules.Normalize()]
    return SentenceTransformer(
        modules=parts, prompts=prompts, truncate_dim=truncate_dim, device="cpu"
    ).eval()


def collator(model, context, *, examples=EXAMPLES, seed=1, **settings):
    settings = ExtractiveSettings(**{"documents": 5, **settings})
    return ExampleCollator(model, examples, settings, context, seed=seed)


def batch_of(collate):
    return collate([{"example": n} for n in range(len(collate.examples))])


def chunks(batch):
    """The features of the queries, and those of each chunk."""
    names = ["query"]
    while f"text{len(names) - 1}_input_ids" in batch:
        names.append(f"text{len(names) - 1}")
    return [
        {k.removeprefix(f"{name}_"): v for k, v in batch.items() if k.startswith(f"{name}_")}
        for name in names
    ]


def trained_vectors(model, batch):
    """The queries' vectors, and those of all candidates in their order."""
    queries, *texts = chunks(batch)
    for name in ("owner", "positive", "negative", "scores", "same"):
        queries.pop(name)
    with torch.no_grad():
        return embed(model, queries), torch.cat([embed(model, chunk) for chunk in texts])


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(
    ("base", "settings", "padding"),
    [
        ("plain", {}, "right"),
        ("plain", {"more": True, "prompts": {"query": "who : ", "document": "the s : "}}, "right"),
        ("plain", {"truncate_dim": 7}, "right"),
        ("roberta", {"prompts": {"query": "query : ", "document": "the : "}}, "left"),
        ("roberta", {"more": True}, "left"),
    ],
)
def test_vectors_are_those_of_compressing(base, settings, padding, context, request):
    model = encoder(request.getfixturevalue(base), **settings)
    model.tokenizer.padding_side = padding
    collate = collator(model, context)
    collate.chunk_tokens = 96  # three texts at a time: several chunks
    batch = batch_of(collate)
    queries, vectors = trained_vectors(model, batch)
    ours = SentenceTransformerEncoder(model)
    expected = torch.from_numpy(ours.encode_queries([e.query for e in EXAMPLES]))
    torch.testing.assert_close(queries, expected, atol=1e-5, rtol=1e-5)

    # What the scorer of the compressor makes of every candidate. It is given all of a question's
    # sentences; so is the batch, as every one of them is positive or negative.
    scorer = DualEncoderScorer(ours, context=context, similarity_fn_name="dot")
    found = (queries @ vectors.T)[batch["query_owner"], torch.arange(len(vectors))]
    expected = scorer.score([_task(e) for e in EXAMPLES])
    for number, scores in enumerate(expected):
        one = found[batch["query_owner"] == number].sort().values
        torch.testing.assert_close(one, torch.tensor(scores).sort().values, atol=1e-5, rtol=1e-5)
    # And each in its place: what is labelled as the positive has the positive's score.
    for number, e in enumerate(EXAMPLES):
        place = batch["query_positive"] & (batch["query_owner"] == number)
        assert found[place].tolist() == pytest.approx([expected[number][e.positive]], abs=1e-5)


def read_texts(model, features, context):
    """What stands in the tokens of each candidate of a chunk, in order."""
    ids = features["input_ids"]
    if context != "document":
        return [model.tokenizer.decode(row, skip_special_tokens=True) for row in ids]
    return [
        model.tokenizer.decode(ids[features["span"] == n]) for n in range(features["n_candidates"])
    ]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("padding", ["left", "right"])
def test_labels_line_up_with_the_texts(plain, context, padding):
    model = encoder(plain)
    model.tokenizer.padding_side = padding
    first = example(
        "who ?", ("bob", ["the tower .", "bob .", "who are ?"]), (None, ["in paris .", "bob ."]),
        positive=3, negatives=(0, 2), scores=[-4, -2, None, -1, -3],
    )  # fmt: skip
    second = example("bob ?", ("s", ["yellow .", "in paris ."]), scores=[-0.5, -2])
    collate = collator(model, context, examples=(first, second), listwise_weight=0.5)
    collate.chunk_tokens = 64
    batch = batch_of(collate)
    _, *texts = chunks(batch)
    read = [text for features in texts for text in read_texts(model, features, context)]
    if context == "title":
        read = [text.removeprefix("bob ").removeprefix("s ") for text in read]
    rows = zip(
        batch["query_owner"].tolist(), read, batch["query_positive"].tolist(),
        batch["query_negative"].tolist(), batch["query_scores"].nan_to_num(9).tolist(),
        strict=True,
    )  # fmt: skip
    assert sorted(rows) == [
        (0, "bob.", False, False, -3), (0, "bob.", False, False, -2),
        (0, "in paris.", True, False, -1), (0, "the tower.", False, True, -4),
        (0, "who are?", False, True, 9), (1, "in paris.", False, True, -2),
        (1, "yellow.", True, False, -0.5),
    ]  # fmt: skip
    numbers = dict(zip(read, batch["query_same"].tolist(), strict=True))
    assert batch["query_same"].tolist() == [numbers[text] for text in read]
    assert sorted(numbers.values()) == list(range(5))


def test_what_is_neither_is_read_for_the_listwise_loss_only(plain):
    only = example("who ?", (None, ["bob .", "the tower .", "paris .", "s ."]), negatives=(1,),
                   scores=[-1, -5, -2, None])  # fmt: skip
    model = encoder(plain)
    for settings, expected in (
        ({}, 2), ({"loss": "candidates"}, 2), ({"loss": "listwise"}, 3), ({"listwise_weight": 1}, 3),
        ({"positive_gap": 1.0}, 3),
    ):  # fmt: skip
        batch = batch_of(collator(model, "sentence", examples=[only], **settings))
        assert len(batch["query_owner"]) == expected, settings
    assert sorted(batch["query_positive"].tolist()) == [False, True, True]


class TestTruncated:
    LONG = example("who ?", ("bob s", ["the tower ."] * 5), ("s", ["yellow ."]), negatives=(1, 4))

    def batch(self, plain, max_tokens, **settings):
        model = encoder(plain)
        collate = collator(
            model, "document", examples=[self.LONG], max_tokens=max_tokens, **settings
        )
        return model, batch_of(collate)

    def test_only_what_is_not_read_is_missing(self, plain):
        _, whole = self.batch(plain, 32)
        assert len(whole["query_owner"]) == 6
        # [CLS], two of the title, three sentences of three tokens, one token of the fourth, [SEP]
        model, cut = self.batch(plain, 14)
        assert cut["text0_n_candidates"] == 5
        texts = read_texts(model, chunks(cut)[1], "document")
        assert sorted(texts) == ["the", "the tower.", "the tower.", "the tower.", "yellow."]
        assert cut["query_positive"].sum() == 1
        assert cut["query_negative"].sum() == 1

    def test_a_batch_of_which_nothing_is_read(self, plain):
        from recomp_core.training.losses import Candidates, in_batch_loss

        model, batch = self.batch(plain, 3)
        queries, vectors = trained_vectors(model, batch)
        assert vectors.shape == (0, 16)
        labels = {
            n: batch[f"query_{n}"] for n in ("owner", "positive", "negative", "scores", "same")
        }
        assert in_batch_loss(queries @ vectors.T, Candidates(**labels)) == 0


class TestDocuments:
    MANY = example("who ?", *((None, [f"{word} .", "bob ."]) for word in
                   ("the", "tower", "was", "built", "by", "paris")), positive=4)  # fmt: skip

    def drawn(self, plain, *, seed=1, with_=(), documents=3):
        model = encoder(plain)
        examples = (self.MANY, *with_)
        collate = collator(model, "document", examples=examples, seed=seed, documents=documents)
        batch = batch_of(collate)
        return sorted(
            text
            for features in chunks(batch)[1:]
            for text in read_texts(model, features, "document")
            if text not in ("bob.", "yellow.")
        )

    def test_the_positives_is_always_read(self, plain):
        for seed in range(5):
            found = self.drawn(plain, seed=seed)
            assert len(found) == 3
            assert "was." in found
        assert self.drawn(plain, documents=1) == ["was."]
        assert len(self.drawn(plain, documents=99)) == 6

    def test_others_depend_on_the_seed_and_the_batch_alone(self, plain):
        other = example("bob ?", (None, ["yellow .", "yellow ."]))
        draws = [self.drawn(plain, seed=seed) for seed in range(8)]
        assert draws == [self.drawn(plain, seed=seed) for seed in range(8)]
        assert len({tuple(draw) for draw in draws}) > 1
        assert [self.drawn(plain, seed=seed, with_=[other]) for seed in range(8)] != draws


class TestShapes:
    def test_widths_are_rounded_and_chunks_are_full(self, roberta):
        model = encoder(roberta)
        model.max_seq_length = 64
        words = ["the", "tower", "was", "built", "by", "bob", "in", "paris"]
        many = [example(f"who {n}", (None, [" ".join(words[: n % 8 + 1]), "bob"] * 3))
                for n in range(9)]  # fmt: skip
        collate = collator(model, "sentence", examples=many)
        collate.chunk_tokens = 32 * 10
        _, *texts = chunks(batch_of(collate))
        assert [f["input_ids"].shape for f in texts] == [(10, 32)] * 5 + [(4, 32)]
        lengths = torch.cat([f["attention_mask"].sum(1) for f in texts]).tolist()
        assert lengths == sorted(lengths, reverse=True)
        assert len(lengths) == sum(len(e.candidates) for e in many)

    def test_long_and_short_texts(self, plain):
        model = encoder(plain)
        model.max_seq_length = 100
        lengths = (80, 40, 3, 3, 3, 3)
        texts = ["bob " * n for n in lengths]
        one = example("who ?", (None, [t.strip() for t in texts]))
        collate = collator(model, "sentence", examples=[one])
        collate.chunk_tokens = 128
        shapes = [f["input_ids"].shape for f in chunks(batch_of(collate))[1:]]
        assert shapes == [(1, 96), (2, 64), (3, 32)]

    def test_no_wider_than_the_model(self, plain, tmp_path):
        """Forty positions are not a multiple of 32."""
        from transformers import AutoTokenizer, BertConfig, BertModel

        BertModel(
            BertConfig(vocab_size=23, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                       intermediate_size=32, max_position_embeddings=40)
        ).save_pretrained(tmp_path)  # fmt: skip
        AutoTokenizer.from_pretrained(plain).save_pretrained(tmp_path)
        model = encoder(tmp_path)
        model.max_seq_length = 40
        one = example("who ?" * 30, (None, [("bob " * 60).strip(), "the tower ."]))
        batch = batch_of(collator(model, "sentence", examples=[one]))
        assert batch["text0_input_ids"].shape == (2, 40)
        _, vectors = trained_vectors(model, batch)
        assert vectors.isfinite().all()
