"""Counting tokens: with a tokenizer, with that of a compressor's encoder, and without any."""

import pickle

import pytest

from recomp_core.text.tokens import (
    TokenCounter,
    approximate_tokens,
    count_with,
    encoder_token_counter,
)


class Words:
    """A tokenizer: a token per word, and two around the text."""

    def __init__(self):
        self.seen = []

    def __call__(self, text, *, add_special_tokens, verbose):
        self.seen.append(text)
        assert not verbose
        around = [0] if add_special_tokens else []
        return {"input_ids": [*around, *range(len(text.split())), *around], "attention_mask": []}


def test_special_tokens_are_not_counted_and_lone_surrogates_are_replaced():
    tokenizer = Words()
    assert count_with(tokenizer, "one two\ud800 three") == 3
    assert count_with(tokenizer, "") == 0
    assert tokenizer.seen == ["one two\ufffd three", ""]


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("abcd", 1), ("abcde", 2), ("塔很高", 3), ("\ud800", 1)]
)
def test_without_a_tokenizer_four_bytes_are_a_token(text, tokens):
    assert approximate_tokens(text) == tokens


def test_an_encoder_counts_with_its_own_tokenizer():
    class Part:
        def __init__(self, **parts):
            self.__dict__.update(parts)

    encoder = Part(token_counter=lambda: len)
    assert encoder_token_counter(Part(scorer=Part(encoder=encoder)))("abc") == 3
    for without in (Part(scorer=Part(encoder=Part())), Part(scorer=Part()), Part(), None):
        assert encoder_token_counter(without) is None


@pytest.mark.model
def test_a_counter_loads_its_tokenizer_by_name(tmp_path):
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({"[CLS]": 0, "[UNK]": 1, "bob": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A", None, [("[CLS]", 0)])
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", cls_token="[CLS]", model_max_length=4
    ).save_pretrained(tmp_path)

    counter = TokenCounter(str(tmp_path))
    assert [counter(text) for text in ("", "bob", "bob ran to bob and fell")] == [0, 1, 6]
    assert counter == pickle.loads(pickle.dumps(counter))
    assert counter != TokenCounter(str(tmp_path), local_files_only=True)


@pytest.mark.model
def test_a_tokenizer_that_is_not_there_is_an_os_error(tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(OSError, match="nowhere"):
        TokenCounter(str(tmp_path / "nowhere"), local_files_only=True)("text")
