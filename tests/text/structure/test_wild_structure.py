"""What formats of the wild are read as: `kind | text | path` for every unit, by hand."""

import pytest

from recomp_core.text.joining import is_seam
from recomp_core.text.splitting import SentenceSplitter
from recomp_core.text.units import path_text


def read(text, stated=None):
    """The units as lines: `kind | text | what it stands under`."""
    shown = []
    for unit in SentenceSplitter("en").units(text, stated):
        said = text[unit.start : unit.end].replace("\n", "⏎")
        shown.append(" | ".join([unit.kind, said, *filter(None, [path_text(text, unit.path)])]))
    return shown


HEADINGS = {
    "reStructuredText": (
        "Gate\n====\n\nEast\n----\n\nLamps\n~~~~~\n\nThey are red.\n\nWest\n----\n\nLamps\n~~~~~\n\nThey are blue.\n",
        """
        heading | Gate⏎====
        heading | East⏎---- | Gate
        heading | Lamps⏎~~~~~ | Gate › East
        sentence | They are red. | Gate › East › Lamps
        heading | West⏎---- | Gate
        heading | Lamps⏎~~~~~ | Gate › West
        sentence | They are blue. | Gate › West › Lamps
        """,
    ),
    "signs above and below, and other signs": (
        "####\nDeck\n####\n\n东门\n^^^^\n\n灯是红色的。\n\nWestgate\n^^^^^^^^\n\nRope\n\"\"\"\"\n\nIt is new.\n",
        """
        heading | ####⏎Deck⏎####
        heading | 东门⏎^^^^ | Deck
        sentence | 灯是红色的。 | Deck › 东门
        heading | Westgate⏎^^^^^^^^ | Deck
        heading | Rope⏎\"\"\"\" | Deck › Westgate
        sentence | It is new. | Deck › Westgate › Rope
        """,
    ),
    "numbered titles with a line below": (
        "1. Scope\n--------\n\nAll boats.\n\n2. Fees\n-------\n\nNone.\n",
        """
        heading | 1. Scope⏎--------
        sentence | All boats. | 1. Scope
        heading | 2. Fees⏎-------
        sentence | None. | 2. Fees
        """,
    ),
    "fences and rules of a few signs": (
        "Run\n```\nmake\n```\nTo end:\n~~~~\nstop now\n~~~~\n\nThe end\n***\nOr not.\n",
        """
        line | Run
        code | ```⏎make⏎``` | Run
        lead-in | To end: | Run
        code | ~~~~⏎stop now⏎~~~~ | Run › To end
        line | The end
        sentence | Or not. | The end
        """,
    ),
    "MediaWiki": (
        "Tolm is a town.\n== Geschichte ==\nSie ist alt.\n=== Hafen ===\nEr ist tief.\n==Wirtschaft==\nSalz.\n",
        """
        sentence | Tolm is a town.
        heading | == Geschichte ==
        sentence | Sie ist alt. | Geschichte
        heading | === Hafen === | Geschichte
        sentence | Er ist tief. | Geschichte › Hafen
        heading | ==Wirtschaft==
        sentence | Salz. | Wirtschaft
        """,
    ),
    "AsciiDoc": (
        "= Garages\n\n== Anker\n\nA door.\n\n== Borg\n\nTwo doors.\n",
        """
        heading | = Garages
        heading | == Anker | Garages
        sentence | A door. | Garages › Anker
        heading | == Borg | Garages
        sentence | Two doors. | Garages › Borg
        """,
    ),
    "signs of equations": (
        "The sum of both is\n= 5 + 7\n== the same as\nx == y holds.\n",
        """
        sentence | The sum of both is⏎= 5 + 7
        sentence | == the same as⏎x == y holds.
        """,
    ),
    "brackets": (
        "【体育馆】\n八点开门。六点关门。\n【图书馆】\n\n五点关门。\n〔1〕见上。\n",
        """
        heading | 【体育馆】
        sentence | 八点开门。 | 【体育馆】
        sentence | 六点关门。 | 【体育馆】
        heading | 【图书馆】
        sentence | 五点关门。 | 【图书馆】
        sentence | 〔1〕见上。 | 【图书馆】
        """,
    ),
    "signs before titles": (
        "■ 体育館\n● 月曜\n朝八時に開きます。\n● 火曜\n閉まります。\n\n■ 食堂\n昼食を出します。\n",
        """
        heading | ■ 体育館
        heading | ● 月曜 | ■ 体育館
        sentence | 朝八時に開きます。 | ■ 体育館 › ● 月曜
        heading | ● 火曜 | ■ 体育館
        sentence | 閉まります。 | ■ 体育館 › ● 火曜
        heading | ■ 食堂
        sentence | 昼食を出します。 | ■ 食堂
        """,
    ),
    "signs before items": (
        "● Milch\n● Brot\n● Tee\n\nDas ist alles.\n",
        """
        item | ● Milch
        item | ● Brot
        item | ● Tee
        sentence | Das ist alles.
        """,
    ),
    "titles that stand on their text": (
        "Hostels of Kesten\n\nHill hostel\nCheck-in is from 3 pm. Dogs may stay.\n\nHôtel du Quai\nOn arrive dès 16 h. Les chiens restent dehors.\n",
        """
        heading | Hostels of Kesten
        line | Hill hostel | Hostels of Kesten
        sentence | Check-in is from 3 pm. | Hostels of Kesten › Hill hostel
        sentence | Dogs may stay. | Hostels of Kesten › Hill hostel
        line | Hôtel du Quai | Hostels of Kesten
        sentence | On arrive dès 16 h. | Hostels of Kesten › Hôtel du Quai
        sentence | Les chiens restent dehors. | Hostels of Kesten › Hôtel du Quai
        """,
    ),
    "one line above a text, and verses": (
        "Dear Ann\nThe boat is here. It is red.\n\nThe sea was calm that evening\nand nobody was on the pier.\n",
        """
        sentence | Dear Ann
        sentence | The boat is here.
        sentence | It is red.
        sentence | The sea was calm that evening⏎and nobody was on the pier.
        """,
    ),
    "articles": (
        "Art. 11 Miete\nSie ist am Ersten fällig.\n\nArt. 12 Kündigung\nDie Frist beträgt drei Monate.\n",
        """
        heading | Art. 11 Miete
        sentence | Sie ist am Ersten fällig. | Art. 11 Miete
        heading | Art. 12 Kündigung
        sentence | Die Frist beträgt drei Monate. | Art. 12 Kündigung
        """,
    ),
}  # fmt: skip

DOCUMENTS = {**HEADINGS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_units(name):
    text, expected = DOCUMENTS[name]
    assert read(text) == [line.strip() for line in expected.strip().splitlines()]


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("cut", [0, 0.25, 0.5, 0.75])
def test_a_chunk_of_a_document_loses_nothing(name, cut):
    """Retrieval cuts documents anywhere: what is read stays between the marks."""
    text = DOCUMENTS[name][0]
    for piece in (text[: int(len(text) * cut)], text[int(len(text) * cut) :]):
        position = 0
        spans = set()
        for unit in SentenceSplitter("en").units(piece):
            assert position <= unit.start < unit.end
            assert all(span in spans for span in unit.path), "a path leads to units before"
            if not unit.markup and "<" not in piece:
                assert is_seam(piece[position : unit.start])
            spans.add((unit.start, unit.end))
            position = unit.end
        if "<" not in piece:
            assert is_seam(piece[position:])
