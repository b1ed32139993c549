"""Replies that say only that the documents do not help, and replies that only look so."""

import time

import pytest

from recomp_core.abstractive.llm_summarizer import LLMSummarizer
from recomp_core.text.refusals import may_mean_nothing, means_nothing

NOTHING = [
    "The documents do not contain information about who built the bell tower.",
    "The documents don't mention the bell tower.",
    "The provided documents do not contain any information about the bell tower's builder.",
    "The provided context does not specify who built the tower.",
    "There is no information about the tower in the documents.",
    "There is no information regarding the builder.",
    "No information about the tower is provided.",
    "No relevant information was found in the provided documents.",
    "None of the documents mention the bell tower.",
    "I'm sorry, but the documents do not contain the answer to your question.",
    "Unfortunately, the passages do not say who built it.",
    "Based on the provided documents, it is not possible to determine who built the tower.",
    "I cannot answer the question based on the documents.",
    "I could not find any information about this in the provided text.",
    "The question cannot be answered from the documents.",
    "The builder of the tower is not mentioned in the documents.",
    "The documents do not contain information about the tower. They only discuss pigs and apples.",
    "The documents do not contain information about the tower. Therefore, I cannot answer the question.",
    "Sorry, I can't help with that.",
    "The documents are not relevant to the question.",
    "Not enough information to answer the question.",
    "The given text does not provide any information on who built the tower.",
    "The documents provided do not include details about the tower.",
    "Die Dokumente enthalten keine Informationen darüber, wer den Turm gebaut hat.",
    "Die bereitgestellten Dokumente enthalten keine Informationen über den Glockenturm.",
    "In den Dokumenten wird nicht erwähnt, wer den Turm gebaut hat.",
    "Leider enthalten die Dokumente keine Angaben dazu.",
    "Die Frage kann anhand der Dokumente nicht beantwortet werden.",
    "Es gibt keine Informationen über den Turm in den Dokumenten.",
    "Les documents ne contiennent pas d'informations sur la tour.",
    "Les documents fournis ne mentionnent pas qui a construit la tour.",
    "Aucune information sur la tour n'est fournie dans les documents.",
    "Il n'y a pas d'information sur la tour dans les documents.",
    "Los documentos no contienen información sobre quién construyó la torre.",
    "Los documentos proporcionados no mencionan la torre.",
    "No hay información sobre la torre en los documentos.",
    "I documenti non contengono informazioni sulla torre.",
    "I documenti forniti non menzionano chi ha costruito la torre.",
    "Non ci sono informazioni sulla torre nei documenti.",
    "Os documentos não contêm informações sobre a torre.",
    "Os documentos fornecidos não mencionam quem construiu a torre.",
    "Não há informações sobre a torre nos documentos.",
    "De documenten bevatten geen informatie over de toren.",
    "De documenten vermelden niet wie de toren heeft gebouwd.",
    "В документах нет информации о том, кто построил башню.",
    "Документы не содержат информации о башне.",
    "В предоставленных документах не упоминается, кто построил башню.",
    "文档中没有提到谁建造了钟楼。",
    "提供的文档没有包含有关钟楼的信息。",
    "根据提供的文档，无法确定谁建造了钟楼。",
    "文件未提及钟楼的建造者。",
    "文書には、鐘楼を誰が建てたかについての情報は含まれていません。",
    "提供された文書には、塔に関する情報がありません。",
    "この質問に関する情報は文書に記載されていません。",
    "문서에는 종탑을 누가 지었는지에 대한 정보가 없습니다.",
    "제공된 문서에는 관련 정보가 포함되어 있지 않습니다.",
    "لا تحتوي الوثائق على معلومات حول من بنى البرج.",
    "لا توجد معلومات عن البرج في المستندات.",
    "الوثائق لا تذكر من بنى البرج.",
]
SOMETHING = [
    "The documents do not contain the tower's height, but the tower was built by Bob.",
    "The documents do not contain X, but the tower was built by Bob",
    "The documents do not mention the year. Anna Horvat built the tower.",
    "Anna Horvat built it in 1871.",
    "The company does not provide refunds.",
    "There is no evidence that vaccines cause autism.",
    "No one survived the crash.",
    "No data was lost in the attack.",
    "There were no survivors.",
    "The contract does not contain a termination clause.",
    "It is not known who built the tower.",
    "The tower was not built by Anna but by Bob.",
    "The documents say that Anna built it.",
    "The tower has no bell.",
    "Employees cannot carry over vacation days.",
    "The text was written by Homer.",
    "The report does not mention injuries.",
    "No information is shared with third parties.",
    "The documents discuss the tower, built in 1871.",
    "The documents describe how Anna built the tower.",
    "Passengers are not allowed to smoke.",
    "There is no ferry on Sundays.",
    "I have a dream is a speech by Martin Luther King.",
    "Although the documents do not name the builder, they say it was built in 1871.",
    "The documents do not state who built it, only that it dates from 1871.",
    "The documents must be signed by both parties.",
    "The context of the treaty was the war of 1812.",
    "Nothing is known of his youth.",
    "The answer is no.",
    "No.",
    "Not until 1871.",
    "IRRELEVANT: nothing about the tower.",
    "The documents are irrelevant.",
    "Die Dokumente enthalten keine Angaben zum Baujahr, aber Anna Horvat baute den Turm.",
    "Der Turm wurde nicht von Anna gebaut.",
    "Die Firma gibt keine Erstattungen.",
    "Es gibt keine Fähre am Sonntag.",
    "Les documents ne précisent pas l'année, mais la tour a été construite par Anna.",
    "Aucun passager n'a survécu.",
    "La tour n'a pas de cloche.",
    "Los documentos no mencionan el año, pero la torre fue construida por Ana.",
    "No hay ferry los domingos.",
    "Non c'è traghetto la domenica.",
    "I documenti non indicano l'anno, ma la torre fu costruita da Anna.",
    "Não há balsa aos domingos.",
    "Os documentos não mencionam o ano, mas a torre foi construída por Ana.",
    "De documenten vermelden het jaar niet, maar Anna bouwde de toren.",
    "Er is geen veerboot op zondag.",
    "В документах нет года постройки, но башню построила Анна.",
    "Башня не имеет колокола.",
    "文档没有提到年份，但钟楼由安娜建造。",
    "钟楼没有钟。",
    "塔は1871年に建てられ、鐘はありません。",
    "文書には年は記載されていませんが、塔はアンナが建てました。",
    "종탑에는 종이 없습니다.",
    "문서에는 연도가 없지만 안나가 지었습니다.",
    "لم يكن البرج قديما.",
    "لا تذكر الوثائق السنة، لكن آنا بنت البرج.",
]


