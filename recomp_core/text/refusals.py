"""Replies that say only that the documents do not help: "The documents do not contain …".

A language model that is told to reply with one agreed word writes such a sentence instead, in the
language of the question. A reply is one if each of its sentences is: a summary that says what the
documents lack, and then something that they hold, is a summary.
"""

# ruff: noqa: E501 - broken patterns are hard to read

from __future__ import annotations

from typing import NamedTuple

import regex

_LONGEST = 800  # characters; a longer reply says something


class _Language(NamedTuple):
    """How one language says it.

    Attributes:
        leads: What may stand before the sentence proper, "Unfortunately, …".
        sentences: Whole sentences that say nothing; `…` stands for any words, and at the beginning
            for a few, so that a stream need not wait for long.
        contrasts: Words after which something may be said after all.
    """

    leads: str
    sentences: tuple[str, ...]
    contrasts: str


# `DOCS` in a pattern stands for what the language calls the documents, `SAYS` for the verbs of
# what documents do. Where a document itself may be the matter ("the contract does not …"), the
# word is left out.
_EN_DOCS = (
    r"(?:(?:the|these|those|this|that|any|all|both|either|your|my) (?:of )?(?:the |these )?)?"
    r"(?:(?:(?:provided|given|supplied|retrieved|available|above|following|attached|included|\d+|two"
    r"|three|four|five|search|source|context) ){0,3}"
    r"(?:documents?|passages?|contexts?|texts?|excerpts?|snippets?)"
    r"|(?:provided|given|supplied|retrieved|available|above) (?:sources?|articles?|materials?"
    r"|information|content|paragraphs?|results?)"
    r"|(?:sources|information|materials?|content|articles) (?:provided|given|above|supplied"
    r"|available)|search results)(?: (?:provided|given|above|supplied|here|available|at hand"
    r"|you (?:provided|gave|have provided)))?"
)
_EN_INFO = r"(?:information|details?|mention|answers?|context|evidence|data|indication|reference)"
_EN_SAYS = (
    r"(?:contain|mention|specify|state|say|address|answer|discuss|indicate|tell|reveal|identify"
    r"|explain|describe|refer|touch|help|bear|shed|speak"
    r"|(?:include|provide|give|offer|have|hold|cover|supply)(?= (?:\S+ ){0,4}?"
    rf"(?:{_EN_INFO}|who|what|when|where|why|how|which|whether|anything|enough|any|the (?:name|date"
    r"|answer|exact|specific|year|reason))\b))"
)
_EN_SAID = (
    r"(?:mentioned|stated|specified|given|provided|found|contained|included|named|discussed"
    r"|addressed|answered|described|available|present|indicated|identified|covered|listed)"
)

