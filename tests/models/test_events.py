"""A stream of events is taken apart the same, however it is cut into pieces."""

import pytest

from recomp_core.models.language_models.events import DONE, EventReader, error_event, json_events
from recomp_core.models.language_models.replies import UnusableReply

STREAM = (
    ": a comment\r\n\r\n"
    'data: {"a": "tower é"}\n\n'
    "event: news\rdata:first\rdata: second\r\rid: 3\nretry: 5\n\n"
    "data: third\r\n\r\n"
    "data: without its end"
).encode()
EVENTS = [("", '{"a": "tower é"}'), ("news", "first\nsecond"), ("", "third")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_in_any_pieces(size):
    reader = EventReader()
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [event for piece in pieces for event in reader.feed(piece)] == EVENTS


def test_a_long_line_in_many_pieces_takes_no_long_time():
    reader = EventReader()
    for _ in range(20_000):
        assert list(reader.feed(b"x" * 1000)) == []
    assert list(reader.feed(b"\ndata: y\n\n")) == [("", "y")]


async def read(*pieces):
    async def body():
        for piece in pieces:
            yield piece

    return [value async for value in json_events(body())]


async def test_the_end_is_told_and_what_comes_after_it_is_not():
    assert await read(b'data: {"a": 1}\n\nda', b"ta: [DONE]\n\ndata: 5\n\n", b"data: 6\n\n") == [
        {"a": 1},
        DONE,
    ]
    assert await read(b"data: 5\n\n") == [5]


@pytest.mark.parametrize(
    ("event", "reason", "said"),
    [
        (b'data: {"error": true, "message": "slow down", "code": 429}', "quota", "slow down"),
        (b'data: {"error": 429, "message": "slow down"}', "quota", "slow down"),
        (b"event: error\ndata: the upstream is overloaded", "unavailable", "upstream is"),
        (b'event: error\ndata: {"message": "no such model"}', "invalid", "no such model"),
        (b"data: {nonsense", "malformed", "{nonsense"),
    ],
)
async def test_an_error_keeps_its_words(event, reason, said):
    with pytest.raises(UnusableReply) as caught:
        await read(event + b"\n\n")
    assert caught.value.reason == reason
    assert said in caught.value.said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('data: {"error": 1}', '{"error": 1}'),
        (': busy\n\n: busy\n\ndata: {"error": 1}\n\n', '{"error": 1}'),
        ("event: error\ndata: down\n\n", "down"),
        ('data: {"a": 1}\n\n', None),
        ('{"error": 1}', None),
        ("", None),
    ],
)
def test_an_error_among_events(text, found):
    assert error_event(text) == found


async def test_a_byte_order_mark_is_no_part_of_the_first_event():
    assert await read("\ufeffdata: 5\n\ndata: 6\n\n".encode()) == [5, 6]


@pytest.mark.parametrize(
    "sign",
    [
        b"data:",
        b"data: ",
        b"event: ping\ndata: 1764497000.25",
        b"event: done\ndata: done",
        b"event: close\ndata:",
        b"event: message\ndata:",
    ],
)
async def test_a_sign_of_life_is_no_part_of_the_reply(sign):
    stream = b"\n\n".join([sign, b"data: 5", sign, b"data: 6", sign, b"data:  [DONE]", b""])
    assert await read(stream) == [5, 6, DONE]


async def test_what_a_field_of_its_own_says_is_an_error():
    with pytest.raises(UnusableReply) as caught:
        await read(b'data: 5\n\nerror: {"code": 500, "message": "the slot is gone"}\n\n')
    assert (caught.value.reason, caught.value.said) == ("unavailable", "the slot is gone")


@pytest.mark.parametrize(
    "event", [b"event: error\ndata:", b'event: chunk\ndata: {"choices": [', b"data: soon"]
)
async def test_what_may_be_lost_text_is_no_sign_of_life(event):
    with pytest.raises(UnusableReply):
        await read(b"data: 5\n\n" + event + b"\n\n")
