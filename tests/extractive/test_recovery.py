"""What calls dropped can be read again, with a handle, as long as there is room for it."""

import asyncio
import copy
import pickle
import threading

import pytest
from conftest import shared_words

from recomp_core import (
    AbstractiveCompressor,
    Compression,
    Document,
    DroppedTexts,
    ExtractiveCompressor,
    TokenBudget,
    TopK,
)

TOWER = Document("The tower is tall. Bob built the tower. Paint peels.", title="Tower", id="t")
FRUIT = Document("Bananas are yellow. Bob eats them.")


def make(recovery=None, **settings):
    return ExtractiveCompressor(
        shared_words, selector=TopK(1), recovery=recovery or DroppedTexts(), **settings
    )


def test_a_call_without_the_setting_has_no_handle(compressor):
    result = compressor.compress("bob tower", [TOWER, FRUIT])
    assert result.handle == ""
    assert "handle" not in result.to_dict()
    with pytest.raises(ValueError, match="recovery=DroppedTexts"):
        compressor.read_dropped("x")


def test_what_was_dropped_comes_back_in_order():
    compressor = make()
    result = compressor.compress("bob built", [TOWER, FRUIT])
    found = compressor.read_dropped(result.handle)
    assert found.found
    assert [(s.doc_index, s.start, s.end, s.text) for s in found.sentences] == [
        (s.doc_index, s.start, s.end, s.text) for s in result.dropped
    ]
    assert found.text == (
        "[Tower] The tower is tall.\n[Tower] Paint peels.\nBananas are yellow.\nBob eats them."
    )
    assert found.sentences[0].title == "Tower"
    assert found.sentences[0].id == "t"
    assert (found.left_out, found.note) == (0, "")


def test_what_fits_a_query_comes_first():
    compressor = make()
    handle = compressor.compress("bob built", [TOWER, FRUIT]).handle
    found = compressor.read_dropped(handle, "which paint peels")
    assert found.sentences[0].text == "Paint peels."
    assert found.sentences[0].score == 2
    by_words = compressor.recovery.read_dropped(handle, "are bananas yellow?")
    assert by_words.sentences[0].text == "Bananas are yellow."
    assert compressor.read_dropped(handle, "  ") == compressor.read_dropped(handle)


def test_a_limit_of_tokens_holds_and_says_what_it_left_out():
    compressor = make()
    handle = compressor.compress("bob built", [TOWER, FRUIT]).handle
    found = compressor.read_dropped(handle, "paint peels", max_tokens=6)
    assert [s.text for s in found.sentences] == ["Paint peels."]
    assert found.left_out == 3
    assert "3 more" in found.note
    assert str(found).endswith("(3 more did not fit into max_tokens=6)")
    nothing = compressor.read_dropped(handle, max_tokens=1)
    assert (nothing.found, nothing.text, nothing.left_out) == (True, "", 4)
    counted = compressor.recovery.read_dropped(
        handle, max_tokens=4, count_tokens=lambda t: len(t.split())
    )
    assert counted.text == "[Tower] Paint peels."


@pytest.mark.parametrize("handle", ["", "unknown", "a" * 100_000, "\ud800"])
def test_an_unknown_handle_is_an_answer(handle):
    found = make().read_dropped(handle)
    assert not found.found
    assert found.text == ""
    assert "nothing is kept under this handle" in str(found)
    assert len(str(found)) < 300


def test_bad_arguments_are_named():
    compressor = make()
    with pytest.raises(TypeError, match="handle must be a string, got int"):
        compressor.read_dropped(3)
    with pytest.raises(TypeError, match="query must be a string or None, got list"):
        compressor.read_dropped("x", ["q"])
    with pytest.raises(ValueError, match="max_tokens"):
        compressor.read_dropped("x", max_tokens=0)
    for wrong in ("16MB", 1.5, True):
        with pytest.raises(TypeError, match="recovery must be"):
            make(recovery=wrong)
    with pytest.raises(ValueError, match="recovery"):
        ExtractiveCompressor(shared_words, recovery=-1)
    with pytest.raises(ValueError, match="max_bytes"):
        DroppedTexts(0)
    assert ExtractiveCompressor(shared_words, recovery=5_000).recovery.max_bytes == 5_000


def test_the_oldest_calls_leave_first():
    kept = DroppedTexts(max_calls=3)
    compressor = make(kept)
    handles = [compressor.compress("bob", [TOWER, FRUIT]).handle for _ in range(5)]
    assert [kept.read_dropped(handle).found for handle in handles] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert len(kept) == 3
    assert kept.forget(handles[-1])
    assert not kept.forget(handles[-1])
    assert len(kept) == 2
    assert len(set(handles)) == 5
    assert all(len(handle) >= 22 for handle in handles)  # 128 bits


def test_the_bytes_are_bounded():
    kept = DroppedTexts(max_bytes=50_000)
    compressor = make(kept)
    for number in range(100):
        text = " ".join(f"Sentence {number} {n} says little." for n in range(20))
        compressor.compress("sentence", [text])
        assert kept.size <= 50_000
    assert 1 <= len(kept) < 20
    large = " ".join(f"Sentence {n} says little of all that." for n in range(2_000))
    before = len(kept)
    assert compressor.compress("sentence", [large]).handle == ""
    assert len(kept) == before


def test_nothing_dropped_has_no_handle():
    compressor = make()
    assert compressor.compress("bob", ["Bob sat."]).handle == ""
    assert compressor.compress("bob", []).handle == ""
    assert compressor.compress("bob", [" "]).handle == ""
    assert len(compressor.recovery) == 0


