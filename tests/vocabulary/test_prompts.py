"""The exact prompts of the method, and templates of one's own."""

import pytest

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
