"""A Unigram tokenizer for large vocabularies, with the parts of `tokenizers` around our own model.

The library's own model of 250,000 pieces takes 280 MB and 3.5 seconds to load. This one keeps them
in a dict, takes 45 MB and 0.4 seconds, and gives the same tokens. Normalizing, splitting, offsets
and special tokens are the library's.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

_UNKNOWN_PENALTY = 10.0  # below the least likely piece, as in SentencePiece
_REMEMBERED_WORDS, _LONGEST_REMEMBERED = 20_000, 40
_SPACE = "▁"


class UnigramPieces:
    """The likeliest pieces of a word, as SentencePiece's Unigram chooses them.

    Args:
        vocabulary: Each piece with its log-probability, by token id.
        unknown: The id of what stands for characters without a piece.
        special: Words that are tokens of their own, with their ids.

    Attributes:
        unknown: See above.
    """

    def __init__(
        self, vocabulary: Iterable[Sequence[Any]], unknown: int, special: Mapping[str, int]
    ) -> None:
        self._ids: dict[str, int] = {}
        self._scores = array("d")
        self._longest: dict[str, int] = {}  # of the pieces that begin with a character
        for number, (piece, score) in enumerate(vocabulary):
            self._ids[piece] = number
            self._scores.append(score)
            if len(piece) > self._longest.get(piece[:1], 0):
                self._longest[piece[:1]] = len(piece)
        self.unknown = unknown
        self._unknown_score = min(self._scores) - _UNKNOWN_PENALTY
        self._special = {f"{_SPACE}{word}": number for word, number in special.items()}
        self._known: dict[str, list[tuple[int, int]]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def of(self, word: str) -> list[tuple[int, int]]:
        """Split a word.

        Args:
            word: A word, with the mark of a space in front.

        Returns:
            The id and the end of each piece, in characters.
        """
        known = self._known.get(word)
        if known is None:
            known = self._split(word)
            if len(word) <= _LONGEST_REMEMBERED:
                if len(self._known) >= _REMEMBERED_WORDS:
                    self._known = {}
                self._known[word] = known
        return known

    def _split(self, word: str) -> list[tuple[int, int]]:
        if word in self._special:
            return [(self._special[word], len(word))]
        ids, scores, longest = self._ids, self._scores, self._longest
        # Of the best pieces up to each character: their score, and the last one's id and start.
        best: list[tuple[float, int, int] | None] = [None] * (len(word) + 1)
        best[0] = (0.0, -1, -1)
        for start, character in enumerate(word):
            reached = best[start]
            if reached is None:  # never: there is a way over each character
                continue
            score, alone = reached[0], False
            for end in range(start + 1, min(len(word), start + longest.get(character, 0)) + 1):
                number = ids.get(word[start:end])
                if number is None:
                    continue
                alone = alone or end == start + 1
                other = best[end]
                if other is None or score + scores[number] > other[0]:
                    best[end] = (score + scores[number], number, start)
            if not alone:
                other = best[start + 1]
                if other is None or score + self._unknown_score > other[0]:
                    best[start + 1] = (score + self._unknown_score, self.unknown, start)
        pieces: list[tuple[int, int]] = []
        end = len(word)
        while end:
            _, number, start = best[end]  # type: ignore[misc]
            if not (pieces and number == self.unknown == pieces[-1][0]):
                pieces.append((number, end))  # what is unknown becomes one token
            end = start
        return pieces[::-1]


class UnigramTokenizer:
    """What the encoders use of a `tokenizers.Tokenizer`. Safe to call from several threads.

    Args:
        pieces: The model.
        parts: The library's "normalizer", "pre_tokenizer" and "post_processor"; the first may be
            None.
        special: The tokens that are recognised in a text, with their ids.
        max_length: Tokens of a window, with the special ones around them; None for no limit.
        stride: Tokens that neighbouring windows share.
    """

    def __init__(
        self,
        pieces: UnigramPieces,
        parts: Mapping[str, Any],
        special: Mapping[str, int],
        max_length: int | None = None,
        stride: int = 0,
    ) -> None:
        from tokenizers import Regex

        self._pieces = pieces
        self._parts = parts
        self._special = special
        self._names = {number: word for word, number in special.items() if number != pieces.unknown}
        self._pattern = Regex("|".join(map(re.escape, special)))
        self._max_length = max_length
        self._stride = stride

    @classmethod
    def read(cls, whole: Mapping[str, Any]) -> UnigramTokenizer | None:
        """Make the tokenizer that a `tokenizer.json` describes.

        Args:
            whole: What the file says.

        Returns:
            The tokenizer; None if the file describes one that is not understood here for certain.

        Raises:
            ValueError: A part is damaged.
        """
        model, added = whole["model"], whole.get("added_tokens") or []
        splits = whole.get("pre_tokenizer") or {}
        kinds = [part.get("type") for part in splits.get("pretokenizers", ())]
        vocabulary = model.get("vocab")
        special = {token["content"]: token["id"] for token in added}
        if (
            model.get("type") != "Unigram"
            or model.get("byte_fallback")
            or not isinstance(model.get("unk_id"), int)
            or kinds != ["WhitespaceSplit", "Metaspace"]
            or splits["pretokenizers"][1].get("replacement") != _SPACE
            or splits["pretokenizers"][1].get("prepend_scheme") != "always"
            or not whole.get("post_processor")
            or not special
            or any(token.get("single_word") for token in added)
            or any(not word or re.search(r"\s", word) for word in special)
            or any(
                not 0 <= number < len(vocabulary) or vocabulary[number][0] != word
                for word, number in special.items()
            )
        ):
            return None
        pieces = UnigramPieces(_close_together(vocabulary), model["unk_id"], special)
        return cls(pieces, _parts(whole), special)

    def cutting(self, max_length: int, stride: int = 0) -> UnigramTokenizer:
        """Make a tokenizer that cuts texts into windows.

        Args:
            max_length: Tokens of a window, with the special ones around them.
            stride: Tokens that neighbouring windows share.

        Returns:
            A tokenizer with the same model.
        """
        return UnigramTokenizer(self._pieces, self._parts, self._special, max_length, stride)

    def num_special_tokens_to_add(self, is_pair: bool) -> int:
        """Count the special tokens around a text. See `tokenizers.Tokenizer`."""
        number: int = self._parts["post_processor"].num_special_tokens_to_add(is_pair)
        return number

    def get_vocab_size(self) -> int:
        """Count the pieces of the vocabulary. See `tokenizers.Tokenizer`."""
        return len(self._pieces)

    def encode(self, text: str, *, add_special_tokens: bool = True) -> Any:
        """Split a text into tokens.

        Args:
            text: Any string.
            add_special_tokens: Whether to put the special tokens around it.

        Returns:
            A `tokenizers.Encoding`, with further windows as `overflowing`.
        """
        from tokenizers import PreTokenizedString, Token

        def tokens(word: str) -> list[Any]:
            found, start, at = [], 0, 0
            ascii_only = word.isascii()
            for number, end in self._pieces.of(word):
                piece = word[start:end]
                size = end - start if ascii_only else len(piece.encode())
                found.append(Token(number, self._names.get(number, piece), (at, at + size)))
                start, at = end, at + size
            return found

        split = PreTokenizedString(text)
        split.split(lambda _, part: part.split(self._pattern, "isolated"))
        normalizer = self._parts["normalizer"]
        if normalizer is not None:
            split.normalize(normalizer.normalize)
        self._parts["pre_tokenizer"].pre_tokenize(split)
        split.tokenize(tokens)
        encoding = split.to_encoding()
        post_processor = self._parts["post_processor"]
        if self._max_length is not None:
            around = post_processor.num_special_tokens_to_add(False) if add_special_tokens else 0
            encoding.truncate(self._max_length - around, self._stride)
        return post_processor.process(encoding, None, add_special_tokens)

    def encode_batch(self, texts: Sequence[str], *, add_special_tokens: bool = True) -> list[Any]:
        """Split several texts into tokens. See `encode`."""
        return [self.encode(text, add_special_tokens=add_special_tokens) for text in texts]

    encode_batch_fast = encode_batch


def _close_together(vocabulary: Iterable[Sequence[Any]]) -> Iterator[tuple[str, float]]:
    """The same pieces as new strings, side by side in memory.

    Those that the JSON's reader made lie among its lists and numbers, and keep the memory of these
    from being given back: 30 MB.
    """
    pieces = [piece for piece, _ in vocabulary]
    scores = array("d", (score for _, score in vocabulary))
    ends = array("q", accumulate(map(len, pieces)))
    text = "".join(pieces)
    del pieces
    start = 0
    for end, score in zip(ends, scores, strict=True):
        yield text[start:end], score
        start = end


def _parts(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The library's parts of a tokenizer, made without its vocabulary."""
    from tokenizers import Tokenizer

    model = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0]], "byte_fallback": False}
    small = {**whole, "model": model, "added_tokens": [], "truncation": None, "padding": None}
    tokenizer = Tokenizer.from_str(json.dumps(small))
    names = ("normalizer", "pre_tokenizer", "post_processor")
    return {name: getattr(tokenizer, name) for name in names}
