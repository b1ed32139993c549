"""Teachers and what their terms say."""

import copy
import json
import warnings

import pytest
import tiny_causal
from labelling_fakes import TableScorer
from openai_server import OpenAIServer, Reply, error

from recomp_core import Document
from recomp_core.errors import BudgetError, EndpointError, SummaryError
from recomp_core.labelling.teachers.base import (
    LanguageModelTeacher,
    TeacherRequest,
)
from recomp_core.labelling.teachers.extractive import ExtractiveTeacher
from recomp_core.labelling.teachers.settings import TeacherSettings
from recomp_core.labelling.teachers.terms import (
    DEFAULT_POLICY,
    TeacherPolicy,
    TeacherTermsError,
    TeacherTermsWarning,
    Terms,
)
from recomp_core.models.language_models.structured import response_format
from recomp_core.prompts import LLM_PROMPT, PromptTemplate
from recomp_core.runtime.budget import Meter

PLAIN = PromptTemplate("{query}|{documents}")


def request(query="Who?", *texts, template=PLAIN, gold=None):
    documents = tuple(
        Document(text, metadata={} if gold is None else {"gold_sentences": gold})
        for text in (texts or ("Tea. Ada built it. Gulls nest.",))
    )
    return TeacherRequest(query, documents, ("Ada",), template)


# Terms.


@pytest.mark.parametrize(
    ("name", "family", "verdict"),
    [
        ("gpt-4o-mini", "OpenAI", "restricted"),
        ("o3-mini", "OpenAI", "restricted"),
        ("gpt-5", "OpenAI", "restricted"),
        # As fine-tuned models, deployments at Azure and gateways are called.
        ("ft:gpt-4o:org", "OpenAI", "restricted"),
        ("ft:o4-mini-2025-04-16:org::id", "OpenAI", "restricted"),
        ("ft:davinci-002:org", "OpenAI", "restricted"),
        ("openai:o3", "OpenAI", "restricted"),
        ("gpt4o", "OpenAI", "restricted"),
        ("azure/gpt-4o", "OpenAI", "restricted"),
        ("azure/prod_gpt35-turbo", "OpenAI", "restricted"),
        ("team-chatgpt-4o-latest", "OpenAI", "restricted"),
        ("my-azure-openai", "OpenAI at Azure", "restricted"),
        ("claude-sonnet-4", "Anthropic", "restricted"),
        ("gemini-2.5-pro", "Gemini", "restricted"),
        ("google/gemma-3-12b-it", "Gemma", "conditional"),
        ("meta-llama/Llama-3.1-8B-Instruct", "Llama 3.1 and later 3.x", "conditional"),
        ("meta-llama/Llama-3.3-70B-Instruct", "Llama 3.1 and later 3.x", "conditional"),
        ("meta-llama/Llama-2-7b-chat-hf", "Llama 2 and 3", "restricted"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "Llama 2 and 3", "restricted"),
        ("mistral-large-latest", "Mistral API", "restricted"),
        ("deepseek-v4-flash", "DeepSeek", "allowed"),
        ("deepseek-ai/DeepSeek-R1", "DeepSeek", "allowed"),
        ("deepseek-ai/DeepSeek-V3-Base", "DeepSeek V3 base and older", "conditional"),
        ("Qwen/Qwen3-8B", "Qwen", "allowed"),
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen", "allowed"),
        ("Qwen/Qwen2.5-72B-Instruct", "Qwen2.5 72B", "conditional"),
        ("Qwen/Qwen2.5-3B-Instruct", "Qwen research licence", "restricted"),
        # A distilled model has two families: the stricter counts.
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "Llama 2 and 3", "restricted"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "DeepSeek", "allowed"),
    ],
)
def test_whose_terms_a_name_falls_under(name, family, verdict):
    terms = DEFAULT_POLICY.find(name)
    assert (terms.family, terms.verdict) == (family, verdict)


@pytest.mark.parametrize(
    "name",
    [
        "my-own-model",
        "meta-llama/Llama-4-Scout",
        "phi-4",
        "sarah-o1der",
        "agpt-4",
        "openai/gpt-oss-20b",
        "gpt2",
        "EleutherAI/gpt-neox-20b",
        "gpt4all-j",
        "AIDC-AI/Marco-o1",
        "nvidia/nemo-megatron-gpt-5B",
        "megatron-gpt-345m",
    ],
)
def test_names_that_are_not_known(name):
    assert DEFAULT_POLICY.find(name) is None


