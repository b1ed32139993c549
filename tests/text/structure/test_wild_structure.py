"""What formats of the wild are read as: `kind | text | path` for every unit, by hand."""

import pytest
from units_as_text import check_chunks, read

from recomp_core.text.splitting import SentenceSplitter, divided
from recomp_core.text.units import path_text

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
        heading | Run
        code | ```⏎make⏎``` | Run
        lead-in | To end: | Run
        code | ~~~~⏎stop now⏎~~~~ | Run › To end
        heading | The end
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
        heading | Hill hostel | Hostels of Kesten
        sentence | Check-in is from 3 pm. | Hostels of Kesten › Hill hostel
        sentence | Dogs may stay. | Hostels of Kesten › Hill hostel
        heading | Hôtel du Quai | Hostels of Kesten
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
    "definitions below their terms": (
        "Cooper\n: Makes barrels and tubs.\n\nFarrier\n: Shoes horses and trims hooves.\n",
        """
        entry | Cooper⏎: Makes barrels and tubs.
        entry | Farrier⏎: Shoes horses and trims hooves.
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
    "lines with a colon above texts": (
        "Oars:\nThere are nine oars in the shed. They are painted.\n\nLocks:\n\nkeys hang in the office, and must be\nbrought back by six.\n\nDogs:\nThey are welcome.\n",
        """
        heading | Oars:
        sentence | There are nine oars in the shed. | Oars
        sentence | They are painted. | Oars
        heading | Locks:
        sentence | keys hang in the office, and must be⏎brought back by six. | Locks
        heading | Dogs:
        sentence | They are welcome. | Dogs
        """,
    ),
    "emoji before titles": (
        "🍲 Kitchen\nThe kitchen is open until ten. It is heated.\n\n🚿 Baths\nThere are three baths behind the mill.\n",
        """
        heading | 🍲 Kitchen
        sentence | The kitchen is open until ten. | 🍲 Kitchen
        sentence | It is heated. | 🍲 Kitchen
        heading | 🚿 Baths
        sentence | There are three baths behind the mill. | 🚿 Baths
        """,
    ),
    "what people say, which is no text below a title": (
        "The day was long and the road was wet.\n\nShe said:\n\nNobody comes this way.\n\nHe nodded and took the rope.\n\nShe looked up at the lamp.\n\nHe said:\n\nThen let us go.\n\nThey went along the quay.\n\nIt was dark by then.\n\nThe boat was gone.\n\nThe rope was cut.\n",
        """
        sentence | The day was long and the road was wet.
        sentence | She said:
        sentence | Nobody comes this way.
        sentence | He nodded and took the rope.
        sentence | She looked up at the lamp.
        sentence | He said:
        sentence | Then let us go.
        sentence | They went along the quay.
        sentence | It was dark by then.
        sentence | The boat was gone.
        sentence | The rope was cut.
        """,
    ),
}  # fmt: skip

RECORDS = {
    "forms with blank lines between them": (
        "Name: Ann Lee\nPhone: 55\nBoat: Heron\n\nName: Bo\nBoat: Gull\n\nName: Cy\nPhone: 7\nBoat: Tern\n",
        """
        entry | Name: Ann Lee⏎Phone: 55⏎Boat: Heron
        entry | Name: Bo⏎Boat: Gull
        entry | Name: Cy⏎Phone: 7⏎Boat: Tern
        """,
    ),
    "forms right below each other": (
        "name: Ann\nphone: 55\nboat: Heron\nname: Bo\nphone: 7\nboat: Gull\n",
        """
        entry | name: Ann⏎phone: 55⏎boat: Heron
        entry | name: Bo⏎phone: 7⏎boat: Gull
        """,
    ),
    "forms below titles, and Chinese ones": (
        "# Crew\n\nAnn Lee\nPhone: 55\nBoat: Heron\n\nBo Penn\nPhone: 7\nBoat: Gull\n\n姓名：李安\n电话：5\n船：鸥\n\n姓名：王方\n电话：6\n船：燕\n",
        """
        heading | # Crew
        entry | Ann Lee⏎Phone: 55⏎Boat: Heron | Crew
        entry | Bo Penn⏎Phone: 7⏎Boat: Gull | Crew
        entry | 姓名：李安⏎电话：5⏎船：鸥 | Crew
        entry | 姓名：王方⏎电话：6⏎船：燕 | Crew
        """,
    ),
    "commits": (
        "commit 3f2a\nAuthor: Ann <a@x.test>\nDate:   Mon 3 March\n\n    Mend the pump\n\ncommit 9b11\nAuthor: Bo <b@x.test>\nDate:   Tue 4 March\n\n    Paint the door\n",
        """
        entry | commit 3f2a⏎Author: Ann <a@x.test>⏎Date:   Mon 3 March⏎⏎    Mend the pump
        entry | commit 9b11⏎Author: Bo <b@x.test>⏎Date:   Tue 4 March⏎⏎    Paint the door
        """,
    ),
    "a calendar": (
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDTSTART:20310303\nSUMMARY:Painting\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20310304\nSUMMARY:Choir\nEND:VEVENT\nEND:VCALENDAR\n",
        """
        sentence | BEGIN:VCALENDAR
        sentence | VERSION:2.0
        entry | BEGIN:VEVENT⏎DTSTART:20310303⏎SUMMARY:Painting⏎END:VEVENT
        entry | BEGIN:VEVENT⏎DTSTART:20310304⏎SUMMARY:Choir⏎END:VEVENT
        sentence | END:VCALENDAR
        """,
    ),
    "a play with blank lines": (
        "Ann: Good morning.\nBob: Hello.\n\nAnn: It rains.\nBob: It does.\n\nAnn: Fine.\nBob: Bye.\n",
        """
        message | Ann: Good morning.
        message | Bob: Hello.
        message | Ann: It rains.
        message | Bob: It does.
        message | Ann: Fine.
        message | Bob: Bye.
        """,
    ),
    "questions and answers with blank lines": (
        "Q: how old\nA: nine\n\nQ: where\nA: here\n\nQ: who\nA: me\n",
        """
        question | Q: how old
        answer | A: nine | Q: how old
        question | Q: where
        answer | A: here | Q: where
        question | Q: who
        answer | A: me | Q: who
        """,
    ),
    "forms between lines of one sign": (
        "Berth: 4\nBoat: Ilse\nPaid: yes\n----\nBerth: 9\nBoat: Tern\nPaid: no\n- - -\nBerth: 12\nBoat: Rook\nPaid: yes\n",
        """
        entry | Berth: 4⏎Boat: Ilse⏎Paid: yes
        entry | Berth: 9⏎Boat: Tern⏎Paid: no
        entry | Berth: 12⏎Boat: Rook⏎Paid: yes
        """,
    ),
    "forms with bold names": (
        "**Seed:** rye\n**Row:** 3\n\n***\n\n**Seed:** oats\n**Row:** 8\n\n***\n\n**Seed:** flax\n**Row:** 2\n",
        """
        entry | **Seed:** rye⏎**Row:** 3
        entry | **Seed:** oats⏎**Row:** 8
        entry | **Seed:** flax⏎**Row:** 2
        """,
    ),
    "forms that begin with their number": (
        "Day 1: Harbour\nLunch: soup\nTask: knots\n\nDay 2: Strait\nLunch: fish, rice\nTask: charts\n\nDay 3: Island\nLunch: none\nTask: rest\n",
        """
        entry | Day 1: Harbour⏎Lunch: soup⏎Task: knots
        entry | Day 2: Strait⏎Lunch: fish, rice⏎Task: charts
        entry | Day 3: Island⏎Lunch: none⏎Task: rest
        """,
    ),
    "cards without names": (
        "Call these.\n\nBaker\nIda Moe\nTel. 41 02\nida@moe.test\n\nSmith\nOle Ness\nTel. 41 09\nole@ness.test\n\nMiller\nEva Lid\nTel. 41 55\neva@lid.test\n",
        """
        sentence | Call these.
        entry | Baker⏎Ida Moe⏎Tel. 41 02⏎ida@moe.test
        entry | Smith⏎Ole Ness⏎Tel. 41 09⏎ole@ness.test
        entry | Miller⏎Eva Lid⏎Tel. 41 55⏎eva@lid.test
        """,
    ),
    "verses, which are no cards": (
        "The rose\nIs red of late\nThe sea is wide\n\nThe sail\nHas a torn edge\nThe wind is high\n\nThe oar\nIs made of ash\nThe tide is low\n",
        """
        sentence | The rose
        sentence | Is red of late
        sentence | The sea is wide
        sentence | The sail
        sentence | Has a torn edge
        sentence | The wind is high
        sentence | The oar
        sentence | Is made of ash
        sentence | The tide is low
        """,
    ),
    "lines that begin with a time": (
        "Fair\n\n9.30 Bell on the green\n10.15 Race of the oldest boats\n12.00 Soup\n13.45 Speech of the harbour master\n15.00 Fireworks\n",
        """
        line | Fair
        sentence | 9.30 Bell on the green | Fair
        sentence | 10.15 Race of the oldest boats | Fair
        sentence | 12.00 Soup | Fair
        sentence | 13.45 Speech of the harbour master | Fair
        sentence | 15.00 Fireworks | Fair
        """,
    ),
}  # fmt: skip

PAGES = {
    "lists in lists of a page": (
        "<ul><li>Mower<ul><li>Oil: SAE 30</li><li>Fuel</li></ul></li>\n<li>Saw<ol><li>Oil: bio</li></ol></li><li>Pump</li></ul><p>Text.</p><ul><ul><li>loose</li></ul></ul>",
        """
        item | Mower
        item | Oil: SAE 30 | Mower
        item | Fuel | Mower
        item | Saw
        item | Oil: bio | Saw
        item | Pump
        sentence | Text.
        item | loose
        """,
    ),
    "lists that nobody closes, and what interrupts them": (
        "<ul><li>Mower<ul><li>Oil</ul><li>Saw<table><tr><td>a</td></tr></table><ul><li>Fuel</ul><li><h3>Karte</h3>Sie ist neu.",
        """
        item | Mower
        item | Oil | Mower
        item | Saw
        table | <table><tr><td>a</td></tr></table>
        item | Fuel
        heading | Karte
        item | Sie ist neu. | Karte
        """,
    ),
}  # fmt: skip

QUESTIONS = {
    "questions right above their answers": (
        "Pool\n\nIs it heated?\nTo 27 degrees, all year\n\nIst es tief?\nVier Meter. Am Turm mehr.\n¿Está abierto?\nDe nueve a diez\n\n可以刷卡吗？\n可以\n",
        """
        line | Pool
        question | Is it heated? | Pool
        sentence | To 27 degrees, all year | Pool › Is it heated?
        question | Ist es tief? | Pool
        sentence | Vier Meter. | Pool › Ist es tief?
        sentence | Am Turm mehr. | Pool › Ist es tief?
        question | ¿Está abierto? | Pool
        sentence | De nueve a diez | Pool › ¿Está abierto?
        question | 可以刷卡吗？ | Pool
        sentence | 可以 | Pool › 可以刷卡吗？
        """,
    ),
    "questions of a tale": (
        "He asked. Is it old?\nNobody knew.\n\n“Who is there?”\n“Me.”\n\nWho are you?\nWhat is that?\n",
        """
        sentence | He asked.
        sentence | Is it old?
        sentence | Nobody knew.
        sentence | “Who is there?”
        sentence | “Me.”
        sentence | Who are you?
        sentence | What is that?
        """,
    ),
}  # fmt: skip

DATA = {
    "JSON Lines": (
        '{"level":"info","msg":"served"}\n{"level":"error","msg":"disk full","user":"okafor"}\n',
        """
        entry | {"level":"info","msg":"served"}
        entry | {"level":"error","msg":"disk full","user":"okafor"}
        """,
    ),
    "records in YAML": (
        "jobs:\n  steps:\n    - name: install\n      run: pip install .\n    - name: lint\n      with:\n        - ruff\n    - uses: x\n    - pytest\n  when: now\n",
        """
        key | jobs:
        key | steps: | jobs
        entry | - name: install⏎      run: pip install . | jobs › steps
        entry | - name: lint⏎      with:⏎        - ruff | jobs › steps
        entry | - uses: x | jobs › steps
        entry | - pytest | jobs › steps
        entry | when: now | jobs
        """,
    ),
    "variables of an environment": (
        "# prod\nDB_HOST=db1\nDB_PORT=5432\nexport TZ=UTC\n",
        """
        entry | # prod⏎DB_HOST=db1
        entry | DB_PORT=5432
        entry | export TZ=UTC
        """,
    ),
    "sections that come again": (
        "[[bay]]\nname = \"north\"\nwidth = 12\n\n[[bay]]\nname = \"south\"\nwidth = 30\n\n[sign]\ncolour = \"red\"\n",
        """
        entry | [[bay]]⏎name = "north"⏎width = 12
        entry | [[bay]]⏎name = "south"⏎width = 30
        key | [sign]
        entry | colour = "red" | [sign]
        """,
    ),
    "sections that comments tell from each other": (
        "# east.unit\n[Unit]\nWait=4\n\n# west.unit\n[Unit]\nWait=9\n",
        """
        entry | # east.unit⏎[Unit]⏎Wait=4
        entry | # west.unit⏎[Unit]⏎Wait=9
        """,
    ),
    "XML": (
        "<?xml version=\"1.0\"?>\n<yard>\n  <crane id=\"k1\"><load>9</load></crane>\n  <crane id=\"k2\"><load>14</load></crane>\n  <gate open=\"yes\"/>\n  <note>Nobody may stand below the load. It is heavy.</note>\n  <keys><spare>2</spare></keys>\n</yard>\n",
        """
        key | <yard>
        entry | <crane id="k1"><load>9</load></crane> | <yard>
        entry | <crane id="k2"><load>14</load></crane> | <yard>
        entry | <gate open="yes"/> | <yard>
        entry | <note>Nobody may stand below the load. It is heavy.</note> | <yard>
        key | <keys> | <yard>
        entry | <spare>2</spare> | <yard> › <keys>
        """,
    ),
    "XML of sentences": (
        "<page><intro>A <b>red</b> boat lay there.</intro></page>\n",
        """
        sentence | <page><intro>A <b>red</b> boat lay there.</intro></page>
        """,
    ),
}  # fmt: skip

TABLES = {
    "values below a title": (
        "Depots as of March\n\ndepot,contact,open\nVarn,Lee,daily\nTolm,\"Oduya, R.\",Mon-Fri\nDorla,Penn,\n\nAll are heated. Dogs may come.\n",
        """
        line | Depots as of March
        header | depot,contact,open | Depots as of March
        row | Varn,Lee,daily | Depots as of March › depot,contact,open
        row | Tolm,"Oduya, R.",Mon-Fri | Depots as of March › depot,contact,open
        row | Dorla,Penn, | Depots as of March › depot,contact,open
        sentence | All are heated. | Depots as of March
        sentence | Dogs may come. | Depots as of March
        """,
    ),
    "values below a comment, and with tabs": (
        "# exported by orlo\nstation,line,steps\nOld Market,1,0\nOld Mill,2,3\n\nWer\tWas\tBis\nMarek\tden Klempner rufen\t12. Mai\nPetra\tFarbe bestellen\t19. Mai\n",
        """
        heading | # exported by orlo
        header | station,line,steps | exported by orlo
        row | Old Market,1,0 | exported by orlo › station,line,steps
        row | Old Mill,2,3 | exported by orlo › station,line,steps
        header | Wer	Was	Bis | exported by orlo
        row | Marek	den Klempner rufen	12. Mai | exported by orlo › Wer Was Bis
        row | Petra	Farbe bestellen	19. Mai | exported by orlo › Wer Was Bis
        """,
    ),
    "values in a fence": (
        "The prices:\n\n```csv\nsku,price\n1,3.00\n2,4.50\n```\n\nThey rise. Hurry.\n",
        """
        lead-in | The prices:
        header | ```csv⏎sku,price | The prices
        row | 1,3.00 | The prices › sku,price
        row | 2,4.50 | The prices › sku,price
        sentence | They rise.
        sentence | Hurry.
        """,
    ),
    "commas of prose": (
        "We sell apples, pears, and plums.\nWe also sell bread, milk, and tea.\nThey buy salt, flour, and oil.\n\nmax(1,2,3)\nmin(2,3,4)\nsum(5,6,7)\n\nIt is red.  It is old.  It is tall.\nIt is new.  It is low.  It is blue.\n",
        """
        sentence | We sell apples, pears, and plums.
        sentence | We also sell bread, milk, and tea.
        sentence | They buy salt, flour, and oil.
        sentence | max(1,2,3)
        sentence | min(2,3,4)
        sentence | sum(5,6,7)
        sentence | It is red.
        sentence | It is old.
        sentence | It is tall.
        sentence | It is new.
        sentence | It is low.
        sentence | It is blue.
        """,
    ),
    "a small table of a database": (
        "+----+------+\n| id | name |\n+----+------+\n|  1 | mug  |\n+----+------+\n1 row in set\n",
        """
        table | +----+------+⏎| id | name |⏎+----+------+⏎|  1 | mug  |⏎+----+------+
        sentence | 1 row in set
        """,
    ),
    "a table drawn with lines": (
        "┌────┬────┐\n│ 甲 │ 乙 │\n├────┼────┤\n│ 1  │ 2  │\n└────┴────┘\nText. More.\n",
        """
        table | ┌────┬────┐⏎│ 甲 │ 乙 │⏎├────┼────┤⏎│ 1  │ 2  │⏎└────┴────┘
        sentence | Text.
        sentence | More.
        """,
    ),
    "times in columns, which nobody says": (
        "Port        First   Last\nArn         05:00   22:00\nBal         05:30   22:15\nDor         06:20   23:00\nKal         07:10   23:37\n",
        """
        table | Port        First   Last⏎Arn         05:00   22:00⏎Bal         05:30   22:15⏎Dor         06:20   23:00⏎Kal         07:10   23:37
        """,
    ),
    "a header of years": (
        "Mill,2027,2028,2029\nNorth,40,43,41\nSouth,8,7,9\nWest,30,30,30\n",
        """
        header | Mill,2027,2028,2029
        row | North,40,43,41 | Mill,2027,2028,2029
        row | South,8,7,9 | Mill,2027,2028,2029
        row | West,30,30,30 | Mill,2027,2028,2029
        """,
    ),
    "columns without a header": (
        "Day 4\n\nMon     08:00   Long swim\nMon     17:30   Polo\nTue     09:15   Aqua class\nWed     18:00   Dives\n",
        """
        line | Day 4
        row | Mon     08:00   Long swim | Day 4
        row | Mon     17:30   Polo | Day 4
        row | Tue     09:15   Aqua class | Day 4
        row | Wed     18:00   Dives | Day 4
        """,
    ),
    "a caption above a table": (
        "The farm is old. It lies by the sea.\n\nTable 2. Yield of barley by farm\n\n| Farm | Barley |\n|---|---|\n| Arn | 12 |\n| Bal | 9 |\n\nAll figures are rounded.\n",
        """
        sentence | The farm is old.
        sentence | It lies by the sea.
        heading | Table 2. Yield of barley by farm
        table | | Farm | Barley |⏎|---|---|⏎| Arn | 12 |⏎| Bal | 9 | | Table 2. Yield of barley by farm
        sentence | All figures are rounded.
        """,
    ),
}  # fmt: skip

TRACES = {
    "tracebacks of Python": (
        "We called the host.\n\nTraceback (most recent call last):\n  File \"/a.py\", line 8, in take\n    sock.connect(host)\n    ^^^^^^^^^^^^^^^^^^\nsocket.gaierror: no such name\n\nDuring handling of it another one occurred:\n\nTraceback (most recent call last):\n  File \"/b.py\", line 3, in run\n    take()\nPoolError: no connection\nIl a répondu mardi. Il était tard.\n",
        """
        sentence | We called the host.
        code | Traceback (most recent call last):⏎  File "/a.py", line 8, in take⏎    sock.connect(host)⏎    ^^^^^^^^^^^^^^^^^^⏎socket.gaierror: no such name
        lead-in | During handling of it another one occurred:
        code | Traceback (most recent call last):⏎  File "/b.py", line 3, in run⏎    take()⏎PoolError: no connection | During handling of it another one occurred
        sentence | Il a répondu mardi.
        sentence | Il était tard.
        """,
    ),
    "the rest of a traceback": (
        "  File \"/a.py\", line 8, in take\n    sock.connect(host)\nSocketError: no such name\n\nIt is late. Go home.\n",
        """
        code | File "/a.py", line 8, in take⏎    sock.connect(host)
        line | SocketError: no such name
        sentence | It is late.
        sentence | Go home.
        """,
    ),
    "a trace of Go": (
        "panic: index out of range [7]\n\ngoroutine 1 [running]:\nmain.read(0xc0)\n\t/srv/main.go:41 +0x1d\nexit status 2\n\nDie Taucher kommen. Am Freitag.\n",
        """
        line | panic: index out of range [7]
        code | goroutine 1 [running]:⏎main.read(0xc0)⏎	/srv/main.go:41 +0x1d⏎exit status 2
        sentence | Die Taucher kommen.
        sentence | Am Freitag.
        """,
    ),
    "a trace of JavaScript among text": (
        "The page is white\n\nTypeError: no property 'berth'\n    at renderBoat (app.js:114:22)\n    at renderAll (app.js:90:12)\n\nOnly one sees it. It is Ann.\n",
        """
        line | The page is white
        line | TypeError: no property 'berth' | The page is white
        code | at renderBoat (app.js:114:22)⏎    at renderAll (app.js:90:12) | The page is white
        sentence | Only one sees it. | The page is white
        sentence | It is Ann. | The page is white
        """,
    ),
    "what goes on below a line of a log": (
        "2031-01-02 04:00:00 INFO load began\n2031-01-02 04:00:07 ERROR load failed\n    cause: the disk is full\n    hint: empty it\n2031-01-02 05:00:00 INFO sleep\n2031-01-02 06:00:00 INFO sleep\n",
        """
        line | 2031-01-02 04:00:00 INFO load began
        line | 2031-01-02 04:00:07 ERROR load failed⏎    cause: the disk is full⏎    hint: empty it
        line | 2031-01-02 05:00:00 INFO sleep
        line | 2031-01-02 06:00:00 INFO sleep
        """,
    ),
}  # fmt: skip

MAILS = {
    "a mail as it was sent": (
        "Return-Path: <ana@x.test>\nReceived: by 10.0.0.1 with SMTP id x1;\n        Tue, 4 Mar 2031 09:12:00\nX-Spam-Score: 0\nSubject: Das neue\n Konto\nTo: Tom\n\nLieber Tom,\n\nes ist 7741. Danke.\n",
        """
        boilerplate | Return-Path: <ana@x.test>
        boilerplate | Received: by 10.0.0.1 with SMTP id x1;⏎        Tue, 4 Mar 2031 09:12:00
        boilerplate | X-Spam-Score: 0
        heading | Subject: Das neue⏎ Konto
        boilerplate | To: Tom | Subject: Das neue Konto
        sentence | Lieber Tom, | Subject: Das neue Konto
        sentence | es ist 7741. | Subject: Das neue Konto
        sentence | Danke. | Subject: Das neue Konto
        """,
    ),
    "a ticket": (
        "From: Kesten\nTo: Varn\nPrice: 9 EUR\n\nDogs may come. Cats too.\n",
        """
        boilerplate | From: Kesten
        boilerplate | To: Varn
        entry | Price: 9 EUR
        sentence | Dogs may come.
        sentence | Cats too.
        """,
    ),
}  # fmt: skip

OPTIONS = {
    "options of a program": (
        "usage: gauge [-h] [--port PORT]\n\noptions:\n  -h, --help   montre cette aide\n  -d DAYS, --days DAYS\n               how many days\n      --port PORT  7420 by default\n\nIt is slow. It is old.\n",
        """
        entry | usage: gauge [-h] [--port PORT]
        lead-in | options:
        entry | -h, --help   montre cette aide | options
        entry | -d DAYS, --days DAYS⏎               how many days | options
        entry | --port PORT  7420 by default | options
        sentence | It is slow.
        sentence | It is old.
        """,
    ),
    "commands, and one text below a term": (
        "Befehle:\n  build   zeichnet die Karten\n  prune   löscht alte\n\nReturns:\n    The number of rows that\n    were read.\n",
        """
        lead-in | Befehle:
        entry | build   zeichnet die Karten | Befehle
        entry | prune   löscht alte | Befehle
        entry | Returns:⏎    The number of rows that⏎    were read.
        """,
    ),
}  # fmt: skip

DOCUMENTS = {
    **MAILS,
    **OPTIONS,
    **TRACES,
    **TABLES,
    **HEADINGS,
    **RECORDS,
    **PAGES,
    **QUESTIONS,
    **DATA,
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_units(name):
    text, expected = DOCUMENTS[name]
    assert read(text) == [line.strip() for line in expected.strip().splitlines()]


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("cut", [0, 0.25, 0.5, 0.75])
def test_a_chunk_of_a_document_loses_nothing(name, cut):
    check_chunks(DOCUMENTS[name][0], cut)


def test_a_long_form_is_divided_under_its_first_line():
    note = "the sail is torn and the mast is bent and " * 8
    units = read(f"Name: Ann\nNote: {note}\nPhone: 4\n\nName: Bo\nNote: none\nPhone: 5\n")
    assert units[0] == "entry | Name: Ann"
    assert units[-2:] == ["entry | Phone: 4 | Name: Ann", "entry | Name: Bo⏎Note: none⏎Phone: 5"]
    assert all(unit.endswith("| Name: Ann") for unit in units[1:-1])


def test_a_page_table_keeps_all_rows_of_its_header():
    header = (
        "<thead><tr><th>Ticket</th><th colspan='2'>Winter</th></tr>\n"
        "<tr><th></th><th>One way</th><th>Return</th></tr></thead>"
    )
    rows = "".join(f"<tr><td>group {n}</td><td>{n}</td><td>{2 * n}</td></tr>" for n in range(20))
    units = read(f"<table>{header}{rows}</table>")
    assert units[0].startswith("header | <tr><th>Ticket")
    assert units[0].endswith("<th>Return</th></tr>")
    assert units[3].startswith("row | <tr><td>group 2</td><td>2</td>")
    assert units[3].endswith("Ticket | Winter | One way | Return")
    assert len(units) == 21


def test_long_json_lines_are_named():
    said = "some longer words " * 20
    units = read(f'{{"n": 1, "id": "a7", "said": "{said}"}}\n{{"n": 2, "id": "b8"}}\n')
    assert units[:2] == ['entry | "n": 1', 'entry | "id": "a7"']
    assert units[2].endswith('| id": "a7')
    assert units[-1] == 'entry | {"n": 2, "id": "b8"}'


def test_a_long_record_in_yaml_is_divided_under_its_first_pair():
    said = "some longer words " * 20
    units = read(f"all:\n  - name: a7\n    said: {said}\n    by: ann\n")
    assert units[1] == "entry | - name: a7 | all"
    assert units[-1] == "entry | by: ann | all › name: a7"


LONG_TABLES = {
    "MySQL": (
        "+-------+------+\n| who   | paid |\n+-------+------+\n",
        "| Ann{n:<3}| {n:>4} |\n",
        "+-------+------+\n",
        "who | paid",
    ),
    "PostgreSQL": (" who | paid \n-----+------\n", " Ann{n} | {n:>4}\n", "", "who | paid"),
    "reStructuredText": (
        "+-------+------+\n| Wer   | gab  |\n+=======+======+\n",
        "| Ann{n:<3}| {n:>4} |\n|       | EUR  |\n+-------+------+\n",
        "",
        "Wer | gab",
    ),
    "lines": ("│ who    │ paid │\n├────────┼──────┤\n", "│ Ann{n:<4}│ {n:>4} │\n", "", "│ who │ paid │"),
    "columns": (
        "NAME       READY   AGE\n",
        "web-{n:<4}   1/1     {n}d\n",
        "",
        "NAME READY AGE",
    ),
    "columns with a rule": (
        "Ligne   Départ   Arrivée\n------  -------  -------\n",
        "{n:<6}    7:{n:02}     8:{n:02}\n",
        "",
        "Ligne Départ Arrivée",
    ),
    "columns between rules": (
        "======  =======  =======\nLinie   ab       an\n======  =======  =======\n",
        "{n:<6}  7:{n:02}     8:{n:02}\n",
        "======  =======  =======\n",
        "Linie ab an",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LONG_TABLES)
def test_a_long_table_is_divided_under_its_header(name):
    header, row, end, label = LONG_TABLES[name]
    text = header + "".join(row.format(n=n) for n in range(30)) + end
    units = SentenceSplitter("en").units(f"{text}\nThat is all. Bye.\n")
    assert units[0].kind == "header"
    assert text[units[0].start : units[0].end] == header.strip()
    rows = [unit for unit in units if unit.kind == "row"]
    assert [text[unit.start : unit.end].strip() for unit in rows[:-1]] == [
        row.format(n=n).strip() for n in range(29)
    ]
    assert {path_text(text, unit.path) for unit in rows} == {label}
    assert [unit.kind for unit in units[31:]] == ["sentence", "sentence"]


def test_a_budget_divides_a_drawn_table():
    text = "+---+\n| a |\n+---+\n| 1 |\n| 2 |\n+---+"
    (unit,) = SentenceSplitter("en").units(text)
    rows = divided(text, unit, 20, len)
    assert [text[row.start : row.end] for row in rows] == [
        "+---+\n| a |\n+---+",
        "| 1 |",
        "| 2 |\n+---+",
    ]


def test_the_error_of_a_long_traceback_stands_by_itself():
    frames = "".join(f'  File "/job{n}.py", line {n}, in run\n    self.run()\n' for n in range(20))
    units = read(f"Traceback (most recent call last):\n{frames}QuotaError: full\n\nDone. Bye.\n")
    assert units[0] == "header | Traceback (most recent call last):"
    assert all(unit.startswith("code | ") for unit in units[1:-3])
    assert units[-3:] == ["line | QuotaError: full", "sentence | Done.", "sentence | Bye."]
