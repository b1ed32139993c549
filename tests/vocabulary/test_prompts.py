"""The exact prompts of the method, and templates of one's own."""

import pytest

from recomp_core import AbstractiveCompressor, Document, LLMSummarizer
from recomp_core.labelling.distillation import DistillationLabeller
from recomp_core.labelling.teachers.base import LanguageModelTeacher, TeacherRequest
from recomp_core.prompts import (
    LLM_PROMPT,
    NOTHING_RELEVANT_WORD,
    T5_PROMPT,
    TEACHER_PROMPTS,
    PromptTemplate,
    llm_prompt,
)


def test_the_published_prompt_keeps_its_odd_spaces():
    assert T5_PROMPT.format("q?", "one\ntwo") == "Question: q?\n Document: one\ntwo\n Summary: "


def test_braces_are_plain_text_in_what_is_filled_in():
    template = PromptTemplate("{{x}} {query} {documents}")
    assert template.format("{documents}", "{query} {") == "{x} {documents} {query} {"


@pytest.mark.parametrize(
    ("template", "error", "message"),
    [
        (None, TypeError, "a prompt template must be a string, got None"),
        ("{query}", ValueError, "the prompt template lacks {documents}: '{query}'"),
        ("nothing", ValueError, "lacks {query}, {documents}"),
        ("{query} {documents} {title}", ValueError, "unknown fields: {title}. It may have {query}"),
        ("{query!r} {documents:>9}", ValueError, "unknown fields: {query!r}, {documents:>9}."),
        ("{} {documents}", ValueError, "unknown fields: {}."),
        ("{query} {documents", ValueError, "can't be read"),
        ("{query} } {documents}", ValueError, "write a literal brace twice"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_refused(template, error, message):
    with pytest.raises(error) as raised:
        PromptTemplate(template)
    assert message in str(raised.value)


def test_the_word_for_nothing_stands_in_every_prompt_of_language_models():
    for prompt in (LLM_PROMPT, *TEACHER_PROMPTS.values()):
        filled = prompt.format("who?", "Bob did.")
        assert NOTHING_RELEVANT_WORD in filled
        assert "EMPTY_WORD" not in filled
        assert "<documents>\nBob did.\n</documents>" in filled
    assert TEACHER_PROMPTS["summary"] == llm_prompt() == LLM_PROMPT
    own = llm_prompt("{none}").format("who?", "Bob did.")
    assert own.count("{none}") == 2
    assert NOTHING_RELEVANT_WORD not in own


# How documents are shown.

SHOWN = [("The tower", "Anna built it.\n\nIn 1871."), ("", "Pigs eat apples.")]


@pytest.mark.parametrize("prompt", [*TEACHER_PROMPTS.values(), llm_prompt("nil")])
def test_the_prompts_of_language_models_number_documents_and_keep_their_bounds(prompt):
    assert (
        '<documents>\n<document number="1">\nTitle: The tower\nAnna built it.\n\nIn 1871.\n</document>\n'
        '<document number="2">\nPigs eat apples.\n</document>\n</documents>'
    ) in prompt.fill("who?", SHOWN)


def test_other_prompts_join_the_documents_as_before():
    joined = "The tower\nAnna built it.\n\nIn 1871.\nPigs eat apples."
    for prompt in (T5_PROMPT, PromptTemplate("{query}|{documents}")):
        assert prompt.fill("who?", SHOWN) == prompt.format("who?", joined)


def test_a_prompt_is_written_down_and_read_again():
    assert T5_PROMPT.to_json() == T5_PROMPT.template
    for prompt in (T5_PROMPT, llm_prompt()):
        assert PromptTemplate.from_json(prompt.to_json()) == prompt
    for wrong in ({"template": "{query}{documents}"}, {"template": 5, "numbered": True}, 5):
        with pytest.raises(TypeError):
            PromptTemplate.from_json(wrong)


DOCUMENTS = (Document("Anna built it.", title="The tower"), Document("A mill stands by."))


def test_a_language_model_reads_numbers_and_titles_without_being_asked():
    read = []

    def generate(prompts):
        read.extend(prompts)
        return ["Anna."] * len(prompts)

    AbstractiveCompressor(LLMSummarizer(generate)).compress("who?", DOCUMENTS)
    AbstractiveCompressor(LLMSummarizer(generate), titles=False).compress("who?", DOCUMENTS)
    own = PromptTemplate("{query}|{documents}")
    AbstractiveCompressor(LLMSummarizer(generate), prompt=own).compress("who?", DOCUMENTS)
    teacher = LanguageModelTeacher(generate, name="qwen3")
    teacher.write([TeacherRequest("who?", DOCUMENTS, (), prompt) for prompt in (LLM_PROMPT, own)])
    first, untitled, joined, taught, taught_joined = read
    assert '<document number="1">\nTitle: The tower\nAnna built it.\n</document>' in first
    assert '<document number="2">\nA mill stands by.\n</document>' in first
    assert '<document number="1">\nAnna built it.\n</document>' in untitled
    assert LLM_PROMPT.fill("who?", [("", "Anna.")]) == LLM_PROMPT.format("who?", "Anna.")
    assert joined == taught_joined == "who?|Anna built it.\nA mill stands by."
    assert taught == first


def test_documents_that_do_not_fit_are_left_out_whole_and_the_first_is_cut_within_its_marks():
    read = []

    def generate(prompts):
        read.extend(prompts)
        return ["Anna."] * len(prompts)

    whole = len(LLM_PROMPT.fill("who?", [("The tower", DOCUMENTS[0].text)]))
    for limit, shown in (
        (whole, "Anna built it.\n</document>"),
        (whole - 9, "Anna \n</document>"),
    ):
        summarizer = LLMSummarizer(generate, max_input_tokens=limit, count_tokens=len)
        found = AbstractiveCompressor(summarizer).compress("who?", DOCUMENTS)
        assert shown in read[-1]
        assert 'number="2"' not in read[-1]
        assert found.sources == (0,)


def test_labels_that_were_begun_with_other_prompts_are_not_carried_on():
    teacher = LanguageModelTeacher(list, name="qwen3")

    class Scorer:
        identity = None

    def identity(**settings):
        return DistillationLabeller(teacher, Scorer(), **settings).identity

    same_text = {name: PromptTemplate(p.template) for name, p in TEACHER_PROMPTS.items()}
    assert identity()["prompts"] != identity(prompts=same_text)["prompts"]
    assert identity(prompts=same_text)["prompts"]["facts"] == TEACHER_PROMPTS["facts"].template