_LANGUAGES: dict[str, _Language] = {
    "en": _Language(
        r"(?:(?:i['’]m|i am) (?:very |so )?sorry|sorry|unfortunately|regrettably|i apologi[sz]e"
        r"|apologies)(?:,? but|[,:]| that)? |(?:therefore|thus|so|hence|as such|accordingly), "
        r"|(?:as a result|in short|summary), ?|summary: |note: "
        rf"|(?:based (?:solely |only )?on|according to|from|given|in|within|judging by) {_EN_DOCS}"
        r"(?: alone| only)?, ?",
        (
            rf"{_EN_DOCS} (?:do(?:es)? not|do(?:es)?n['’]t|did not|didn['’]t|cannot|can['’]t|fail"
            rf"s? to|lacks?|neither) ?(?:(?:seem|appear) to )?(?:actually |explicitly |directly "
            rf"|specifically |even |clearly )?(?:{_EN_SAYS}|{_EN_INFO}|any|sufficient|relevant)\b…",
            rf"(?:none|neither|nothing) (?:of|in) {_EN_DOCS} (?:directly |explicitly |actually "
            r"|specifically )?(?:contains?|mentions?|says?|states?|answers?|address(?:es)?|provides?"
            r"|specif(?:y|ies)|discuss(?:es)?|helps?|gives?|bears?|indicates?|is (?:about|relevant)"
            r"|are (?:about|relevant))\b…",
            rf"{_EN_DOCS} (?:are|is|contain|contains|have|has|provide|provides|say|says|give|gives)"
            r" (?:not (?:relevant|related|about|sufficient|enough)|unrelated|insufficient|nothing"
            rf"|no (?:\S+ ){{0,3}}?{_EN_INFO})\b…",
            r"there (?:is|are|was|were|['’]s) (?:no|not any|not enough|insufficient)(?: \S+){0,3}?"
            r" (?:information|details)\b…",
            rf"there (?:is|are|was|were|['’]s) (?:no|nothing|not any|not enough)\b…"
            rf"(?:in|within|by|from) {_EN_DOCS}",
            rf"no (?:\S+ ){{0,3}}?(?:information|details|answer|mention)\b…(?:{_EN_SAID}"
            rf"|(?:in|within|by) {_EN_DOCS})",
            r"no (?:relevant|useful|helpful|pertinent|such) (?:information|details|documents?"
            r"|passages?|content)…",
            r"(?:i|we) (?:cannot|can['’]?t|can not|could not|couldn['’]t|am unable to|['’]m unable to"
            r"|was unable to|am not able to|do not|don['’]t|did not|didn['’]t|won['’]t|will not) "
            r"(?:\w+ly )?(?:find|answer|determine|provide|locate|see|say|tell|identify|summari[sz]e"
            r"|write|give|help|assist|know|have (?:enough|any|sufficient|access|information)|comply"
            r"|fulfil+|create|produce|do that)\b…",
            r"(?:i['’]m|i am) (?:sorry|unable|not able|afraid)\b…",
            r"(?:the|this|that|your) (?:question|query|request) (?:cannot|can['’]?t|can not|could not"
            r"|is not) (?:be )?(?:answer|determin|addressed)…",
            r"(?:there is )?(?:not enough|insufficient) (?:information|context|details?)\b…",
            rf"…(?:is|are|was|were|be|been) not (?:explicitly |directly |specifically |clearly )?"
            rf"{_EN_SAID} (?:anywhere )?(?:in|within|by|from) {_EN_DOCS}",
            r"(?<=\b(?:documents?|passages|contexts?|texts?|information|sources|excerpts|provided"
            r"|above|given|alone|only), ?)(?:it is (?:not possible|impossible|unclear|not clear)"
            r"|the answer is (?:unclear|unknown|not clear))\b…",
            rf"it is (?:not possible|impossible|unclear|not clear)\b…(?:in|from|by|on|with|given)"
            rf" {_EN_DOCS}",
            rf"(?:not (?:mentioned|stated|specified|answerable)|unanswerable|n/?a"
            rf"|(?:not (?:given|found|provided|available) in {_EN_DOCS}))",
            rf"(?:they|it|{_EN_DOCS}) (?:instead |only |merely |mainly |primarily |rather |just )?"
            r"(?:discuss(?:es)?|describes?|talks? about|focus(?:es)? on|(?:is|are) (?:only |all "
            r"|about )?about|deals? with|concerns?) [^\d]*",
            r"(?:please|let me know|if you|feel free|would you like|could you|can you)\b…",
        ),
        r"\b(?:but|however|although|though|except|only that|while|whereas|nevertheless|yet"
        r"|other than|apart from|besides|instead(?= it| they))\b",
    ),
    "de": _Language(
        r"leider |es tut mir leid, (?:aber )?|tut mir leid, (?:aber )?|daher |somit |zusammenfassung: ",
        (
            r"DOCS (?:enth(?:ä|ae)lt|enthalten|erw(?:ä|ae)hn\w+|nenn\w+|gib\w*|geben|liefer\w+|mach\w+"
            r"|beantwort\w+|sag\w+|biete\w+|beinhalt\w+|geht|gehen|erl(?:ä|ae)uter\w+|behandel\w+)"
            r"(?=…\b(?:keine\w*|nicht|nichts|kein)\b)…",
            r"(?:enthalten|erw(?:ä|ae)hnen|nennen|geben|liefern|machen|beantworten|sagen|bieten) DOCS"
            r"(?=…\b(?:keine\w*|nicht|nichts|kein)\b)…",
            r"(?:in|aus) DOCS (?:gibt es|finde\w+ sich|steh\w+|wird|werden|ist|sind|geht)"
            r"(?=…\b(?:keine\w*|nicht|nichts|kein)\b)…",
            r"es (?:gibt|finden sich|liegen|werden|sind) keine (?:relevanten |weiteren )?"
            r"(?:informationen|angaben|hinweise|details)\b…",
            r"keine (?:relevanten |n(?:ä|ae)heren )?(?:informationen|angaben|hinweise)\b…",
            r"keines? (?:der|dieser) DOCS …",
            r"(?:ich|wir) (?:kann|konnte|k(?:ö|oe)nnen) (?=…\b(?:nicht|keine\w*)\b)…",
            r"(?:die|diese) frage (?:kann|l(?:ä|ae)sst sich)(?=…\bnicht\b)…",
            r"…(?:wird|werden|ist|sind) in DOCS nicht \w+",
        ),
        r"\b(?:aber|jedoch|allerdings|obwohl|sondern|doch|au(?:ß|ss)er|w(?:ä|ae)hrend|lediglich"
        r"|nur dass)\b",
    ),
    "fr": _Language(
        r"malheureusement,? |d[ée]sol[ée]e?,? (?:mais )?|je suis d[ée]sol[ée]e?,? (?:mais )?"
        r"|(?:d['’]apr[èe]s|selon|dans) DOCS, ?",
        (
            r"DOCS ne (?:contien\w+|mentionn\w+|fourni\w+|pr[ée]cis\w+|indiqu\w+|di(?:t|sent)"
            r"|donn\w+|r[ée]pond\w+|parl\w+|comport\w+|permett?\w*|traite\w*|[ée]voqu\w+|abord\w+)…",
            r"DOCS n['’](?:indiqu\w+|[ée]voqu\w+|offr\w+|apport\w+|abord\w+|inclu\w+|ont)…",
            r"aucun(?:e)? (?:de ces |des |information|mention|r[ée]ponse|document|d[ée]tail|texte)…",
            r"il n['’]y a (?:pas|aucune)(?: d['’]|\s)(?:\w+ )?(?:information|mention|r[ée]ponse"
            r"|d[ée]tail)…",
            r"je ne (?:peux|trouve|suis|sais|dispose)…",
            r"il (?:n['’]est pas|est im)possible…DOCS",
            r"(?:la|cette) question ne peut…",
            r"…n['’]est (?:pas|nulle part) \w+ dans DOCS",
        ),
        r"\b(?:mais|cependant|toutefois|bien que|sauf|tandis que|n[ée]anmoins|hormis|seulement)\b",
    ),
    "es": _Language(
        r"lamentablemente,? |desafortunadamente,? |lo siento,? (?:pero )?|por desgracia,? "
        r"|(?:seg[úu]n|en) DOCS, ?",
        (
            r"DOCS no (?:contien\w+|mencion\w+|proporcion\w+|especific\w+|indica\w*|dice\w*|da\w*"
            r"|respond\w+|habla\w*|incluy\w+|ofrec\w+|aborda\w*|se\w+alan?|aporta\w*|tienen?"
            r" informaci[óo]n)\b…",
            r"no (?:hay|existe|se (?:encuentra|encontr[óo]|proporciona|menciona|dispone de)) "
            r"(?:\w+ )?(?:informaci[óo]n|datos|menci[óo]n|respuesta)\b…",
            r"no (?:puedo|pude|podemos|encuentro|tengo|s[ée])\b…",
            r"ning[úu]n[oa]? (?:de DOCS|documento|texto|pasaje)…",
            r"(?:la|esta) (?:pregunta|informaci[óo]n) no (?:se )?(?:puede|est[áa])…",
            r"no es posible…DOCS",
            r"…no (?:se menciona|se indica|est[áa] \w+|aparece) en DOCS",
        ),
        r"\b(?:pero|sin embargo|aunque|salvo|excepto|mientras que|no obstante|sino|solo que)\b",
    ),
    "it": _Language(
        r"purtroppo,? |mi dispiace,? (?:ma )?|spiacente,? (?:ma )?|(?:secondo|nei|in base ai) DOCS, ?",
        (
            r"DOCS non (?:conten\w+|menzion\w+|forni\w+|specific\w+|indica\w*|dic\w+|danno|d[àa]"
            r"|rispond\w+|parla\w*|includ\w+|offr\w+|riporta\w*|tratta\w*|precisa\w*|hanno)\b…",
            r"non (?:ci sono|c['’][èe]|vi sono|sono presenti|[èe] presente) (?:\w+ )?(?:informazion\w"
            r"|dat\w|menzione|risposta|dettagli)\b…",
            r"nessun[ao]?['’ ]?(?:dei DOCS|informazione|documento|testo|menzione)…",
            r"non (?:posso|riesco|sono in grado|ho|so|[èe] possibile)\b…",
            r"(?:la|questa) (?:domanda|informazione) non (?:pu[òo]|[èe])\b…",
            r"…non (?:[èe]|viene|vengono|sono) \w+ nei DOCS",
        ),
        r"\b(?:ma|tuttavia|per[òo]|sebbene|anche se|tranne|mentre|bens[ìi]|solo che)\b",
    ),
    "pt": _Language(
        r"infelizmente,? |lamento,? (?:mas )?|desculpe,? (?:mas )?|(?:segundo|de acordo com) DOCS, ?"
        r"|n(?:o|os|as) DOCS, ?",
        (
            r"DOCS n[ãa]o (?:cont[êeé]m|menciona\w*|fornec\w+|especific\w+|indica\w*|diz\w*|d[ãáa]o?"
            r"|respond\w+|fala\w*|inclu\w+|oferec\w+|aborda\w*|trata\w*|informa\w*|t[êe]m"
            r" informa\w+)\b…",
            r"n[ãa]o (?:h[áa]|existe\w*|foi encontrada|foram encontradas|consta\w*) (?:\w+ )?"
            r"(?:informa[çc](?:[ãa]o|[õo]es)|dados|men[çc][ãa]o|resposta)\b…",
            r"n[ãa]o (?:posso|consigo|foi poss[íi]vel|[ée] poss[íi]vel|tenho|sei|encontrei)\b…",
            r"nenhum[a]? (?:d[oe]s DOCS|dos documentos|informa[çc][ãa]o|documento|texto|men[çc][ãa]o)…",
            r"(?:a|esta) (?:pergunta|informa[çc][ãa]o) n[ãa]o (?:pode|est[áa]|[ée])\b…",
            r"…n[ãa]o (?:[ée]|s[ãa]o|est[áa]) \w+ n(?:os|as|o) DOCS",
        ),
        r"\b(?:mas|por[ée]m|no entanto|contudo|embora|exceto|enquanto|sen[ãa]o|apenas que)\b",
    ),
    "nl": _Language(
        r"helaas |het spijt me,? (?:maar )?|sorry,? (?:maar )?|volgens DOCS ",
        (
            r"DOCS (?:bevat\w*|vermeld\w*|noem\w*|geven|geeft|beantwoord\w*|zeg\w*|bied\w*|beschrijv"
            r"\w*|gaan|gaat|specificer\w*)(?=…\b(?:geen|niet|niets)\b)…",
            r"(?:bevatten|vermelden|noemen|geven|bevat|vermeldt|noemt|geeft) DOCS"
            r"(?=…\b(?:geen|niet|niets)\b)…",
            r"(?:in|uit) DOCS (?:staat|staan|wordt|worden|is|zijn)(?=…\b(?:geen|niet|niets)\b)…",
            r"er (?:is|zijn|staat|wordt) geen (?:relevante )?(?:informatie|gegevens|vermelding)\b…",
            r"geen (?:van DOCS|relevante informatie|informatie over)…",
            r"(?:ik|wij|we) (?:kan|kon|kunnen|heb|weet|vind)(?=…\b(?:geen|niet)\b)…",
            r"(?:de|deze) vraag kan(?=…\bniet\b)…",
            r"…(?:wordt|worden|is|staat|zijn) (?:niet \w+ in DOCS|in DOCS niet \w+)",
        ),
        r"\b(?:maar|echter|hoewel|behalve|terwijl|alleen dat|slechts dat)\b",
    ),
    "ru": _Language(
        r"к сожалению, |извините, (?:но )?|простите, (?:но )?|(?:согласно|на основании) DOCS,? ?"
        r"|исходя из DOCS,? ?",
        (
            r"(?:в|во|из) DOCS (?:\w+ )?(?:нет|не|отсутств\w+|ничего)\b…",
            r"DOCS не (?:содерж\w+|упомина\w+|указыва\w+|сообща\w+|да[юе]т|отвеча\w+|говор\w+"
            r"|предоставля\w+|включа\w+|описыва\w+|позволя\w+)…",
            r"(?:нет|отсутству[ею]т|недостаточно) (?:\w+ )?(?:информаци\w|сведени\w|данных|упоминани\w)…",
            r"ни (?:один|в одном) из DOCS…",
            r"(?:я )?не (?:могу|удалось|знаю|нашел|нашёл|нашла)\b…",
            r"(?:на )?(?:этот |данный )?вопрос (?:\w+ )?(?:невозможно|не )…",
            r"…не (?:указан\w*|упомянут\w*|упомина\w+|назван\w*|описан\w*|говорится) в DOCS",
        ),
        r"\b(?:но|однако|хотя|кроме|зато|тогда как|только что|лишь)\b",
    ),
    "zh": _Language(
        r"(?:很遗憾|抱歉|对不起|遗憾的是|很抱歉|根据DOCS|因此|所以|很遺憾|對不起|根據DOCS)[，,：: ]?",
        (
            r"(?:在)?DOCS(?:中|里|裡|內|内)?(?:均|都|并|並|也|完全)?(?:没有|未|不|沒有|无|無|并未|并没有)"
            r"(?:提到|提及|包含|说明|提供|涉及|给出|回答|有关|相关|找到|记载|任何|明确|指出|描述|含有|關於|"
            r"關|说|說|直接|足够|足以|能)…",
            r"(?:没有|未|沒有|无法|無法|无|無|不能|找不到|未能)(?:在|从|從|根据|根據)?(?:DOCS|任何|找到|提供|相关|"
            r"相關|足够|足夠|回答|确定|確定|有关)…",
            r"我(?:无法|不能|没有|不知道|找不到|無法)…",
            r"(?:该|这个|此|這個)?问题(?:无法|不能)…",
            r"…(?:在)?DOCS(?:中|里)?(?:未|没有|沒有|并未|并没有)(?:被)?(?:提及|提到|说明|给出|涉及)",
        ),
        "但|然而|不过|不過|除了|虽然|雖然|只提到|仅提到|只是",
    ),
    "ja": _Language(
        "(?:申し訳ありませんが|申し訳ございませんが|残念ながら|すみませんが|DOCSによると|したがって)[、,]?",
        (
            "(?:提供された|与えられた|これらの|この|上記の|当該)?DOCS(?:の中|内)?(?:に|で|から|は|では|には|からは)"
            "(?:も|は)?…(?:ありません|いません|ません|ない|なかった|ませんでした|できない|不明です)",
            "…(?:情報|記載|記述|言及|回答|答え)(?:は|が|も)…(?:ありません|いません|ません|ない|ませんでした)",
            "(?:質問|お答え|回答)(?:に|は|する|には)…(?:できません|ません|ない)",
            "(?:わかりません|不明です|回答できません|お答えできません)",
        ),
        "が、|しかし|ただし|けれど|一方",
    ),
    "ko": _Language(
        "(?:죄송하지만|죄송합니다만|유감스럽게도|안타깝게도|죄송합니다[,.]?|따라서),? ?",
        (
            "(?:제공된 |주어진 |이 |해당 |위 )?DOCS(?:에는|에서는|에서|에|은|는|들에는|들은)…"
            "(?:없습니다|않습니다|않았습니다|없다|않는다|못합니다|없음)",
            "…(?:정보|언급|내용|답변)(?:가|이|는|은|를|을)? ?…(?:없습니다|않습니다|없다|찾을 수 없습니다)",
            "(?:질문에|답변을?|답할)…(?:없습니다|못합니다)",
        ),
        "하지만|그러나|다만|지만 ",
    ),
    "ar": _Language(
        "(?:للأسف|عذر[اًا]+|آسف|بناءً? على DOCS)[،,]? ?(?:لكن )?",
        (
            "(?:لا|لم|ليس) (?:تحتوي|يحتوي|تذكر|يذكر|تتضمن|يتضمن|توفر|يوفر|تقدم|يقدم|تشير|يشير|تجيب|تحتو|"
            "تتناول|تحدد|يرد|ترد|توضح) ?…DOCS…",
            "DOCS (?:\\S+ )?(?:لا|لم) (?:تحتوي|يحتوي|تذكر|يذكر|تتضمن|توفر|تقدم|تشير|تجيب|تتناول|تحدد|يحتو|"
            "توضح|تتحدث)…",
            "(?:لا توجد|لا يوجد|ليست هناك|ليس هناك|لم يتم العثور على) (?:أي )?(?:معلومات|ذكر|إجابة|تفاصيل)…",
            "(?:لا|لم) (?:أستطيع|يمكنني|أتمكن|أجد|أعرف|يمكن الإجابة)…",
            "…غير (?:مذكور|موجود|محدد)ة? في DOCS",
        ),
        "لكن|ولكن|إلا أن|غير أن|بينما|سوى",
    ),
}
_DOCS = {
    "de": r"(?:die|den|der|das|dem|diesen|diese|aus den|bereitgestellten|keines der)?(?: (?:bereitgestellten"
    r"|vorliegenden|gegebenen|angegebenen|obigen|zur verf(?:ü|ue)gung gestellten|bereitgestellte"
    r"|vorliegende|gegebene))* ?(?:dokumente?n?|texte?n?|quellen|textstellen|passagen|ausz(?:ü|ue)gen?"
    r"|kontext|textausschnitten?|unterlagen)",
    "fr": r"(?:les|le|ces|ce|des|aucun des)? ?(?:documents?|textes?|passages?|extraits?|sources|contexte)"
    r"(?: (?:fournis?|donn[ée]s?|disponibles?|ci-dessus|pr[ée]sent[ée]s?))?",
    "es": r"(?:los|el|estos|las|este)? ?(?:documentos?|textos?|pasajes?|fragmentos?|fuentes|contexto)"
    r"(?: (?:proporcionad[oa]s?|dad[oa]s?|disponibles?|anteriores|facilitad[oa]s?))?",
    "it": r"(?:i|il|questi|le|gli|lo)? ?(?:documenti?|testi?o?|passaggi|brani|estratti|fonti|contesto)"
    r"(?: (?:fornit[ioe]|dat[ioe]|disponibili))?",
    "pt": r"(?:os|o|estes|as|este|esses)? ?(?:documentos?|textos?|trechos?|passagens|fontes|contexto)"
    r"(?: (?:fornecid[oa]s?|dad[oa]s?|dispon[íi]veis|apresentad[oa]s?))?",
    "nl": r"(?:de|het|deze|dit)?(?: (?:gegeven|verstrekte|aangeleverde|bovenstaande|meegeleverde))* ?"
    r"(?:documenten|document|teksten|tekst|passages|bronnen|context|fragmenten)",
    "ru": r"(?:предоставленны\w+ |данны\w+ |этих |эти |приведённы\w+ |приведенны\w+ |представленны\w+ )*"
    r"(?:документ\w*|текст\w*|отрывк\w*|источник\w*|контекст\w*|фрагмент\w*)",
    "zh": "(?:所)?(?:提供的|给出的|給出的|上述|以上|这些|這些|给定的|所有|现有|該|该)?(?:的)?"
    "(?:文档|文件|文本|资料|材料|上下文|文章|段落|文檔|資料|内容|信息)",
    "ja": "(?:文書|文章|ドキュメント|資料|テキスト|文脈|コンテキスト|本文)",
    "ko": "(?:문서들?|텍스트|자료|본문|지문|문맥|글)",
    "ar": "(?:هذه |في |من )?(?:ال)?(?:وثائق|مستندات|وثيقة|نصوص|نص|مستند|سياق|مقاطع)(?: ?(?:المقدمة|"
    "المتوفرة|المعطاة|المتاحة|المذكورة|المقدم))?",
}


