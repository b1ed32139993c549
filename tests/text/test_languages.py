import builtins

import pytest

from recomp_core.text import languages
from recomp_core.text.languages import detect_language

TEXTS = {
    "ar": "الجسر القديم مغلق منذ الربيع، ويعبر الناس النهر بالقارب كل صباح.",
    "bg": "Старият мост е затворен от пролетта и хората преминават реката с лодка всяка сутрин.",
    "bn": "পুরোনো সেতুটি বসন্ত থেকে বন্ধ।",
    "cs": "Starý most je od jara zavřený a lidé přejíždějí řeku každé ráno lodí.",
    "da": "Den gamle bro har været lukket siden foråret, og folk sejler over åen hver morgen med færgen.",
    "de": "Die alte Brücke ist seit dem Frühling gesperrt, und die Leute fahren jeden Morgen mit dem Boot.",
    "el": "Η παλιά γέφυρα είναι κλειστή από την άνοιξη.",
    "en": "Old bridges rot when nobody paints them, so each town hires somebody every few years.",
    "es": "El puente viejo está cerrado desde la primavera y la gente cruza el río en barca cada mañana.",
    "fa": "پل قدیمی از بهار بسته است و مردم هر روز صبح با قایق از رودخانه می‌گذرند.",
    "fi": "Vanha silta on ollut suljettuna keväästä asti, ja ihmiset ylittävät joen veneellä joka aamu.",
    "fr": "Le vieux pont est fermé depuis le printemps et les gens traversent la rivière en barque.",
    "he": "הגשר הישן סגור מאז האביב.",
    "hi": "पुराना पुल वसंत से बंद है और लोग हर सुबह नाव से नदी पार करते हैं।",
    "hu": "A régi híd tavasz óta zárva van, és az emberek minden reggel csónakkal kelnek át a folyón.",
    "hy": "Հին կամուրջը փակ է գարնանից։",
    "id": "Jembatan lama ditutup sejak musim semi dan orang menyeberangi sungai dengan perahu setiap pagi.",
    "it": "Il vecchio ponte è chiuso dalla primavera e la gente attraversa il fiume in barca ogni mattina.",
    "ja": "古い橋は春から閉鎖されている。",
    "ko": "오래된 다리는 봄부터 닫혀 있다.",
    "nl": "De oude brug is sinds het voorjaar gesloten en de mensen steken elke ochtend de rivier over.",
    "pl": "Stary most jest zamknięty od wiosny, a ludzie co rano przeprawiają się przez rzekę łodzią.",
    "pt": "A ponte velha está fechada desde a primavera e as pessoas atravessam o rio de barco.",
    "ro": "Podul vechi este închis din primăvară, iar oamenii trec râul cu barca în fiecare dimineață.",
    "ru": "Старый мост закрыт с весны, и люди каждое утро переправляются через реку на лодке.",
    "sk": "Starý most je od jari zatvorený a ľudia každé ráno prechádzajú cez rieku loďou.",
    "sv": "Den gamla bron har varit stängd sedan våren, och folk åker över ån med båt varje morgon.",
    "th": "สะพานเก่าปิดมาตั้งแต่ฤดูใบไม้ผลิ",
    "tr": "Eski köprü ilkbahardan beri kapalı ve insanlar her sabah nehri tekneyle geçiyor.",
    "uk": "Старий міст зачинено з весни, і люди щоранку перепливають річку човном.",
    "vi": "Cây cầu cũ đã đóng cửa từ mùa xuân và người dân qua sông bằng thuyền mỗi sáng.",
    "zh": "旧桥从春天起就关闭了。",
}
NEEDS_LIBRARY = set(TEXTS) - {"bn", "el", "en", "he", "hy", "ja", "ko", "th", "zh"}


@pytest.mark.parametrize("lang", TEXTS)
def test_language(lang):
    if lang in NEEDS_LIBRARY:
        pytest.importorskip("py3langid")
    assert detect_language(TEXTS[lang]) == lang


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "12 345 – 678",
        "Ok.",
        "A-17, B-204",
        '{"id": 7, "href": "http://a.b/c", "size": [3, 4]}',
        "2031-02-03 10:00:01 INFO [web-1] GET /cart 200 31ms",
        "\ud800\udfff",
    ],
)
def test_too_short_or_too_odd_to_tell(text):
    assert detect_language(text) == "en"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        (TEXTS["en"] * 3 + TEXTS["zh"][:2], "en"),
        (TEXTS["zh"] + " The old bridge " + TEXTS["zh"], "zh"),
        ("Pump KL-2 is made in Wuhu. 水泵 KL-2 产自芜湖。", "zh"),
        (TEXTS["ru"] + " Open the lid.", "ru"),
        ("漢字漢字漢字漢字漢字漢字漢字漢字のは", "ja"),
    ],
)
def test_a_mixed_text_has_the_language_of_most_of_it(text, lang):
    if lang == "ru":
        pytest.importorskip("py3langid")
    assert detect_language(text) == lang


def test_the_heading_of_a_long_document_does_not_decide():
    pytest.importorskip("py3langid")
    assert detect_language("User manual\n\n" + TEXTS["de"] * 40) == "de"


def test_a_long_text_is_sampled():
    text = TEXTS["en"] * 60
    assert len(text) > 4_000
    assert detect_language(text + TEXTS["zh"] * 100_000) == detect_language(text)


def test_without_the_library_the_script_decides(monkeypatch):
    def without(name, *args, real=builtins.__import__):
        if name.startswith("py3langid"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    languages._identifier.cache_clear()
    try:
        assert [detect_language(TEXTS[lang]) for lang in ("de", "uk", "fa", "ja")] == [
            "en", "ru", "ar", "ja",
        ]  # fmt: skip
    finally:
        languages._identifier.cache_clear()


def test_english_prose_is_told_without_the_library(monkeypatch):
    monkeypatch.setattr(languages, "_identifier", lambda: pytest.fail("asked"))
    assert detect_language("It is the oldest of the bridges that they have built.") == "en"
