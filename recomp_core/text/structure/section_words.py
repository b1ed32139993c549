"""The words that name the parts of a numbered text, and those that count them, by language.

"Article 5", "فصل دوم" and "2. fejezet" have one form: such a word beside a number, before the title
if there is one. A language has its words here; the form is that of all.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

# The parts that hold chapters or stand beside them; those within a chapter; those with the text.
_WORDS: dict[str, tuple[str, str, str]] = {
    "en": ("part chapter title", "section sec.", "article clause art."),
    "de": ("teil kapitel titel kap.", "abschnitt", "artikel"),
    "nl": ("hoofdstuk deel titel", "afdeling", "artikel"),
    "sv": ("kapitel kap. avdelning", "", "artikel §"),
    "da": ("kapitel", "afsnit", "artikel"),
    "nb": ("kapittel", "avsnitt", "artikkel"),
    "fi": ("luku osa", "jakso", "artikla"),
    "fr": ("partie chapitre titre livre", "section", "article"),
    "es": ("parte capítulo título cap.", "sección", "artículo cláusula"),
    "ca": ("part capítol títol", "secció", "article clàusula"),
    "pt": ("parte capítulo título", "seção secção", "artigo cláusula"),
    "it": ("parte capitolo titolo capo", "sezione", "articolo clausola"),
    "ro": ("partea capitolul titlul", "secțiunea secţiunea", "articolul clauza"),
    "pl": ("część rozdział dział", "oddział", "artykuł"),
    "cs": ("část hlava kapitola", "oddíl díl", "článek čl."),
    "sk": ("časť hlava kapitola", "oddiel diel", "článok čl."),
    "sl": ("del poglavje", "oddelek", "člen"),
    "hr": ("dio glava poglavlje", "odjeljak", "članak član čl."),
    "hu": ("rész fejezet", "szakasz", "cikk §"),
    "lt": ("dalis skyrius", "skirsnis", "straipsnis"),
    "lv": ("daļa nodaļa", "sadaļa", "pants"),
    "et": ("osa peatükk", "jagu", "artikkel"),
    "tr": ("kısım bölüm", "ayrım", "madde"),
    "ru": ("часть глава", "раздел", "статья ст."),
    "uk": ("частина глава", "розділ", "стаття ст."),
    "be": ("частка глава", "раздзел", "артыкул"),
    "bg": ("част глава", "раздел", "член чл."),
    "sr": ("део глава поглавље", "одељак", "члан чл."),
    "el": ("μέρος κεφάλαιο τίτλος", "τμήμα ενότητα", "άρθρο άρθρον"),
    "ar": ("الباب باب الفصل فصل الجزء", "القسم قسم", "المادة مادة البند بند"),
    "fa": ("فصل", "بخش", "ماده"),
    "ur": ("باب", "حصہ", "دفعہ"),
    "he": ("חלק פרק", "", "סעיף"),
    "hi": ("भाग अध्याय", "खंड", "धारा अनुच्छेद"),
    "th": ("ภาค บทที่ หมวด", "ส่วนที่", "มาตรา ข้อ"),
    "vi": ("phần chương", "mục", "điều"),
    "id": ("bab bagian", "paragraf", "pasal"),
}


def _bare(word: str) -> str:
    """A word in small letters without accents: titles in capitals leave them out."""
    parts = unicodedata.normalize("NFD", word.lower().replace("ı", "i"))
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")


RANKS = {
    _bare(word): rank
    for words in _WORDS.values()
    for rank, some in reversed([*enumerate(words, start=1)])
    for word in some.split()
}
"""How far out a part of this name lies, 1 for the outermost."""


def _set(words: str) -> frozenset[str]:
    return frozenset(map(_bare, words.split()))


# What is no part of the order, but counted alike.
_BESIDE = _set(
    "appendix annex step anhang schritt annexe étape anexo fase шаг додаток приложение allegato "
    "bijlage bilaga bilag vedlegg liite załącznik příloha príloha melléklet anexa ek παράρτημα "
    "ملحق"
)
# These stand after their number, too: "2. fejezet".
_AFTER = _set(
    "kap. § luku osa jakso fejezet rész szakasz cikk dalis skyrius skirsnis straipsnis daļa nodaļa "
    "sadaļa pants peatükk jagu kısım bölüm ayrım madde"
)
_COUNTED = {
    _bare(word): number
    for words in (
        "one two three four five six seven eight nine ten",
        "premier deuxième troisième quatrième cinquième sixième septième huitième neuvième dixième",
        "première",
        "primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo",
        "primera segunda tercera cuarta quinta sexta séptima octava novena décima",
        "primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono décimo",
        "primeira segunda terceira quarta quinta sexta sétima oitava nona décima",
        "primo secondo terzo quarto quinto sesto settimo ottavo nono decimo",
        "первая вторая третья четвёртая пятая шестая седьмая восьмая девятая десятая",
        "первый второй третий четвёртый пятый шестой седьмой восьмой девятый десятый",
        "الأول الثاني الثالث الرابع الخامس السادس السابع الثامن التاسع العاشر",
        "الأولى الثانية الثالثة الرابعة الخامسة السادسة السابعة الثامنة التاسعة العاشرة",
        "اول دوم سوم چهارم پنجم ششم هفتم هشتم نهم دهم",
        "ראשון שני שלישי רביעי חמישי שישי שביעי שמיני תשיעי עשירי",
    )
    for number, word in enumerate(words.split(), start=1)
}
ORDINAL = "ordinal"
"""The name of parts that are only counted: "TERCERA.- Fianza"."""

_NAME = r"(?P<{}>[^\s\d.,:;!?()\[\]–—|/\"]{{1,14}}\.?)"
_FIGURE = r"\d{1,4}(?:\.\d{1,3}){0,3}|[IVXLC]{1,7}|[ivxl]{1,6}"
# What stands between the number and the title.
_GAP = r"\.?[ºª°]?[´΄’'׳]?[.:：)]?(?:[ \t]?[–—-](?=[ \t]|$)|(?=\s|$))[ \t]*"
_NUMBERED = re.compile(
    rf"(?P<before>\d{{1,3}}|[IVXLC]{{1,6}})\.?[ ]{_NAME.format('after')}(?![^\s:–—-]){_GAP}"
    rf"|{_NAME.format('name')}[ ](?P<open>\()?(?P<figure>{_FIGURE}|[^\W\d_a-z]|[^\W\d_]{{2,10}})"
    rf"(?(open)\)){_GAP}"
    rf"|(?P<counted>[^\W\d_]{{4,10}})\.[ ]?[–—-]+[ \t]+"
)


class SectionMark(NamedTuple):
    """A word and its number before a title.

    Attributes:
        name: The word, in small letters, or `ORDINAL`.
        figure: The number as it is written; "" if a word counts.
        number: What a word counts; 0 for a `figure`.
        width: The characters up to the title.
        is_marked: Whether a mark stands between the number and the title, as in "Article 5: Rent".
    """

    name: str
    figure: str
    number: int
    width: int
    is_marked: bool


def section_mark(text: str) -> SectionMark | None:
    """Read the name and the number of a part at the beginning of a line.

    Args:
        text: The line.

    Returns:
        The mark, or None.
    """
    found = _NUMBERED.match(text)
    if found is None:
        return None
    if counted := found["counted"]:
        number = _COUNTED.get(_bare(counted), 0)
        return SectionMark(ORDINAL, "", number, found.end(), True) if number else None
    after, figure = found["after"], found["figure"] or found["before"]
    name = _bare(after or found["name"])
    if (name not in _AFTER) if after else (name not in RANKS and name not in _BESIDE):
        return None
    number = _COUNTED.get(_bare(figure), 0)
    if not number and len(figure) > 1 and not re.fullmatch(_FIGURE, figure):
        return None
    gap = text[found.end("after" if after else "figure") : found.end()]
    return SectionMark(name, "" if number else figure, number, found.end(), bool(gap.strip(" \t)")))