def test_an_endpoint_has_terms_whatever_its_model_is_called():
    terms = DEFAULT_POLICY.find("my-alias", "https://api.openai.com/v1")
    assert terms.family == "OpenAI"
    terms = DEFAULT_POLICY.find("my-alias", "https://Mine.OpenAI.Azure.com/openai/v1")
    assert (terms.family, terms.verdict) == ("OpenAI at Azure", "restricted")
    assert DEFAULT_POLICY.find("my-alias", "http://localhost/v1") is None
    # An open model behind a host with terms of its own: the stricter.
    assert DEFAULT_POLICY.find("qwen3", "https://api.mistral.ai").verdict == "restricted"


def test_restricted_terms_stop_whoever_does_not_state_the_right():
    with pytest.raises(TeacherTermsError, match=r"OpenAI.*https://.*accept_terms=True.*Qwen"):
        LanguageModelTeacher(list, name="gpt-4o")
    teacher = LanguageModelTeacher(list, name="gpt-4o", accept_terms=True)
    recorded = teacher.licence.to_dict()
    assert recorded["accepted"] is True
    assert recorded["verdict"] == "restricted"
    json.dumps(recorded)


def test_unknown_terms_warn_and_allowed_ones_do_not(caplog):
    with pytest.warns(TeacherTermsWarning, match="my-own-model"):
        licence = DEFAULT_POLICY.check("my-own-model")
    assert licence.to_dict() == {
        "teacher": "my-own-model", "verdict": "unknown", "licence": "unknown", "accepted": False
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert DEFAULT_POLICY.check("qwen3-8b").licence == "Apache-2.0"
        assert DEFAULT_POLICY.check("my-own-model", accept_terms=True).accepted
    assert not caplog.records
    conditional = DEFAULT_POLICY.check("llama-3.1-8b")
    assert "Built with Llama" in conditional.condition
    assert "Built with Llama" in caplog.text


def test_every_entry_has_its_source_and_its_day():
    for entry in DEFAULT_POLICY.entries:
        assert entry.source.startswith("https://")
        assert len(entry.checked) == 10
        assert bool(entry.condition) == (entry.verdict == "conditional")


def test_an_entry_of_one_s_own():
    mine = Terms("Mine", "my-own", "allowed", "MIT", "…", "https://example.org", "primary")
    policy = DEFAULT_POLICY.with_entry(mine)
    assert policy.find("my-own-model") is mine
    assert DEFAULT_POLICY.find("my-own-model") is None
    stricter = Terms("Qwen", "qwen", "restricted", "…", "…", "https://example.org", "primary")
    assert policy.with_entry(stricter).find("qwen3-8b") is stricter
    assert isinstance(policy, TeacherPolicy)


# Teachers.


def test_any_callable_and_the_word_for_nothing():
    seen = []

    def generate(prompts):
        seen.append(list(prompts))
        return ["Ada did.", '"Irrelevant."', OSError("no")]

    teacher = LanguageModelTeacher(generate, name="qwen3")
    texts = teacher.write([request("a"), request("b"), request("c")])
    assert texts[:2] == ["Ada did.", ""]
    assert isinstance(texts[2], OSError)
    assert seen == [[r.prompt for r in (request("a"), request("b"), request("c"))]]
    usage = teacher.meter.usage
    assert usage.requests == 3
    assert usage.input_tokens > 20
    assert usage.output_tokens == 2  # "Ada did." is eight bytes


def test_a_call_that_fails_is_tried_prompt_by_prompt():
    def generate(prompts):
        if any("poison" in prompt for prompt in prompts):
            raise OSError("it bites")
        return [prompt.split("|")[0].upper() for prompt in prompts]

    teacher = LanguageModelTeacher(generate, name="qwen3", batch_size=3)
    texts = teacher.write([request("a"), request("poison"), request("c"), request("d")])
    assert [str(text) if isinstance(text, OSError) else text for text in texts] == [
        "A", "it bites", "C", "D"
    ]  # fmt: skip


def test_a_spent_budget():
    teacher = LanguageModelTeacher(list, name="qwen3", meter=Meter(max_requests=2))
    texts = teacher.write([request(str(n)) for n in range(3)])
    assert [isinstance(text, BudgetError) for text in texts] == [False, False, True]


TABLE = {"": -5.0, "Tea.": -4.5, "Ada built it.": -1.0, "Gulls nest.": -7.0}


def test_the_extractive_teacher():
    teacher = ExtractiveTeacher(TableScorer(TABLE))
    # Both help; in document order.
    assert teacher.write([request()]) == ["Tea. Ada built it."]
    assert ExtractiveTeacher(TableScorer(TABLE), max_sentences=1).write([request()]) == [
        "Ada built it."
    ]
    assert ExtractiveTeacher(TableScorer({**TABLE, "": 0.0})).write([request()]) == [""]
    gold = request(gold=["Gulls nest.", "Not in the text."])
    assert teacher.write([gold]) == ["Gulls nest."]
    assert ExtractiveTeacher().write([gold, request()]) == ["Gulls nest.", ""]
    assert teacher.licence.verdict == "allowed"
    (failed,) = ExtractiveTeacher(TableScorer({**TABLE, "Tea.": OSError("no")})).write([request()])
    assert isinstance(failed, OSError)


# Behind an endpoint.


def saying(text, finish_reason="stop", **message):
    message = {"role": "assistant", "content": text, **message}
    body = {
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 4},
    }
    return Reply(body=json.dumps(body).encode())


