"""More pairs by hand: near misses, other ways to write, other languages."""

import pytest

from recomp_core.text.facts import Evidence, missing_claims

HARMLESS = [
    ("1,024", "1024"),
    ("1 024", "1,024"),
    ("twelve", "12"),
    ("12", "twelve"),
    ("1.5 million people", "1,500,000 people"),
    ("12 %", "twelve percent"),
    ("3rd", "third"),
    ("twenty-first", "21st"),
    ("in the 1980s", "in 1985"),
    ("in the 1980s", "the '80s"),
    ("the eighties", "the 1980s"),
    ("十二", "12"),
    ("12", "十二"),
    ("１２", "12"),
    ("一九九八年", "1998"),
    ("1.5亿", "150 million"),
    ("三千五百万", "35 million"),
    ("一万亿", "1 trillion"),
    ("3 March 1998", "1998-03-03"),
    ("1998-03-03", "March 3, 1998"),
    ("3 March 1998", "1998年3月3日"),
    ("3 March 1998", "03/03/1998"),
    ("三月", "in March"),
    ("by Ada Reyes", "Ada Reyes"),
    ("of Reyes'", "reyes was"),
    ("from José García", "Jose Garcia"),
    ("one hundred and five", "105"),
    ("between one hundred and two hundred", "100 to 200"),
    ("two million three hundred thousand", "2,300,000"),
    ("a hundred", "100"),
    ("the US army", "the United States army"),
    ("the WHO said", "World Health Organization"),
    ("an A380", "A380"),
    ("1.234.567,89", "1,234,567.89"),
    ("12,34,567", "1234567"),
    ("In Paris he", "Paris"),
    ("Meanwhile Reyes left", "Reyes"),
    ("Brazil won", "France won"),
    ("в Москве", "столица Москва"),
    ("к Анне", "Анна"),
    ("Der Bau des Turms und eine Nacht", "das und eine"),
    ("1. Reyes built it [3].", "Reyes"),
    ("a second later, one of them", "x"),
    ("with Dostoevsky", "Dostoyevsky"),
    ("from Łódź", "Lodz"),
    ("在Paris的塔", "Paris"),
    ("十分重要", "重要"),
    ("Sept. 3", "3 September"),
    ("on 3 Mar", "March 3"),
    ("with Jan Novak", "Jan Novak"),
    ("Twelve Angry Men by Lumet", "12 angry men Lumet"),
    ("5 hundred", "500"),
    ("500 thousand", "500,000"),
    ("COVID-19 spread", "COVID-19"),
]
INVENTED = [
    ("1024", "10245"),
    ("10245", "1024"),
    ("1998", "1989"),
    ("1.5 million", "1.5 billion"),
    ("in the 1880s", "in the '80s"),
    ("1980s", "1990s"),
    ("3 March 1998", "3 May 1998"),
    ("by Ada Keyes", "Ada Reyes"),
    ("Ada Keyes did", "Ada Reyes"),
    ("the NASA probe", "x"),
    ("an A380 jet", "an A330 jet"),
    ("260,000", "260"),
    ("In Paris he", "London"),
    ("Maria Reyes won", "Ada Reyes"),
    ("к Ивану", "Пётр"),
    ("von Gustave Eiffel und eine das", "das und eine"),
    ("to Niger", "Nigeria"),
    ("to Austria", "Australia"),
    ("在London的塔", "Paris"),
    ("half past 10:30", "10.30"),
    ("the COVID-19", "COVID-18"),
]


@pytest.mark.parametrize(("sentence", "document"), HARMLESS)
def test_written_otherwise(sentence, document):
    assert missing_claims(sentence, Evidence([document])) == ()


@pytest.mark.parametrize(("sentence", "document"), INVENTED)
def test_near_misses(sentence, document):
    assert missing_claims(sentence, Evidence([document])) != ()
