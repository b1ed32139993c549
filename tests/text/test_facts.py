"""Numbers, dates and names by hand: what stands in a document, and what only seems to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.text.facts import Evidence, missing_claims


@pytest.mark.parametrize(
    ("sentence", "document"),
    [
        ("It has 1,024 rooms.", "There are 1024 rooms."),
        ("It has 1024 rooms.", "There are 1,024 rooms."),
        ("About 20 000 people live there.", "It has 20,000 people."),
        ("Twelve ships sank.", "The reef took 12 ships."),
        ("It took 12 ships.", "Twelve ships sank."),
        ("Twenty-two miles and one hundred and five steps.", "22 miles, 105 steps."),
        ("It cost 1.5 million euros.", "The price was 1,500,000 euros."),
        ("It cost 1500000 euros.", "The price was 1.5 million euros."),
        ("It was the third largest.", "the 3rd biggest"),
        ("It began in the 1990s.", "in the 1990s"),
        ("It fell by 30%.", "a fall of 30 %"),
        ("Full width １２.", "twelve"),
        ("It opened on 3 March 1998.", "opened March 3rd, 1998"),
        ("It opened on 3 March 1998.", "opened 1998-03-03"),
        ("It opened on 1998-05-03.", "It opened on 3 May 1998."),
        ("他有十二本书。", "他有12本书。"),
        ("一九九八年有3万人。", "1998年，30000人"),
        ("The tower was built by Ada Reyes.", "ADA REYES built it."),
        ("The tower was built by Ada Reyes.", "Ada María Reyes built it."),
        ("It is Reyes' work.", "the work of Reyes"),
        ("It is by Zoë Müller.", "Zoe Muller did it"),
        ("Она живёт в Москве.", "Город Москва"),
        ("She studied at the University of Oxford.", "the University of Oxford"),
        ("The tower is tall. It rains.", "nothing here"),
        ("One of the two went first.", "there were 2"),
        ("", ""),
    ],
)
def test_what_the_document_has(sentence, document):
    assert missing_claims(sentence, Evidence((document,))) == ()


@pytest.mark.parametrize(
    ("sentence", "document", "missing"),
    [
        ("It has 1024 rooms.", "There are 10245 rooms.", ("1024",)),
        ("It was built in 1989.", "It was built in 1998.", ("1989",)),
        ("It cost 1.5 million.", "It cost 1.5 billion.", ("1.5 million",)),
        ("Thirteen ships sank.", "12 ships", ("Thirteen",)),
        ("It opened on 4 March 1998.", "March 3, 1998", ("4",)),
        ("他有十三本书。", "他有12本书。", ("十三",)),
        ("The tower was built by Ada Reyes.", "by Ada Keyes", ("Ada Reyes",)),
        (
            "The tower was built by Ada Reyes.",
            "Ada Lovelace met nobody called Tom Reyes",
            ("Ada Reyes",),
        ),
        ("Gustave Eiffel built it.", "The tower was built.", ("Gustave Eiffel",)),
        ("He went to Paris.", "He went to London.", ("Paris",)),
        ("The Reyes family left in 1912.", "The family left.", ("1912", "Reyes")),
    ],
)
def test_what_no_document_has(sentence, document, missing):
    assert missing_claims(sentence, Evidence((document,))) == missing


def test_documents_together_are_the_evidence():
    evidence = Evidence(("Ada Reyes", "in 1912"))
    assert missing_claims("Built by Ada Reyes in 1912.", evidence) == ()


texts = st.lists(
    st.sampled_from(["Ada ", "Reyes ", "of ", "12 ", "1,024 ", "twenty-", "two ", "and ", "十二", "万", ". ",
                     "million ", "3rd ", "'s", "1998-05-03 ", "É", "\ud800", "the "]), max_size=12
).map("".join)  # fmt: skip


@given(texts)
def test_a_text_supports_itself(text):
    assert missing_claims(text, Evidence((text,))) == ()