# What a sentence is about, up to its verb.
_SUBJECTS = {
    "en": r"(?:the|this|that|it|who|what|when|where|how|whether|information)\b ?"
    r"(?:(?!(?:is|are|was|were|be|has|have|had|documents?|passages?|contexts?|texts?)\b)[^\s\d,.]+ ){0,7}",
    "de": r"(?:der|die|das|wer|was|dies\w*|es|eine?)\b ?"
    r"(?:(?!(?:wurde|hat|war|wird|ist|sind|werden)\b)[^\s\d,.]+ ){0,6}",
    "fr": r"(?:les? |la |l['’])[^\s\d,.]+ (?:[^\s\d,.]+ ){0,3}",
    "es": r"(?:el|la|los|las) (?:[^\s\d,.]+ ){1,4}",
    "it": r"(?:il |lo |la |l['’])[^\s\d,.]+ (?:[^\s\d,.]+ ){0,3}",
    "pt": r"(?:o|os|as) (?:[^\s\d,.]+ ){1,4}",
    "nl": r"(?:de|het) (?:[^\s\d,.]+ ){1,4}",
    "ru": r"(?:имя|дата|год|автор|информация|это) (?:[^\s\d,.]+ ){0,4}",
    "zh": r"[^\d，。、,a-z]{1,12}?",
    "ja": r"[^\d。、,a-z]{0,24}?",
    "ko": r"[^\d.,a-z]{0,24}?",
    "ar": r"(?:اسم|تاريخ|هذا) (?:[^\s\d,.]+ ){0,4}",
}


