"""What each kind of document is read as: `kind | text | path` for every unit, by hand."""

import pytest
from units_as_text import check_chunks, read

from recomp_core.text.splitting import SentenceSplitter, divided
from recomp_core.text.units import path_text

DOCUMENTS = {
    "headings in Markdown": (
        "# Lamps\n\n## Lamp A\n\n### Bulb\n\nIt takes 5 W. It is round.\n\n## Lamp B\n\n### Bulb\n\nIt takes 9 W.\n",
        """
        heading | # Lamps
        heading | ## Lamp A | Lamps
        heading | ### Bulb | Lamps › Lamp A
        sentence | It takes 5 W. | Lamps › Lamp A › Bulb
        sentence | It is round. | Lamps › Lamp A › Bulb
        heading | ## Lamp B | Lamps
        heading | ### Bulb | Lamps › Lamp B
        sentence | It takes 9 W. | Lamps › Lamp B › Bulb
        """,
    ),
    "underlined headings": (
        "North shed\n==========\n\nTools.\n\nKeys\n----\nOn the hook.\n",
        """
        heading | North shed⏎==========
        sentence | Tools. | North shed
        heading | Keys⏎---- | North shed
        sentence | On the hook. | North shed › Keys
        """,
    ),
    "a heading over nothing says what it says": (
        "# Rules\n\nNo dogs.\n\n# Closed in May\n",
        """
        heading | # Rules
        sentence | No dogs. | Rules
        line | # Closed in May
        """,
    ),
    "numbered sections": (
        "3. DUTIES\n3.1 The tenant sweeps the stairs\n3.2 The owner mends the roof\n\n4. NOTICE\n4.1 Two months\n",
        """
        heading | 3. DUTIES
        item | 3.1 The tenant sweeps the stairs | 3. DUTIES
        item | 3.2 The owner mends the roof | 3. DUTIES
        heading | 4. NOTICE
        item | 4.1 Two months | 4. NOTICE
        """,
    ),
    "numbers without a full stop": (
        "1 Fares\nA ticket costs 3 euros\n\n2 Dogs\nThey ride free\n",
        """
        heading | 1 Fares
        sentence | A ticket costs 3 euros | 1 Fares
        heading | 2 Dogs
        sentence | They ride free | 2 Dogs
        """,
    ),
    "a number of the prose is no mark": (
        "The bridge fell in\n1998. It was rebuilt.",
        """
        sentence | The bridge fell in⏎1998.
        sentence | It was rebuilt.
        """,
    ),
    "Chinese chapters and lists": (
        "第一章 总则\n本办法适用于员工。\n\n第二章 假期\n（一）年假五天\n（二）病假十天。须有证明。\n",
        """
        heading | 第一章 总则
        sentence | 本办法适用于员工。 | 第一章 总则
        heading | 第二章 假期
        item | （一）年假五天 | 第二章 假期
        item | （二）病假十天。须有证明。 | 第二章 假期
        """,
    ),
    "Chinese numbers": (
        "一、考勤\n上班时间为九点。\n二、着装\n穿工服。\n",
        """
        heading | 一、考勤
        sentence | 上班时间为九点。 | 一、考勤
        heading | 二、着装
        sentence | 穿工服。 | 二、着装
        """,
    ),
    "numbers without a space": (
        "1.Open the lid\n2.Add water\n3.Close it\n",
        """
        item | 1.Open the lid
        item | 2.Add water
        item | 3.Close it
        """,
    ),
    "circled numbers and letters": (
        "①打开电源\n②按下开关\n\n(a) salt\n(b) pepper\n",
        """
        item | ①打开电源
        item | ②按下开关
        item | (a) salt
        item | (b) pepper
        """,
    ),
    "a list and the line that announces it": (
        "It is quick. The kit holds:\n\n- a saw\n- a file\n\nIt weighs 2 kg.\n",
        """
        sentence | It is quick.
        lead-in | The kit holds:
        item | - a saw | The kit holds
        item | - a file | The kit holds
        sentence | It weighs 2 kg.
        """,
    ),
    "lists in lists": (
        "- Fruit\n  - apple\n  - pear\n- Bread\n",
        """
        item | - Fruit
        item | - apple | Fruit
        item | - pear | Fruit
        item | - Bread
        """,
    ),
    "bold lines": (
        "**Fern**\n\n**Water**\nEvery day.\n\n**Aloe**\n\n**Water**\nOnce a month.\n",
        """
        heading | **Fern**
        heading | **Water** | Fern
        sentence | Every day. | Fern › Water
        heading | **Aloe**
        heading | **Water** | Aloe
        sentence | Once a month. | Aloe › Water
        """,
    ),
    "capitals": (
        "HOUSE RULES\n\nKeep quiet after ten.\n\nVISITORS\nThey sign the book.\n",
        """
        heading | HOUSE RULES
        sentence | Keep quiet after ten. | HOUSE RULES
        heading | VISITORS
        sentence | They sign the book. | VISITORS
        """,
    ),
    "questions and answers": (
        "Q: Is it open?\nA: From nine\nQ: May I pay by card?\nA: Yes, in the shop\n",
        """
        question | Q: Is it open?
        answer | A: From nine | Q: Is it open?
        question | Q: May I pay by card?
        answer | A: Yes, in the shop | Q: May I pay by card?
        """,
    ),
    "questions in bold": (
        "**Is it open?**\n\nFrom nine.\n\n**May I pay by card?**\n\nYes.\n",
        """
        question | **Is it open?**
        sentence | From nine. | Is it open?
        question | **May I pay by card?**
        sentence | Yes. | May I pay by card?
        """,
    ),
    "Chinese questions": (
        "问：几点开门\n答：九点\n问：可以刷卡吗\n答：可以\n",
        """
        question | 问：几点开门
        answer | 答：九点 | 问：几点开门
        question | 问：可以刷卡吗
        answer | 答：可以 | 问：可以刷卡吗
        """,
    ),
    "a small table": (
        "| a | b |\n|---|---|\n| 1 | 2 |\n\nText.\n",
        """
        table | | a | b |⏎|---|---|⏎| 1 | 2 |
        sentence | Text.
        """,
    ),
    "values with commas": (
        "sku,name,price\n1,mug,3.00\n2,bowl,4.50\n",
        """
        header | sku,name,price
        row | 1,mug,3.00 | sku,name,price
        row | 2,bowl,4.50 | sku,name,price
        """,
    ),
    "a quoted value may hold a line break": (
        'id;note\n1;"two\nlines"\n2;short\n3;none\n',
        """
        header | id;note
        row | 1;"two⏎lines" | id;note
        row | 2;short | id;note
        row | 3;none | id;note
        """,
    ),
    "a log": (
        "2031-01-02 10:00:00 INFO start\n2031-01-02 10:00:01 WARN disk: 91 %\n2031-01-02 10:00:02 INFO stop\n",
        """
        line | 2031-01-02 10:00:00 INFO start
        line | 2031-01-02 10:00:01 WARN disk: 91 %
        line | 2031-01-02 10:00:02 INFO stop
        """,
    ),
    "a chat": (
        "[18:02] Ann: hello\n[18:03] Bob: the code is 44\nand not 45\n[18:04] Ann: thanks\n",
        """
        message | [18:02] Ann: hello
        message | [18:03] Bob: the code is 44⏎and not 45
        message | [18:04] Ann: thanks
        """,
    ),
    "a question in a chat, and who answers it": (
        "[18:02] Ann: hello\n[18:03] Ann: the code of the gate?\n[18:04] Bob: it is 44\n"
        "[18:04] Bob: without the star\n[18:05] Carl: my bus is late\n[18:06] Bob: no hurry\n",
        """
        message | [18:02] Ann: hello
        question | [18:03] Ann: the code of the gate?
        message | [18:04] Bob: it is 44 | [18:03] Ann: the code of the gate?
        message | [18:04] Bob: without the star | [18:03] Ann: the code of the gate?
        message | [18:05] Carl: my bus is late
        message | [18:06] Bob: no hurry
        """,
    ),
    "who asks in a chat may add something": (
        "[18:03] Ann: the code?\n[18:03] Ann: of the gate\n[18:04] Bob: 44\n[18:05] Ann: thanks\n",
        """
        question | [18:03] Ann: the code?
        question | [18:03] Ann: of the gate | [18:03] Ann: the code?
        message | [18:04] Bob: 44 | [18:03] Ann: the code? › [18:03] Ann: of the gate
        message | [18:05] Ann: thanks
        """,
    ),
    "a chat with its headers on lines of their own": (
        "[Monday 09:12] Lind, Ann\nGood morning\n\n[Monday 09:14] Moe, Ben\nwho has the key?\n\n[Monday 09:15] Lind, Ann\nthe cook, until noon\n",
        """
        message | [Monday 09:12] Lind, Ann⏎Good morning
        question | [Monday 09:14] Moe, Ben⏎who has the key?
        message | [Monday 09:15] Lind, Ann⏎the cook, until noon | [Monday 09:14] Moe, Ben who has the key?
        """,
    ),
    "a chat with bold headers": (
        "**ann** — Today at 14:02\nwho has the key?\n\n**ben** — Today at 14:03\nthe cook\n\n**ann** — Today at 14:05\ngood\n",
        """
        question | **ann** — Today at 14:02⏎who has the key?
        message | **ben** — Today at 14:03⏎the cook | ann** — Today at 14:02 who has the key?
        message | **ann** — Today at 14:05⏎good
        """,
    ),
    "a log in brackets without levels": (
        "[2031-06-01 03:00:00] Import started\n[2031-06-01 03:00:09] Read all files\n[2031-06-01 03:00:10] Import ended\n",
        """
        line | [2031-06-01 03:00:00] Import started
        line | [2031-06-01 03:00:09] Read all files
        line | [2031-06-01 03:00:10] Import ended
        """,
    ),
    "a Korean chat": (
        "2031년 7월 1일 오후 6:15, 지후 : 열쇠는?\n2031년 7월 1일 오후 6:16, 평이 : 화분 밑\n2031년 7월 1일 오후 6:20, 지후 : 좋아\n",
        """
        question | 2031년 7월 1일 오후 6:15, 지후 : 열쇠는?
        message | 2031년 7월 1일 오후 6:16, 평이 : 화분 밑 | 2031년 7월 1일 오후 6:15, 지후 : 열쇠는?
        message | 2031년 7월 1일 오후 6:20, 지후 : 좋아
        """,
    ),
    "turns in letters without capitals, and in Greek": (
        "דן: מי שם?\nרון: אני\nדן: טוב\nרון: בוא\n\nΡέα: πού είναι;\nΝίκος: εδώ\nΡέα: και το άλλο;\nΝίκος: εκεί\n",
        """
        question | דן: מי שם?
        message | רון: אני | דן: מי שם?
        message | דן: טוב
        message | רון: בוא
        question | Ρέα: πού είναι;
        message | Νίκος: εδώ | Ρέα: πού είναι;
        question | Ρέα: και το άλλο;
        message | Νίκος: εκεί | Ρέα: και το άλλο;
        """,
    ),
    "questions in a chat that nobody answers": (
        "<ann> is it open?\n<ann> or closed?\n<bob> who asks?\n<bob> nobody\n",
        """
        message | <ann> is it open?
        message | <ann> or closed?
        message | <bob> who asks?
        message | <bob> nobody
        """,
    ),
    "a message in a chat that asks and says something": (
        "<ann> hello\n<bob> it rains. take a coat?\n<ann> no\n<bob> fine\n",
        """
        message | <ann> hello
        message | <bob> it rains. take a coat?
        message | <ann> no
        message | <bob> fine
        """,
    ),
    "a mail": (
        "From: Ann\nTo: Bob\nSubject: The pump\n\nHi Bob,\nit comes on Friday.\n\n-- \nAnn, Pumps Ltd\n\nOn Monday Bob wrote:\n> When does it come?\n",
        """
        boilerplate | From: Ann
        boilerplate | To: Bob
        heading | Subject: The pump
        sentence | Hi Bob,⏎it comes on Friday. | Subject: The pump
        boilerplate | -- ⏎Ann, Pumps Ltd | Subject: The pump
        lead-in | On Monday Bob wrote: | Subject: The pump
        sentence | When does it come? | Subject: The pump › On Monday Bob wrote
        """,
    ),
    "lines without full stops": (
        "Agreed points of the spring meeting\n\nRoof: Ann asks for two offers\nThe hall is let to the choir on Mondays\nNext meeting: 4 May\n",
        """
        line | Agreed points of the spring meeting
        entry | Roof: Ann asks for two offers | Agreed points of the spring meeting
        sentence | The hall is let to the choir on Mondays | Agreed points of the spring meeting
        entry | Next meeting: 4 May | Agreed points of the spring meeting
        """,
    ),
    "wrapped lines": (
        "The old pier was rotten and the new one, which\nthe town has paid for, holds forty boats and a\nferry. Nobody may fish there between the first\nof May and the end of June.\n",
        """
        sentence | The old pier was rotten and the new one, which⏎the town has paid for, holds forty boats and a⏎ferry.
        sentence | Nobody may fish there between the first⏎of May and the end of June.
        """,
    ),
    "a manual page": (
        "OPTIONS\n    -a, --all\n        show hidden ones\n\n    -q\n        say nothing\n",
        """
        heading | OPTIONS
        entry | -a, --all⏎        show hidden ones | OPTIONS
        entry | -q⏎        say nothing | OPTIONS
        """,
    ),
    "YAML": (
        "web:\n  port: 80\n  hosts:\n    - a\nmail:\n  port: 25\n",
        """
        key | web:
        entry | port: 80 | web
        key | hosts: | web
        entry | - a | web › hosts
        key | mail:
        entry | port: 25 | mail
        """,
    ),
    "INI": (
        "[web]\nport = 80\n; slow\ntimeout = 9\n[mail]\nport = 25\n",
        """
        key | [web]
        entry | port = 80 | [web]
        entry | ; slow⏎timeout = 9 | [web]
        key | [mail]
        entry | port = 25 | [mail]
        """,
    ),
    "JSON": (
        '{"web": {"port": 80, "tls": true}, "hosts": ["a", "b"], "empty": {}}',
        """
        key | "web"
        entry | "port": 80 | web
        entry | "tls": true | web
        entry | "hosts": ["a", "b"]
        entry | "empty": {}
        """,
    ),
    "records in JSON": (
        '[{"id": 1, "name": "mug"}, {"id": 2, "name": "bowl"}]',
        """
        entry | {"id": 1, "name": "mug"}
        entry | {"id": 2, "name": "bowl"}
        """,
    ),
    "a program": (
        "import os\n\n\ndef load(path):\n    \"\"\"Reads it.\"\"\"\n    return open(path)\n\n\ndef save(path, text):\n    return 1\n",
        """
        code | import os
        code | def load(path):⏎    \"\"\"Reads it.\"\"\"⏎    return open(path)
        code | def save(path, text):⏎    return 1
        """,
    ),
    "a page": (
        "<h1>Baths</h1><p>Open daily. Bring a towel.</p><ul><li>sauna</li><li>pool &amp; slide</li></ul><script>x()</script>",
        """
        heading | Baths
        sentence | Open daily. | Baths
        sentence | Bring a towel. | Baths
        item | sauna | Baths
        item | pool &amp; slide | Baths
        """,
    ),
    "a page below a comment and a script": (
        "<!-- made by hand -->\n<script>var page = '<p>';</script>\n<a name=top></a><h2>Baths</h2><p>Open daily.</p>",
        """
        heading | Baths
        sentence | Open daily. | Baths
        """,
    ),
    "a page of custom elements": (
        "<bath-page><br/><h2>Baths</h2><p>Open daily. Bring a towel.</p></bath-page>",
        """
        heading | Baths
        sentence | Open daily. | Baths
        sentence | Bring a towel. | Baths
        """,
    ),
    "a chunk that begins within an element": (
        "and a comb.</p><h2>Pool</h2><p>Open daily.</p><h2>Sauna",
        """
        sentence | and a comb.
        heading | Pool
        sentence | Open daily. | Pool
        line | Sauna
        """,
    ),
    "elements on one line below plain text": (
        "---\nby: Ann\n---\n<h2>Pool</h2> <p>Open daily.</p><h2>Sauna</h2><p>From ten.</p>\n",
        """
        entry | by: Ann
        heading | Pool
        sentence | Open daily. | Pool
        heading | Sauna
        sentence | From ten. | Sauna
        """,
    ),
    "Markdown that begins with an element": (
        '<p align="center">A boat</p>\n\n# Tide\n\nIt reads gauges.\n\n- fast\n- small\n',
        """
        sentence | A boat
        heading | # Tide
        sentence | It reads gauges. | Tide
        item | - fast | Tide
        item | - small | Tide
        """,
    ),
    "text about tags": (
        "Close it with </p> at the end. A <p> opens one.\n\nIt is easy.\n",
        """
        sentence | Close it with </p> at the end.
        sentence | A <p> opens one.
        sentence | It is easy.
        """,
    ),
    "XML": (
        '<?xml version="1.0"?>\n<boats><section><p>Ann</p></section></boats>\n',
        """
        key | <boats>
        key | <section> | <boats>
        entry | <p>Ann</p> | <boats> › <section>
        """,
    ),
    "terms, breaks and hidden parts of a page": (
        "<html><title>Baths</title><style>p {}</style><!-- draft --><dl><dt>Sauna</dt><dd>from ten</dd>"
        "<dt>Pool</dt></dl><p>Mo 9-17<br>Sa 10-12</p><pre>a  b</pre><dd>loose</dd>",
        """
        heading | Baths
        entry | Sauna</dt><dd>from ten | Baths
        sentence | Pool | Baths
        sentence | Mo 9-17 | Baths
        sentence | Sa 10-12 | Baths
        code | a  b | Baths
        sentence | loose | Baths
        """,
    ),
    "a table in a table, and rows that nobody closes": (
        "<table><tr><td>a<table><tr><td>b</td></tr></table></td></tr></table>"
        "<table><tr><td>c<tr><td>d</table>",
        """
        table | <table><tr><td>a<table><tr><td>b</td></tr></table></td></tr></table>
        table | <table><tr><td>c<tr><td>d</table>
        """,
    ),
    "a table that is never closed": (
        "<p>Text.</p><table><tr><td>c</td></tr>",
        """
        sentence | Text.
        table | <table><tr><td>c
        """,
    ),
    "a definition below its term": (
        "Sauna\n: from ten\n\nPool\n: closed\n",
        """
        entry | Sauna⏎: from ten
        entry | Pool⏎: closed
        """,
    ),
    "words before numbers": (
        "Chapter 1 Duties\n\nThe tenant sweeps.\n\nChapter 2 Rights\n\nThe tenant may keep a cat.\n",
        """
        heading | Chapter 1 Duties
        sentence | The tenant sweeps. | Chapter 1 Duties
        heading | Chapter 2 Rights
        sentence | The tenant may keep a cat. | Chapter 2 Rights
        """,
    ),
    "speakers": (
        "Ann: Good morning.\nBob: Hello.\nAnn: When do we leave?\nBob: At nine.\n",
        """
        message | Ann: Good morning.
        message | Bob: Hello.
        question | Ann: When do we leave?
        message | Bob: At nine. | Ann: When do we leave?
        """,
    ),
    "several speakers, of whom one comes again": (
        "Ann: Who has the key?\nBob: No idea.\nCarl: I was away.\nBob: Paul took it.\n",
        """
        question | Ann: Who has the key?
        message | Bob: No idea. | Ann: Who has the key?
        message | Carl: I was away.
        message | Bob: Paul took it.
        """,
    ),
    "a form with as many names, none of which asks": (
        "Name: Ann\nTown: Ulm\nName: Bob\nAge: 41\nRoom: 7\n",
        """
        entry | Name: Ann
        entry | Town: Ulm
        entry | Name: Bob
        entry | Age: 41
        entry | Room: 7
        """,
    ),
    "a table among Markdown": (
        "Prices.\n<table>\n<tr><td>a.</td></tr>\n</table>\nThat is all. Bye.\n",
        """
        sentence | Prices.
        table | <table>⏎<tr><td>a.</td></tr>⏎</table>
        sentence | That is all.
        sentence | Bye.
        """,
    ),
    "a fence in a list item": (
        "- ```\n  rm a. b\n  ```\n- Next.\n\nIt is old. It is tall.\n",
        """
        code | - ```⏎  rm a. b⏎  ```
        item | - Next.
        sentence | It is old.
        sentence | It is tall.
        """,
    ),
    "a code span at the beginning is no fence": (
        "```pump``` starts it. It hums.\n\nIt is old.\n",
        """
        sentence | ```pump``` starts it.
        sentence | It hums.
        sentence | It is old.
        """,
    ),
    "a stack trace": (
        "The job failed\n\na.b.JobError: batch 7\n    at a.b.Run(Run.java:8)\n    at a.b.Main(Main.java:3)\nCaused by: a.b.NetError: no host\n    ... 2 more\n",
        """
        line | The job failed
        line | a.b.JobError: batch 7 | The job failed
        code | at a.b.Run(Run.java:8)⏎    at a.b.Main(Main.java:3) | The job failed
        line | Caused by: a.b.NetError: no host | The job failed
        code | ... 2 more | The job failed
        """,
    ),
    "lines of one word are not wrapped": (
        "Moved in this release\nlib/tide/gauge_reader.py\nlib/tide/siren_driver.py\ndocs/gauge_and_siren.md\n",
        """
        sentence | Moved in this release
        sentence | lib/tide/gauge_reader.py
        sentence | lib/tide/siren_driver.py
        sentence | docs/gauge_and_siren.md
        """,
    ),
    "settings of one word": (
        "TIDE_HOST=gauge3.quay.test\nTIDE_PORT=7431\nSIREN_TOKEN_FILE=/etc/tide/siren\nALARM_MAIL_TO=watch@quay.test\n",
        """
        entry | TIDE_HOST=gauge3.quay.test
        entry | TIDE_PORT=7431
        entry | SIREN_TOKEN_FILE=/etc/tide/siren
        entry | ALARM_MAIL_TO=watch@quay.test
        """,
    ),
    "rows under a title": (
        "Seeds we keep\nid,kind,grams\n7,leek,40\n8,kale,55\n",
        """
        line | Seeds we keep
        header | id,kind,grams | Seeds we keep
        row | 7,leek,40 | Seeds we keep › id,kind,grams
        row | 8,kale,55 | Seeds we keep › id,kind,grams
        """,
    ),
    "the last word of a wrapped paragraph": (
        "The lighthouse keeper wrote down each ship that passed, the hour, the wind and its\ndirection.\n",
        """
        sentence | The lighthouse keeper wrote down each ship that passed, the hour, the wind and its⏎direction.
        """,
    ),
    "Chinese in narrow lines": (
        "灯塔的看守人每天记录过往的船只、时间和\n风向，并把记录交给港务局保存。冬天的夜\n里雾很大，他每隔十分钟敲一次钟。春天来\n了以后，他才能休息。\n",
        """
        sentence | 灯塔的看守人每天记录过往的船只、时间和⏎风向，并把记录交给港务局保存。
        sentence | 冬天的夜⏎里雾很大，他每隔十分钟敲一次钟。
        sentence | 春天来⏎了以后，他才能休息。
        """,
    ),
    "short lines of Chinese": (
        "换机油\n换滤芯\n检查轮胎\n加玻璃水\n",
        """
        sentence | 换机油
        sentence | 换滤芯
        sentence | 检查轮胎
        sentence | 加玻璃水
        """,
    ),
    "particles of verbs end lines": (
        "Switch the pump off\nPull the filter out\nWash it and put it back in\nSwitch the pump on\n",
        """
        sentence | Switch the pump off
        sentence | Pull the filter out
        sentence | Wash it and put it back in
        sentence | Switch the pump on
        """,
    ),
    "German particles": (
        "Schalten Sie den Ofen ein\nNehmen Sie das Blech heraus\nStellen Sie den Timer aus\nRufen Sie uns an\n",
        """
        sentence | Schalten Sie den Ofen ein
        sentence | Nehmen Sie das Blech heraus
        sentence | Stellen Sie den Timer aus
        sentence | Rufen Sie uns an
        """,
    ),
    "articles end no clause": (
        "Der Hafen gehört der\nStadt Tolm\nDie Mole gehört dem\nVerein\n",
        """
        sentence | Der Hafen gehört der⏎Stadt Tolm
        sentence | Die Mole gehört dem⏎Verein
        """,
    ),
    "dots that lead to a page": (
        "Tides . . . . . . 4\nWinds and clouds . . . 19\nKnots ........ 23\nSignal flags . . . . . 31\n",
        """
        entry | Tides . . . . . . 4
        sentence | Winds and clouds . . . 19
        entry | Knots ........ 23
        entry | Signal flags . . . . . 31
        """,
    ),
    "dots that lead to a price": (
        "灯泡……3元\n蜡烛……2元\n火柴……1元\n",
        """
        entry | 灯泡……3元
        entry | 蜡烛……2元
        entry | 火柴……1元
        """,
    ),
    "answers of a line": (
        "**Kann ich das Boot tauschen?**\n\nBis zum Vortag\n\n**Gibt es Westen?**\n\nJa, im Schuppen\n",
        """
        question | **Kann ich das Boot tauschen?**
        answer | Bis zum Vortag | Kann ich das Boot tauschen?
        question | **Gibt es Westen?**
        answer | Ja, im Schuppen | Gibt es Westen?
        """,
    ),
    "answers of a line to headings that ask": (
        "### Puis-je changer de bateau ?\n\nJusqu'à la veille\n\nDemandez au port. Il est ouvert.\n\n### Y a-t-il des gilets ?\n\nOui\n",
        """
        heading | ### Puis-je changer de bateau ?
        answer | Jusqu'à la veille | Puis-je changer de bateau ?
        sentence | Demandez au port. | Puis-je changer de bateau ?
        sentence | Il est ouvert. | Puis-je changer de bateau ?
        heading | ### Y a-t-il des gilets ?
        answer | Oui | Y a-t-il des gilets ?
        """,
    ),
    "answers of a line to plain questions": (
        "May I swap the boat?\n\nUntil the day before\n\nOpening hours\n\nWe open at nine.\n",
        """
        question | May I swap the boat?
        answer | Until the day before | May I swap the boat?
        heading | Opening hours
        sentence | We open at nine. | Opening hours
        """,
    ),
    "numbered questions": (
        "1. May I swap the boat?\nUntil the day before. Ask the keeper.\nThe cook can help.\n\n2. Are there oars?\n\nFour of them.\n\nThe end.\n",
        """
        question | 1. May I swap the boat?
        sentence | Until the day before. | 1. May I swap the boat?
        sentence | Ask the keeper. | 1. May I swap the boat?
        sentence | The cook can help. | 1. May I swap the boat?
        question | 2. Are there oars?
        sentence | Four of them. | 2. Are there oars?
        sentence | The end.
        """,
    ),
    "numbered questions that nobody answers": (
        "1. Is the boat dry?\n2. Are there oars?\nThen row.\n\n3. What is red?\na) the boat\nb) the oars\n",
        """
        item | 1. Is the boat dry?
        item | 2. Are there oars?
        sentence | Then row.
        item | 3. What is red?
        item | a) the boat
        item | b) the oars
        """,
    ),
    "labelled questions whose answers have no label": (
        "Q1. May I swap the boat?\nUntil the day before.\nAsk Ann.\n\nQ2. Are there oars?\n\nFour of them.\n\nThe end.\n",
        """
        question | Q1. May I swap the boat?
        sentence | Until the day before. | Q1. May I swap the boat?
        sentence | Ask Ann. | Q1. May I swap the boat?
        question | Q2. Are there oars?
        sentence | Four of them. | Q2. Are there oars?
        sentence | The end.
        """,
    ),
    "questions behind signs": (
        "❓ May I swap the boat?\n✅ Until the day before.\n❓ Are there oars?\n✅ Four of them.\n",
        """
        question | ❓ May I swap the boat?
        sentence | ✅ Until the day before. | ❓ May I swap the boat?
        question | ❓ Are there oars?
        sentence | ✅ Four of them. | ❓ Are there oars?
        """,
    ),
    "labels in brackets, wide letters and other languages": (
        "【问】有船吗\n【答】四条\n\nＱ．舟はありますか。\nＡ．四つです。\n\nHỏi: Có thuyền?\nĐáp: Bốn\n\nΕρώτηση 2: Έχει βάρκα;\nΑπάντηση 2: Ναι\n",
        """
        question | 【问】有船吗
        answer | 【答】四条 | 【问】有船吗
        question | Ｑ．舟はありますか。
        answer | Ａ．四つです。 | Ｑ．舟はありますか。
        question | Hỏi: Có thuyền?
        answer | Đáp: Bốn | Hỏi: Có thuyền?
        question | Ερώτηση 2: Έχει βάρκα;
        answer | Απάντηση 2: Ναι | Ερώτηση 2: Έχει βάρκα;
        """,
    ),
    "problems and solutions": (
        "Problem: The boat leaks.\nSolution: Wax it.\n\nProblem: The oars are gone.\nSolution: Ask Ann.\n",
        """
        question | Problem: The boat leaks.
        answer | Solution: Wax it. | Problem: The boat leaks.
        question | Problem: The oars are gone.
        answer | Solution: Ask Ann. | Problem: The oars are gone.
        """,
    ),
    "a clause beside the one that announces": (
        "7.1 The tenant brings:\n(a) oars;\n(b) ropes.\n7.2 The owner brings:\n(a) lamps;\n(b) pots.\n7.3 Nobody brings dogs.\n",
        """
        lead-in | 7.1 The tenant brings:
        item | (a) oars; | 7.1 The tenant brings
        item | (b) ropes. | 7.1 The tenant brings
        lead-in | 7.2 The owner brings:
        item | (a) lamps; | 7.2 The owner brings
        item | (b) pots. | 7.2 The owner brings
        item | 7.3 Nobody brings dogs.
        """,
    ),
    "announcements within an announcement": (
        "Bring these:\n1. For the boat:\n(a) oars\n2. For the tent:\n(b) pegs\n3. Bread\n\nThe end.\n",
        """
        lead-in | Bring these:
        lead-in | 1. For the boat: | Bring these
        item | (a) oars | Bring these › 1. For the boat
        lead-in | 2. For the tent: | Bring these
        item | (b) pegs | Bring these › 2. For the tent
        item | 3. Bread | Bring these
        sentence | The end.
        """,
    ),
    "titles over lists": (
        "Tide 2.4\n* Louder siren\n* Czech translation\n\nTide 2.3\n* Smaller gauge\n",
        """
        heading | Tide 2.4
        item | * Louder siren | Tide 2.4
        item | * Czech translation | Tide 2.4
        heading | Tide 2.3
        item | * Smaller gauge | Tide 2.3
        """,
    ),
    "what is no title": (
        "1\n\nGood evening.\n\nThe boat left, and\n\nnobody saw it.\n\nAnna\n\nBen\n\nThey came.\n",
        """
        line | 1
        sentence | Good evening. | 1
        line | The boat left, and
        sentence | nobody saw it. | The boat left, and
        line | Anna
        heading | Ben
        sentence | They came. | Ben
        """,
    ),
    "indented code and the line that announces it": (
        "Tide reads gauges. To start it, type:\n\n    tide init\n\n    tide run --port 7431\n\nIt logs to a file.\n",
        """
        sentence | Tide reads gauges.
        lead-in | To start it, type:
        code | tide init⏎⏎    tide run --port 7431 | To start it, type
        sentence | It logs to a file.
        """,
    ),
    "indented prose is no code": (
        "The keeper wrote:\n\n    The fog was thick. Nobody came.\n    I rang the bell.\n\nHe died.\n",
        """
        sentence | The keeper wrote:
        sentence | The fog was thick.
        sentence | Nobody came.
        sentence | I rang the bell.
        sentence | He died.
        """,
    ),
    "a list without marks": (
        "Rooms are warm. Bring these to the hut:\n\nA sleeping bag\nSlippers\nCash\n\nThe hut is closed in May.\n",
        """
        sentence | Rooms are warm.
        lead-in | Bring these to the hut:
        line | A sleeping bag | Bring these to the hut
        line | Slippers | Bring these to the hut
        line | Cash | Bring these to the hut
        sentence | The hut is closed in May.
        """,
    ),
    "lists without marks right below their lines": (
        "早班：\n王涛\n李琳\n晚班：\n周明\n林芳\n\n周日休息。\n",
        """
        lead-in | 早班：
        line | 王涛 | 早班
        line | 李琳 | 早班
        lead-in | 晚班：
        line | 周明 | 晚班
        line | 林芳 | 晚班
        sentence | 周日休息。
        """,
    ),
    "prose below a colon is no list": (
        "He had one wish:\n\nThe boat should come back before the winter.\nIt never did.\n",
        """
        sentence | He had one wish:
        sentence | The boat should come back before the winter.
        sentence | It never did.
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_units(name):
    text, expected = DOCUMENTS[name]
    assert read(text) == [line.strip() for line in expected.strip().splitlines()]


def test_announcements_do_not_pile_up():
    styles = ["1.", "(1)", "a)", "§ 1", "①", "-", "*", "•"]
    text = "\n".join(f"{style} that is:" for style in styles * 20)
    units = SentenceSplitter("en").units(text)
    assert max(len(unit.path) for unit in units) <= 4


# What stands before the items of a list.
MARKS = {
    "dashes in French": ("– un filet", "– une gaffe"),
    "dashes in Russian": ("— сеть;", "— багор;", "— фонарь."),
    "bullets of a word processor": ("\uf0b7 A net", "\uf0b7 A hook"),
    "bullets without a space": ("•A net", "•A hook"),
    "an o for a circle": ("o a net", "o a hook"),
    "letters": ("A. Nets", "B. Hooks"),
    "Cyrillic letters": ("а) сети", "б) багры", "в) фонари"),
    "Greek letters": ("α) δίχτυα", "β) γάντζοι"),
    "Arabic letters": ("أ- شبكة", "ب- خطاف"),
    "Arabic digits": ("١. شبكة", "٢. خطاف"),
    "Arabic digits with dashes": ("١- شبكة", "٢- خطاف"),
    "Hindi digits": ("१. जाल", "२. काँटा"),
    "Bengali digits": ("১) জাল", "২) বঁড়শি"),
    "wide digits": ("１．網", "２．鉤"),
    "wide brackets": ("1）渔网", "2）鱼钩"),
    "wide brackets around letters": ("（a）渔网", "（b）鱼钩"),
    "Chinese digits and a bracket": ("一）渔网", "二）鱼钩"),
    "dots with dashes": ("1.- Una red", "2.- Un gancho"),
    "degrees": ("1° La rete", "2° Il gancio"),
    "Roman numbers": ("I. Nets", "II. Hooks", "III. Lamps", "IV. Ropes", "V. Oars", "VI. Pots"),
    "small Roman numbers": ("(i) nets", "(ii) hooks", "(iii) lamps", "(iv) ropes", "(v) oars"),
    "letters that are Roman numbers, too": ("h) nets", "i) hooks", "j) lamps"),
}


@pytest.mark.parametrize("name", MARKS)
def test_marks_of_lists(name):
    items = MARKS[name]
    assert read("Bring:\n" + "\n".join(items) + "\n\nThe end.\n") == [
        "lead-in | Bring:",
        *(f"item | {item} | Bring" for item in items),
        "sentence | The end.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Она вошла.\n— Где он? — спросила она.\n— Дома. Он спит.\n— Жаль.",
        "— No lo sé. Quizá mañana.\n— Bueno. Hasta luego.",
        "The bridge was bought by\nA. Smith. He sold it.",
        "It is\no so good.",
        "The net – which was\n– he said – torn. It was sold.",
    ],
)
def test_what_looks_like_a_mark_in_prose(text):
    assert not any(line.startswith("item") for line in read(text))


def test_letters_before_titles():
    text = "A. Nets\n\nThey are dear. They tear.\n\nB. Hooks\n\nThey are cheap.\n"
    assert read(text) == [
        "heading | A. Nets",
        "sentence | They are dear. | A. Nets",
        "sentence | They tear. | A. Nets",
        "heading | B. Hooks",
        "sentence | They are cheap. | B. Hooks",
    ]


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("cut", [0.25, 0.5, 0.75])
def test_a_chunk_of_a_document_loses_nothing(name, cut):
    check_chunks(DOCUMENTS[name][0], cut)


def test_a_long_table_is_divided_into_rows():
    rows = "".join(f"| item {n} | {n} EUR |\n" for n in range(30))
    units = read("| what | price |\n|---|---|\n" + rows)
    assert units[0] == "header | | what | price |⏎|---|---|"
    assert units[4] == "row | | item 3 | 3 EUR | | what | price"
    assert len(units) == 31


def test_a_long_page_table_is_divided_into_rows():
    rows = "".join(f"<tr><td>item {n}</td><td>{n} EUR</td></tr>" for n in range(30))
    units = read(f"<table><tr><th>what</th><th>price</th></tr>{rows}</table>")
    assert units[0] == "header | <tr><th>what</th><th>price</th></tr>"
    assert units[4] == "row | <tr><td>item 3</td><td>3 EUR</td></tr> | what | price"


def test_a_long_record_is_named():
    record = ", ".join(f'"field {n}": "some longer value {n}"' for n in range(20))
    units = read('[{"id": "x7", ' + record + "}]")
    assert units[0] == 'entry | "id": "x7"'
    assert units[3] == 'entry | "field 2": "some longer value 2" | id": "x7'


def test_a_long_function_is_divided_under_its_first_line():
    body = "".join(f"    value_{n} = compute({n})\n" for n in range(40))
    units = read(f"import os\n\n\n@cached\ndef work(x):\n{body}")
    assert units[:3] == ["code | import os", "code | @cached", "header | def work(x):"]
    assert all(unit.endswith("| def work(x)") for unit in units[3:])


def test_a_stated_format_decides():
    text = "a,b\n1,2\n"
    assert read(text, "csv") == ["header | a,b", "row | 1,2 | a,b"]
    assert read("x = 1\ny = 2\n", "yaml") == ["entry | x = 1", "entry | y = 2"]
    assert read("<b>bold</b> text. More.", "html") == [
        "sentence | bold</b> text.", "sentence | More.",
    ]  # fmt: skip


def test_a_format_that_is_not_there_does_no_harm():
    assert read("This is prose. And more.", "json") == read("This is prose. And more.")


def parts(text, limit):
    """What becomes of a text's only unit where `limit` characters are the most."""
    (unit,) = SentenceSplitter("en").units(text)
    return [
        " | ".join([text[u.start : u.end], *filter(None, [path_text(text, u.path)])])
        for u in divided(text, unit, limit, len)
    ]


def test_a_budget_divides_a_table_into_rows():
    assert parts("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", 12) == [
        "| a | b |\n|---|---|",
        "| 1 | 2 | | a | b",
        "| 3 | 4 | | a | b",
    ]


def test_a_budget_divides_a_record_under_its_name():
    assert parts('[{"id": 7, "name": "mug", "price": 3}]', 15) == [
        '"id": 7',
        '"name": "mug"',
        '"price": 3 | name": "mug',
    ]


def test_a_budget_divides_a_sentence_into_clauses():
    assert parts("The sauna is open daily; the pool on Fridays.", 30) == [
        "The sauna is open daily;",
        "the pool on Fridays.",
    ]


HOSTILE = [
    "<!--", "<a ", "<div>", "<table><tr><td>", "</p>", "&amp", "{\"a\":", "[", "\"", "> ", ">", "- ", "```\n",
    "```a\n", "~~~\n```\n", "|", "a|b\n", "|--", "a,b\n", "key: value\n", "[x]\n", "# ", "x\n---\n", "**a**\n",
    "Q: a\n", "A: b\n", "TITLE\n", "一、", "第一章 甲\n", "1.", "1.1 a\n", "(a) b\n", "10:00 Ann: x\n",
    "2031-01-01 10:00:00 INFO\n", "From: a\n", "def f():\n", "}\n", "a  ", "\t", "\x00", "a\n  b\n", "a:\n- b\n",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_end(piece):
    """Not timed: what grows with the square or the cube would run for hours."""
    text = piece * (60_000 // len(piece))
    SentenceSplitter("en").units(text)
    SentenceSplitter("en").units("a|b\n" + " " * 20_000 + piece + " " * 20_000 + "x|\n")


def test_keys_in_keys_in_keys_are_read_to_a_depth():
    text = "".join(f"{' ' * depth}key{depth}:\n" for depth in range(700))
    units = SentenceSplitter("en").units(text, "yaml")
    assert len(units) == 700
    assert max(len(unit.path) for unit in units) == 100


def test_a_string_that_nothing_closes_is_looked_for_once():
    # Not timed: with each of its marks tried to the end, this takes a minute.
    text = "[" + '"\\' * 60_000
    assert SentenceSplitter("en").units(text, "json")


@pytest.mark.parametrize("text", ['{"a": "b', '{"a": "b\\', '["a", "b\\"]', '{"a": 1} "'])
def test_json_that_ends_within_a_string_is_read_as_text(text):
    units = SentenceSplitter("en").units(text, "json")
    assert "".join(text[unit.start : unit.end] for unit in units).strip('"') in text


@pytest.mark.parametrize(
    "lead",
    [
        "Bring the following papers.",
        "Man braucht folgende Papiere.",
        "Il faut les papiers suivants.",
        "Se piden los siguientes papeles.",
        "Нужны следующие бумаги.",
        "Şu aşağıdaki belgeler gerekir.",
        "Giấy tờ cần có như sau.",
        "المطلوب ما يلي.",
        "所需文件如下。",
        "必要な書類は次のとおりである。",
        "필요한 서류는 다음과 같다.",
    ],
)
def test_a_sentence_announces_the_list_below_it_in_words(lead):
    assert read(f"{lead}\n\n- A pass.\n- A photo.\n") == [
        f"lead-in | {lead}",
        f"item | - A pass. | {lead}",
        f"item | - A photo. | {lead}",
    ]
    assert read(f"{lead}\n\nA pass.\n")[0] == f"sentence | {lead}"


def test_an_item_does_not_announce_the_next_one_in_words():
    assert read("- The following year it burnt.\n- It stands again.\n")[0].startswith("item")


@pytest.mark.parametrize("numbers", [(4, 5), (4, 9)])
def test_an_entry_of_a_list_of_references_is_one_item(numbers):
    entries = [f"[{n}] Berg P., Lund K. Boats of the bay. J. Harb. 2019; 4: 7-9." for n in numbers]
    text = "Boats are old [4]. They leak.\n\nReferences\n" + "\n".join(entries) + "\n"
    assert read(text) == [
        "sentence | Boats are old [4].",
        "sentence | They leak.",
        "line | References",
        *(f"item | {entry} | References" for entry in entries),
    ]


def test_a_citation_at_the_beginning_of_a_line_is_no_item():
    text = (
        "Boats of this bay are old, as Berg\n[4] and Lund have shown. Those of the river are new.\n"
    )
    assert not any(unit.startswith("item") for unit in read(text))


def test_a_narrow_column_of_japanese_is_prose_and_a_poem_or_a_list_is_not():
    column = "川は夏に増水し、船頭が岸の\n杭を調べたが、古びていた。\n新しい渡し場には小舟を九\n艘つなぐことができる。村の\n人は喜んでいる。\n"
    assert read(column) == [
        "sentence | 川は夏に増水し、船頭が岸の⏎杭を調べたが、古びていた。",
        "sentence | 新しい渡し場には小舟を九⏎艘つなぐことができる。",
        "sentence | 村の⏎人は喜んでいる。",
    ]
    names = "东门渡口旧船租赁处\n西门渡口新船租赁处\n南门渡口小船租赁处\n北门渡口大船租赁处\n"
    assert len(read(names)) == 4
    poem = "小舟泊旧渡，\n老树立寒霜。\n月落人声远，\n江流客梦长。\n"
    assert len(read(poem)) == 4