@pytest.mark.enable_socket
@pytest.mark.usefixtures("endpoint_environment")
class TestEndpoint:
    def teacher(self, server, **settings):
        from recomp_core.labelling.teachers.models import EndpointTeacher

        settings = {"model": "qwen3-8b", "max_retries": 0, "timeout": 5.0, **settings}
        return EndpointTeacher(base_url=server.base_url, api_key="secret-key", **settings)

    def test_what_it_writes_and_what_that_cost(self):
        def reply_to(asked):
            return saying("IRRELEVANT" if "b|" in asked.prompt else asked.prompt[0].upper())

        with OpenAIServer(reply_to=reply_to) as server:
            teacher = self.teacher(server, extra_body={"seed": 3})
            assert teacher.write([request("a"), request("b")]) == ["A", ""]
            assert server.requests[0].body["seed"] == 3
        usage = teacher.meter.usage
        assert (usage.requests, usage.input_tokens, usage.output_tokens) == (2, 22, 8)
        assert "secret" not in json.dumps(teacher.identity)
        assert teacher.licence.licence == "Apache-2.0"

    @pytest.mark.parametrize(
        ("reply", "reason"),
        [
            (saying("Ada", "length"), "cut"),
            (saying("", "content_filter"), "filtered"),
            (saying(None, refusal="I won't"), "refused"),
            (saying(None), "malformed"),
            (Reply(body=b'{"choices": []}'), "malformed"),
            (error(500, "out"), "unavailable"),
        ],
    )
    def test_what_is_no_summary_says_why(self, reply, reason):
        with OpenAIServer(reply) as server:
            (result,) = self.teacher(server).write([request()])
        assert isinstance(result, EndpointError)
        assert result.reason == reason

    FORMED = json.dumps({"summary": "Ada did.", "sources": [1]})

    @pytest.mark.parametrize(
        ("reply", "summary"),
        [
            (FORMED, "Ada did."),
            (f"<think>hm</think>```json\n{FORMED}\n```", "Ada did."),
            ('{"summary": "Irrelevant.", "sources": []}', ""),
            ("Ada did.", "Ada did."),  # the endpoint took no notice of the form
            ("IRRELEVANT", ""),
        ],
    )
    def test_json_gives_its_summary(self, reply, summary):
        with OpenAIServer(Reply(reply)) as server:
            assert self.teacher(server, structured=True).write([request()]) == [summary]
            assert server.requests[0].body["response_format"] == response_format()
            (plain,) = self.teacher(server).write([request()])
            assert "response_format" not in server.requests[1].body
        assert ("summary" in plain) == ("summary" in reply)  # nobody asked for JSON

    def test_json_of_another_form_is_no_summary(self):
        with OpenAIServer(Reply('{"answer": "Ada"}')) as server:
            (result,) = self.teacher(server, structured=True).write([request()])
        assert isinstance(result, SummaryError)
        assert result.reason == "malformed"

    def test_an_endpoint_that_knows_no_json_is_asked_for_text_from_then_on(self):
        def reply_to(asked):
            if "response_format" in asked.body:
                return error(400, "This response_format type is unavailable now")
            return saying(asked.prompt[0].upper())

        with OpenAIServer(reply_to=reply_to) as server:
            teacher = self.teacher(server, structured=True)
            assert teacher.write([request("a")]) == ["A"]
            assert teacher.write([request("b"), request("c")]) == ["B", "C"]
            asked = ["response_format" in sent.body for sent in server.requests]
            assert asked == [True, False, False, False]
        assert teacher.meter.usage.requests == 4  # the refused one counts

    @pytest.mark.parametrize(
        "refusal",
        [error(400, "the prompt is too long"), error(500, "no replies today")],
    )
    def test_another_error_is_that_error(self, refusal):
        with OpenAIServer(refusal) as server:
            (result,) = self.teacher(server, structured=True).write([request()])
            assert len(server.requests) == 1
        assert isinstance(result, EndpointError)

    def test_the_form_is_part_of_the_identity_only_where_it_is_asked_for(self):
        with OpenAIServer() as server:
            before = {
                "teacher": "qwen3-8b",
                "temperature": 0.0,
                "max_new_tokens": 256,
                "empty_word": "IRRELEVANT",
                "extra_body": {},
            }
            assert self.teacher(server).identity == before
            assert self.teacher(server, structured=True).identity == {**before, "structured": True}

    def test_plain_settings_ask_for_json_and_only_an_endpoint(self, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "any-key")
        plain = {"model": "qwen3-8b", "structured": True}
        with OpenAIServer(Reply(self.FORMED)) as server:
            settings = TeacherSettings(teacher="endpoint", base_url=server.base_url, **plain)
            assert settings.build(lambda: None).write([request()]) == ["Ada did."]
        with pytest.raises(ValueError, match="structured is for a teacher behind an endpoint"):
            TeacherSettings(teacher="local", **plain).build(lambda: None)

    def test_the_host_has_a_say_too(self, monkeypatch):
        monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
        from recomp_core.labelling.teachers.models import EndpointTeacher

        with pytest.raises(TeacherTermsError, match="OpenAI"):
            EndpointTeacher("my-alias", base_url="https://api.openai.com/v1", api_key="k")
        with pytest.raises(TeacherTermsError, match="OpenAI"):
            EndpointTeacher("my-alias", api_key="k")  # without an address, OpenAI's is asked
        monkeypatch.setenv("OPENAI_BASE_URL", "https://mine.openai.azure.com/openai/v1")
        with pytest.raises(TeacherTermsError, match="OpenAI at Azure"):
            EndpointTeacher("my-alias", api_key="k")
        teacher = EndpointTeacher("deepseek-v4", base_url="https://api.deepseek.com", api_key="k")
        assert teacher.identity["extra_body"] == {"thinking": {"type": "disabled"}}