def test_a_handle_survives_json_and_old_results_have_none():
    result = make().compress("bob", [TOWER, FRUIT])
    data = result.to_dict()
    assert data["handle"] == result.handle
    assert Compression.from_dict(data) == result
    del data["handle"]
    assert Compression.from_dict(data).handle == ""
    with pytest.raises(ValueError, match="no compression"):
        Compression.from_dict({**data, "handle": 3})


def test_headings_stand_with_what_is_under_them():
    text = "# Care\n\n## Cleaning\n\nWipe the case. Use no soap.\n\n## Storage\n\nKeep it dry."
    compressor = make()
    handle = compressor.compress("keep it dry", [text]).handle
    found = compressor.read_dropped(handle)
    assert found.text == "[Care › Cleaning] Wipe the case.\n[Care › Cleaning] Use no soap."


def test_all_ways_to_call_record_once():
    kept = DroppedTexts()
    compressor = make(kept)
    batch = compressor.compress_batch(["bob", "paint"], [[TOWER], [FRUIT]])
    assert len(kept) == 2
    one = asyncio.run(compressor.acompress("bob", [TOWER]))
    timed = compressor.compress("bob", [TOWER], timeout_s=30)
    assert len(kept) == 4
    handles = {result.handle for result in (*batch, one, timed)}
    assert len(handles) == 4
    assert all(kept.read_dropped(handle).found for handle in handles)


def test_documents_that_were_not_read_in_time_can_be_read_later():
    started = threading.Event()
    goes_on = threading.Event()

    class Slow:
        by_document = True

        def score(self, tasks):
            if started.is_set():
                goes_on.wait(30)
            started.set()
            return [shared_words(task.query, [s.text for s in task.sentences]) for task in tasks]

    compressor = ExtractiveCompressor(Slow(), selector=TopK(1), recovery=DroppedTexts())
    try:
        result = compressor.compress("bob built", [TOWER, FRUIT], timeout_s=0.5)
    finally:
        goes_on.set()
    assert result.outcome == "timed_out"
    assert [s.text for s in compressor.recovery.read_dropped(result.handle).sentences] == [
        "The tower is tall.", "Paint peels.", "Bananas are yellow.", "Bob eats them.",
    ]  # fmt: skip


class Writer:
    max_input_tokens = None

    def summarize(self, prompts):
        return ["Bob did." for _ in prompts]

    def stream(self, prompt):
        yield "Bob did."

    def count_tokens(self, text):
        return len(text.split())

    def truncate(self, text, max_tokens):
        return " ".join(text.split()[:max_tokens])


def test_a_summary_leaves_out_all_that_it_was_made_from():
    compressor = AbstractiveCompressor(Writer(), recovery=DroppedTexts())
    result = compressor.compress("who built it?", [TOWER, FRUIT])
    assert result.text == "Bob did."
    found = compressor.read_dropped(result.handle, "what peels? paint", max_tokens=100)
    assert found.sentences[0].text == "Paint peels."
    assert len(found.sentences) == 5
    assert {s.doc_index for s in found.sentences} == {0, 1}
    a = asyncio.run(compressor.acompress("who?", [TOWER]))
    assert compressor.read_dropped(a.handle).found


def test_a_summary_of_picked_sentences_leaves_out_those_too():
    extractor = ExtractiveCompressor(shared_words, selector=TopK(2))
    compressor = AbstractiveCompressor(Writer(), extractor=extractor, recovery=1_000_000)
    result = compressor.compress("bob built the tower", [TOWER, FRUIT])
    texts = [s.text for s in compressor.read_dropped(result.handle).sentences]
    assert texts == [
        "The tower is tall.", "Bob built the tower.", "Paint peels.", "Bananas are yellow.",
        "Bob eats them.",
    ]  # fmt: skip


def test_copies_start_empty():
    kept = DroppedTexts(max_bytes=9_000, max_calls=7)
    make(kept).compress("bob", [TOWER])
    for one in (copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):
        assert (one.max_bytes, one.max_calls, len(one), one.size) == (9_000, 7, 0, 0)


def test_many_threads_share_a_store():
    kept = DroppedTexts(max_calls=20)
    compressor = make(kept)
    wrong = []

    def work(name):
        for number in range(30):
            text = f"Bob {name} {number} sat. The {name} {number} stood."
            handle = compressor.compress("bob", [text]).handle
            found = kept.read_dropped(handle)
            if found.found and found.text != f"The {name} {number} stood.":
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(f"n{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(kept) == 20
    assert kept.size == sum(call.size for call in kept._calls.values())


def test_html_is_shown_without_tags():
    compressor = make()
    html = "<html><body><p>Bob <b>built</b> it.</p><p>Paint <i>peels</i> off.</p></body></html>"
    result = compressor.compress("bob built", [html])
    found = compressor.read_dropped(result.handle)
    assert found.text == "Paint peels off."
    sentence = found.sentences[0]
    assert html[sentence.start : sentence.end] == sentence.text


def test_a_budget_drops_what_can_be_read():
    compressor = ExtractiveCompressor(
        shared_words, selector=TokenBudget(4, lambda t: len(t.split())), recovery=DroppedTexts()
    )
    result = compressor.compress("bob built", [TOWER])
    assert result.text == "Bob built the tower."
    assert compressor.read_dropped(result.handle).sentences[1].text == "Paint peels."
