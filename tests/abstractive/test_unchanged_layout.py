"""A summary that is not shorter leaves the documents as they are, in the extractor's layout."""

from conftest import shared_words

from recomp_core import AbstractiveCompressor, ExtractiveCompressor, Outcome, TopK


class Long:
    """A summarizer that writes more than it reads."""

    max_input_tokens = None

    def count_tokens(self, text):
        return len(text)

    def truncate(self, text, max_tokens):
        return text[:max_tokens]

    def stream(self, prompt):
        yield prompt * 2

    def summarize(self, prompts):
        return [prompt * 2 for prompt in prompts]


def test_it_is_never_longer_than_the_documents():
    for separator in ("", "\n\n"):
        extractor = ExtractiveCompressor(
            shared_words, selector=TopK(5), document_separator=separator
        )
        compressor = AbstractiveCompressor(Long(), extractor=extractor)
        found = compressor.compress("bob", ["Bob built it.", "Bob sleeps."])
        assert found.outcome is Outcome.UNCHANGED
        assert found.text == found.original_text == f"Bob built it.{separator}Bob sleeps."
        assert found.is_excerpt