def _compiled(words: str, language: str) -> str:
    if words.startswith("…"):
        words = _SUBJECTS[language] + words[1:]
    return words.replace("DOCS", f"(?:{_DOCS.get(language, '')})").replace("…", ".*")


class _Patterns(NamedTuple):
    leads: regex.Pattern[str]
    sentence: regex.Pattern[str]
    contrasts: regex.Pattern[str]


_PATTERNS = [
    _Patterns(
        regex.compile(f"(?:{_compiled(told.leads, name)})+", regex.IGNORECASE),
        regex.compile(
            f"(?:{_compiled(told.leads, name)})*"
            f"(?:{'|'.join(_compiled(sentence, name) for sentence in told.sentences)})",
            regex.IGNORECASE,
        ),
        regex.compile(_compiled(told.contrasts, name), regex.IGNORECASE),
    )
    for name, told in _LANGUAGES.items()
]
_END = regex.compile(r"[.!?。！？؟;；]+[\"'”’»)\]*_]*(?:\s+|\Z|(?<=[。！？；]))|\n+")
_AROUND = " \t\n\r\"'“”‘’«»„`*_()[].!?。！？؟:;；>#-"


def means_nothing(text: str) -> bool:
    """Tell whether a reply says only that the documents do not help.

    Args:
        text: A whole reply. It may be in English, German, French, Spanish, Italian, Portuguese,
            Dutch, Russian, Chinese, Japanese, Korean or Arabic.

    Returns:
        Whether it says no more than that.
    """
    if len(text) > _LONGEST:
        return False
    sentences = _sentences(text)
    return bool(sentences) and any(_all_say_nothing(patterns, sentences) for patterns in _PATTERNS)