# On this machine.


@pytest.mark.model
@pytest.mark.parametrize("chat_template", [None, "<s>{{ messages[0]['content'] }}\nAnswer:"])
def test_a_local_model_writes_what_it_writes_alone(chat_template, tmp_path):
    import torch

    from recomp_core.labelling.teachers.models import LocalTeacher

    model = tiny_causal.ending(copy.deepcopy(tiny_causal.model("llama")), 5)
    model.generation_config.eos_token_id = 1
    tokenizer = copy.deepcopy(tiny_causal.tokenizer("byte-level"))
    tokenizer.chat_template = chat_template
    teacher = LocalTeacher(model, tokenizer, name="qwen3-tiny", max_new_tokens=6)
    requests = [request("who?", "Tea."), request("who built the tower?", "Ada Reyes. " * 5)]
    for asked, text in zip(requests, teacher.write(requests), strict=True):
        prompt = f"<s>{asked.prompt}\nAnswer:" if chat_template else asked.prompt
        ids = torch.tensor([tokenizer(prompt, add_special_tokens=False)["input_ids"]])
        output = model.generate(ids, max_new_tokens=6, do_sample=False, pad_token_id=1)
        alone = tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)
        assert text == alone.strip()


@pytest.mark.model
def test_a_summary_that_a_local_model_does_not_end_is_an_error(tmp_path):
    from recomp_core.labelling.teachers.models import LocalTeacher

    tiny_causal.model("llama").save_pretrained(tmp_path / "qwen3-tiny")
    tiny_causal.tokenizer("byte-level").save_pretrained(tmp_path / "qwen3-tiny")
    teacher = LocalTeacher.from_pretrained(tmp_path / "qwen3-tiny", max_new_tokens=6)
    assert teacher.name == "qwen3-tiny"
    (written,) = teacher.write([request("who?", "Tea.")])
    assert isinstance(written, SummaryError)
    assert written.reason == "cut"


