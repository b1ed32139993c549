"""Headings of chapters and articles: a word of the language, a number, and a title."""

import pytest
from units_as_text import read

from recomp_core.text.structure.section_words import section_mark

# Two headings of a document, each on a line of text, the way that laws and manuals have them.
HEADINGS = [
    "Madde 4 – Aidat / Madde 5 – Bakım",
    "BÖLÜM 1: AİDAT / BÖLÜM 2: BAKIM",
    "Стаття 4. Внесок / Стаття 5. Догляд",
    "Розділ I. Внесок / Розділ II. Догляд",
    "Чл. 4. Вноска / Чл. 5. Поддръжка",
    "Άρθρο 4. Εισφορά / Άρθρο 5. Φροντίδα",
    "ΚΕΦΑΛΑΙΟ Α΄: Εισφορά / ΚΕΦΑΛΑΙΟ Β΄: Φροντίδα",
    "المادة (4): الرسم / المادة (5): العناية",
    "الباب الأول: الرسم / الباب الثاني: العناية",
    "فصل سوم - هزینه / فصل چهارم - نگهداری",
    "פרק א': תשלום / פרק ב': טיפול",
    "סעיף 4: תשלום / סעיף 5: טיפול",
    "धारा 4: शुल्क / धारा 5: देखभाल",
    "หมวด 4 ค่าบำรุง / หมวด 5 การดูแล",
    "Điều 4. Phí / Điều 5. Bảo trì",
    "Pasal 4. Iuran / Pasal 5. Perawatan",
    "Článek 4. Příspěvek / Článek 5. Péče",
    "Čl. IV Príspevok / Čl. V Starostlivosť",
    "IV. fejezet: Tagdíj / V. fejezet: Karbantartás",
    "Articolul 4. Cotizația / Articolul 5. Întreținerea",
    "Cláusula 4ª – Quota / Cláusula 5ª – Cuidado",
    "Artículo 4.º Cuota / Artículo 5.º Cuidado",
    "Capítulo primero. Cuota / Capítulo segundo. Cuidado",
    "Chapitre premier. Cotisation / Chapitre deuxième. Entretien",
    "Titre I – Cotisation / Titre II – Entretien",
    "4 kap. Avgift / 5 kap. Skötsel",
    "4 § Maksu / 5 § Hoito",
    "Luku 4: Maksu / Luku 5: Hoito",
    "Art. 4 - Quota / Art. 5 - Cura",
    "Chapter Four / Chapter Five",
    "Section 4.01. Fees / Section 4.02. Care",
    "Ⅰ. 회비 / Ⅱ. 관리",
    "가. 회비 / 나. 관리",
    "＜会費＞ / ＜手入れ＞",
]


@pytest.mark.parametrize("both", HEADINGS)
def test_a_text_stands_under_its_chapter_or_article(both):
    first, second = both.split(" / ")
    assert read(f"{first}\nIt is 20. It is due.\n\n{second}\nIt is done. It is free.\n") == [
        f"heading | {first}",
        f"sentence | It is 20. | {first}",
        f"sentence | It is due. | {first}",
        f"heading | {second}",
        f"sentence | It is done. | {second}",
        f"sentence | It is free. | {second}",
    ]


@pytest.mark.parametrize("line", ["Article 12. Storage", "Teil II – Lager", "Глава 7"])
def test_one_alone_is_a_heading_if_a_mark_or_nothing_stands_after_its_number(line):
    assert read(f"{line}\nThe shed holds nine boats.\n")[0] == f"heading | {line}"


@pytest.mark.parametrize(
    "line", ["Part 2 of the path is closed.", "Section 5 Boats", "Article 4: boats that leak"]
)
def test_prose_with_such_a_word_is_no_heading(line):
    assert not read(f"{line}\nThe shed holds nine boats.\n")[0].startswith("heading")


def test_articles_in_a_line_with_their_text_are_items():
    text = "PRIMERA.- Cuota. La cuota es de 20.\n\nSEGUNDA.- Cuidado. El socio cuida.\n"
    assert read(text) == [
        "item | PRIMERA.- Cuota. La cuota es de 20.",
        "item | SEGUNDA.- Cuidado. El socio cuida.",
    ]


def test_paragraphs_with_numbers_stand_under_their_article_and_the_next_article_does_not():
    text = "第七条（会費）\n１　会員は会費を払う。\n２　子供は払わない。\n第八条（手入れ）庭は皆で手入れする。\n"
    assert read(text) == [
        "heading | 第七条（会費）",
        "item | １　会員は会費を払う。 | 第七条（会費）",
        "item | ２　子供は払わない。 | 第七条（会費）",
        "item | 第八条（手入れ）庭は皆で手入れする。",
    ]


@pytest.mark.parametrize("text", ["", "Article", "5. Article", "del mar", "Pier 5. Boats", "§"])
def test_no_mark_of_a_section(text):
    assert section_mark(text) is None