def may_mean_nothing(beginning: str) -> bool:
    """Tell whether the beginning of a reply may go on so that it says only that.

    Args:
        beginning: What there is of the reply.

    Returns:
        Whether the reply may become one that `means_nothing`.
    """
    if len(beginning) > _LONGEST:
        return False
    ends = [end.end() for end in _END.finditer(beginning)]
    whole, open_end = beginning[: ends[-1]] if ends else "", beginning[ends[-1] if ends else 0 :]
    sentences, last = _sentences(whole), open_end.strip(_AROUND)
    return any(
        (not sentences or _all_say_nothing(patterns, sentences))
        and (not last or _may_say_nothing(patterns, open_end.lstrip(_AROUND)))
        for patterns in _PATTERNS
    )


def _sentences(text: str) -> list[str]:
    return [bare for part in _END.split(text) if part and (bare := part.strip(_AROUND))]


def _all_say_nothing(patterns: _Patterns, sentences: list[str]) -> bool:
    return all(
        patterns.sentence.fullmatch(sentence) and not _contrasts(patterns, sentence)
        for sentence in sentences
    ) and not _only_describe(sentences)


def _only_describe(sentences: list[str]) -> bool:
    """Whether no sentence says that something is missing: "The documents discuss …"."""
    return bool(_DESCRIBES.match(sentences[0]))


_DESCRIBES = regex.compile(
    rf"(?:they|it|{_EN_DOCS}) (?:instead |only |merely |mainly |primarily |rather |just )?"
    r"(?:discuss|describe|talk|focus|(?:is|are) (?:only |all )?about|deal|concern)"
    r"|(?:please|let me know|if you|feel free|would you like|could you|can you)\b",
    regex.IGNORECASE,
)


def _may_say_nothing(patterns: _Patterns, beginning: str) -> bool:
    if not patterns.sentence.fullmatch(beginning, partial=True):
        return False
    lead = patterns.leads.fullmatch(beginning, partial=True)
    return bool(lead) or not _contrasts(patterns, beginning)


def _contrasts(patterns: _Patterns, sentence: str) -> bool:
    lead = patterns.leads.match(sentence)
    return bool(patterns.contrasts.search(sentence, pos=lead.end() if lead else 0))