@pytest.mark.model
@pytest.mark.parametrize(
    ("template", "max_new_tokens", "told"),
    [
        ("{% for m in messages %}<s>{{ m['content'] }}</s>{% endfor %}", 6, "model's turn"),
        (None, 256, "max_new_tokens=256 leaves no room for a prompt: the model has 256 positions"),
    ],
)
def test_what_can_not_work_is_refused_before_the_weights_are_read(
    tmp_path, monkeypatch, template, max_new_tokens, told
):
    import transformers

    from recomp_core.labelling.teachers.models import LocalTeacher

    tiny_causal.model("gpt2").save_pretrained(tmp_path / "qwen3-tiny")
    tokenizer = copy.deepcopy(tiny_causal.tokenizer("byte-level"))
    tokenizer.chat_template = template
    tokenizer.save_pretrained(tmp_path / "qwen3-tiny")
    monkeypatch.setattr(
        transformers.AutoModelForCausalLM,
        "from_pretrained",
        lambda *_, **__: pytest.fail("weights read"),
    )
    with pytest.raises(ValueError, match=told):
        LocalTeacher.from_pretrained(tmp_path / "qwen3-tiny", max_new_tokens=max_new_tokens)


def test_terms_come_before_loading(tmp_path):
    from recomp_core.labelling.teachers.models import LocalTeacher

    with pytest.raises(TeacherTermsError):
        LocalTeacher.from_pretrained(tmp_path / "Llama-2-7b-chat-hf")


# Of the frameworks.


def test_a_langchain_chat_model():
    pytest.importorskip("langchain_core")
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    from langchain_recomp import teacher_from_chat_model

    chat = FakeListChatModel(responses=["Ada did."])
    teacher = teacher_from_chat_model(chat, name="qwen3-8b")
    assert teacher.write([request(template=LLM_PROMPT)]) == ["Ada did."]
    # The summarizer reads replies as the teacher is told to.
    silent = teacher_from_chat_model(
        FakeListChatModel(responses=["none"]), name="qwen3-8b", empty_word="none", structured=True
    )
    assert silent.write([request(template=LLM_PROMPT)]) == [""]
    assert silent.identity["settings"] == {"structured": True}
    with pytest.raises(ValueError, match="name="):
        teacher_from_chat_model(chat)
    with pytest.raises(TeacherTermsError):
        teacher_from_chat_model(chat, name="gpt-4o")


def test_a_framework_s_model_at_azure():
    pytest.importorskip("langchain_core")
    pytest.importorskip("llama_index.core")
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from llama_index.core.llms import MockLLM

    from langchain_recomp import teacher_from_chat_model
    from llamaindex_recomp import teacher_from_llm

    address = "https://mine.openai.azure.com/"

    class Chat(FakeListChatModel):
        azure_endpoint: str = address

    class LLM(MockLLM):
        azure_endpoint: str = address

    with pytest.raises(TeacherTermsError, match="OpenAI at Azure"):
        teacher_from_chat_model(Chat(responses=["Ada did."]), name="mine")
    with pytest.raises(TeacherTermsError, match="OpenAI at Azure"):
        teacher_from_llm(LLM(), name="mine")


def test_a_llamaindex_llm():
    pytest.importorskip("llama_index.core")
    from llama_index.core.llms import MockLLM

    from llamaindex_recomp import teacher_from_llm

    teacher = teacher_from_llm(MockLLM(), name="qwen3-8b")
    assert teacher.name == "qwen3-8b"
    (text,) = teacher.write([request("who?", "Tea.")])
    assert text == "who?|Tea."  # the mock says its prompt
    with pytest.warns(TeacherTermsWarning):
        assert teacher_from_llm(MockLLM()).name == MockLLM().metadata.model_name