def summarizer(reply, **settings):
    return LLMSummarizer(
        lambda prompts: [reply] * len(prompts), stream=lambda _: iter(reply), **settings
    )


@pytest.mark.parametrize("reply", NOTHING)
def test_a_refusal_is_the_empty_summary(reply):
    assert means_nothing(reply)
    assert means_nothing(f"  {reply}\n")
    assert summarizer(reply).summarize(["x"]) == [""]
    assert list(summarizer(reply).stream("x")) == []


@pytest.mark.parametrize("reply", SOMETHING)
async def test_a_summary_that_denies_something_is_a_summary(reply):
    assert not means_nothing(reply)
    assert summarizer(reply).summarize(["x"]) == [reply]
    assert "".join(summarizer(reply).stream("x")) == reply
    assert "".join([piece async for piece in summarizer(reply).astream("x")]) == reply


@pytest.mark.parametrize("reply", NOTHING)
def test_the_beginning_of_a_refusal_waits(reply):
    for end in range(len(reply) + 1):
        assert may_mean_nothing(reply[:end]), reply[:end]


def test_a_summary_waits_no_longer_than_it_must():
    for beginning in ("Anna H", "It was b", "The tower was b", "The documents st", "In Rome"):
        assert not may_mean_nothing(beginning)
    pieces = list(summarizer("The tower was built in 1871.").stream("x"))
    assert pieces[0] == "The tower was b"


def test_it_can_be_turned_off():
    for reply in NOTHING[:3]:
        off = summarizer(reply, detect_refusals=False)
        assert off.summarize(["x"]) == [reply]
        assert next(iter(off.stream("x"))) == reply[0]


def test_the_reasoning_before_a_refusal_does_not_hide_it():
    reply = f"<think>Hm, a mill.</think>{NOTHING[0]}"
    assert summarizer(reply).summarize(["x"]) == [""]
    assert list(summarizer(reply).stream("x")) == []


def test_long_texts_take_no_long_time():
    began = time.monotonic()
    for words in ("no the ", "the documents ", "not ", "il n'y a ", "в ", "文档没有"):
        text = (words * 400)[:799]
        means_nothing(text)
        for end in range(0, len(text), 10):
            may_mean_nothing(text[:end])
    assert time.monotonic() - began < 20
