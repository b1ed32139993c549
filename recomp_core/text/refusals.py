"""Replies that say only that the documents do not help: "The documents do not contain …".

A language model that is told to reply with one agreed word writes such a sentence instead, in the
language of the question. A reply is one if each of its clauses is: a summary that says what the
documents lack, and then something that they hold, is a summary. To lose a summary is worse than to
pass on a refusal, so a pattern asks for more than a "not": for the documents and a verb for what
documents say, for a word for information, or for a question ("… who built it").
"""

# ruff: noqa: E501 - broken patterns are hard to read

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import regex

_LONGEST = 800  # characters; a longer reply says something


class _Language(NamedTuple):
    """How one language says it.

    `<NAME>` in a pattern stands for the pattern of that name in `words` or `_WORDS`.

    Attributes:
        words: Parts of the patterns, by name: what the language calls the documents (`DOCS`), verbs
            for what they say (`SAY`), words for information (`INFO`), questions (`ASK`) …
        leads: What may stand before a clause: "unfortunately, ".
        named: Leads that name the documents: "according to the documents, ".
        lacks: Clauses that say that the documents do not help.
        then: Clauses that say so only where the documents have been named before, by a lead or in
            an earlier clause: "it does not mention the tower".
        fillers: Clauses that say neither that nor anything else: "I'm sorry".
        joints: What stands between two clauses. A reason or an exception may be news.
        script: The scripts of its letters, as in `regex`; the first letter of a reply has one.
    """

    words: dict[str, str]
    leads: str
    named: str
    lacks: tuple[str, ...]
    then: tuple[str, ...]
    fillers: tuple[str, ...]
    joints: str
    script: str = r"\p{Latin}"


# Each gap has a bound or ends a pattern, so that hostile texts take no long time.
#
# What the documents lack has no figure in it ("do not mention the fee of 20 euros"), but a question
# or a topic may ("who built the tower in 1871"), up to its first comma.
_WORDS = {
    "REST": r"(?!\w)[^\d]*",
    "TOPIC": r"(?!\w)[^,]*(?:,[^\d]*)?",
    "FEW": r"(?:[^\s\d,]+ ){0,4}?",
    "SOME": r"(?:[^\s\d,]+ ){0,8}?",
    # What is worth saying of documents if they have none.
    "FLAW": r"(?:[^\s\d,]+ ){0,2}?(?:errors?|mistakes?|typos?|contradictions?|signatures?|fehler|widerspr(?:ü|ue)che|erreurs?|fautes?|errores|errori|erros?|fout(?:en)?|ошиб\w+)(?!\w)",
    "NUMBER": r"[#(]?\d{1,2}\)?(?:,? (?:[^\s\d,]+ ){0,3}?[#(]?\d{1,2}\)?){0,4}",
}

_LANGUAGES = (
    _Language(  # en
        words={
            "GIVEN": r"(?:provided|given|supplied|uploaded|retrieved|available|above|following|attached|included|search|source|context|two|three|four|five|\d)",
            "SHEET": r"(?:documents?(?: set)?|passages?|contexts?|texts?|excerpts?|extracts?|snippets?|chunks?)",
            "DOCS": r"(?:(?:the|these|those|this|that|any|all|both|either|your|my)(?: of)? (?:the |these )?)?(?:(?:<GIVEN> ){0,3}<SHEET>(?: <NUMBER>)?|knowledge base|(?:provided|given|supplied|uploaded|retrieved) (?:documentation|evidence|data|files?|records?|code|pages?|reports?)|(?:provided|given|supplied|retrieved|available|above) (?:sources?|articles?|materials?|information|content|paragraphs?|results?)|(?:sources|information|materials?|content|articles) (?:provided|given|above|supplied|available|<YOURS>)|search results|what <YOURS>)(?: (?:provided|given|supplied|available|at hand|<YOURS>))?(?: (?:above|here|to me))?",
            "YOURS": r"(?:(?:that )?you(?:'ve| have)? (?:provided|gave|given|shared|supplied|sent)(?: me| us)?)",
            "STRICT": r"(?:(?:the|this|these|your|my|any of the|all the) (?:<GIVEN> ){1,3}<SHEET>|<SHEET> (?:provided|given|supplied|available|<YOURS>)|(?:the )?search results)",
            "BASE": r"(?:in|within|from|through) (?:our|your|my|the|this) (?:(?:documentation|knowledge base|records?|database|files?|library|corpus|repository)(?!\w)|<GIVEN> (?:records?|data|files?))",
            "WORKS": r"(?:<DOCS>|(?:the|this|these|those|both) (?:\w+ )?(?:sources?|articles?|materials?|paragraphs?|pages?)|(?:the )?source material)",
            "IN": r"(?:anywhere )?(?:in|within|by|from|among|on|with|using|given|through|based (?:solely |only )?on)(?: any of)? <DOCS>",
            "ASK": r"(?:about |on |as to |regarding )?(?:who|whom|whose|what|when|where|why|how|which|whether|if)<TOPIC>",
            "INFO": r"(?:information|details?|mention|answers?|reference|indication)",
            "ABOUT": r"(?:about|on|regarding|concerning|relat(?:ing|ed) to|as to|pertaining to)",
            "INFOS": r"(?:<INFO>(?: <ASK>| (?:<ABOUT>|relevant|specific|of|to|for|that|needed|necessary|required|available|provided|given|there|here)<TOPIC>| <IN><REST>)?)",
            "CLUES": r"(?:(?:clues?|hints?|insights?|data|facts?) (?:<ABOUT><TOPIC>|<ASK>)|(?:relevant|pertinent|useful|helpful|related) (?:facts?|data|content|material|passages?|statements?|clues?|hints?))",
            "THING": r"(?:<INFOS>|<CLUES>|<ASK>|anything(?: (?:<ABOUT>|relevant|<IN>)<REST>| <ASK>)?|<TASK>|(?:the|that|this) \w+ (?:that )?you(?:'re| are| were)? (?:ask|look|want|need)\w*(?: for| about)?)",
            "NOT": r"(?:(?:do|does|did)(?: not|n't)|cannot|can't|fails? to|never)",
            "NO": r"(?:no|not any|not enough|insufficient|little or no)",
            "FLATLY": r"(?:(?:seem to|appear to|actually|explicitly|directly|specifically|clearly|even|otherwise|really|ever) ){0,2}",
            "SAY": r"(?:mentions?|specif(?:y|ies)|states?|says?|address(?:es)?|answers?|discuss(?:es)?|indicates?|reveals?|identif(?:y|ies)|explains?|describes?|names?|clarif(?:y|ies)|refers? to|touch(?:es)? (?:on|upon)|helps?|tells?|talks? about|deals? with|speaks? (?:of|about|to)|sheds?|gives?|go(?:es)? into|elaborates?|comments? on|records?|reports?|notes?|details?|discloses?|defines?|alludes? to|hints? at|makes? (?:it )?clear(?! that))",
            "HOLD": r"(?:contains?|includes?|provides?|gives?|offers?|have|has|holds?|covers?|suppl(?:y|ies)|presents?|lists?|yields?)",
            "SAID": r"(?:mentioned|stated|specified|given|provided|found|contained|included|named|discussed|addressed|answered|described|available|present|indicated|identified|covered|listed|made)",
            "CANNOT": r"(?:cannot|can't|can not|cant|could(?: not|n't)|(?:am|was|are|were) (?:unable|not able) to|won't|will not)",
            "I_CANNOT": r"(?:(?:i|we) <CANNOT>|i'm (?:unable|not able) to)",
            "FIND": r"(?:determin|identif|establish|tell|told|say|said|know|infer|deduc|deriv|conclud|ascertain|answer|find|found|glean|gather|discern|confirm|work(?:ed)? out|ma[dk]e out|figured? out|learn)\w*",
            "SUBJECT": r"(?:the (?:\w+ )?(?:information|answer|details?) (?:that )?you (?:are|were|want|need|asked) (?:\w+ )?(?:for |about )?|(?:the|this|that|it|its|who|what|when|where|how|whether|information|details?)(?!\w) ?(?:(?!(?:is|are|was|were|be|has|have|had|isn't|aren't|cannot|can't|could|documents?|passages?|contexts?|texts?)(?!\w))[^\s\d,]+ ){0,7})",
            "IS": r"(?:is|are|was|were|has been|have been)",
            "IS_NOT": r"(?:(?:is|are|was|were)(?: not|n't)|ha(?:s|ve)(?: not|n't) been)",
            "THERE": r"there(?:(?: <IS>|'s) (?:<NO>|nothing)| (?:is|are|was|were)n't (?:any|enough|anything))",
            "IT_IS_NOT": r"(?:it(?: is|'s| was) not|it (?:isn't|wasn't))",
            "UNCLEAR": r"(?:<IT_IS_NOT> (?:possible|clear)|it(?: is|'s| was| remains) (?:impossible|unclear)|there(?: is|'s) no way)",
            "TREAT": r"(?:discuss(?:es)?|describes?|talks? about|focus(?:es)? on|(?:is|are) about|about|deals? with|concerns?|covers?)",
            "TASK": r"(?:the|this|that|your|my|these|such) (?:\w+ )?(?:question|query|request|topic|subject|inquiry|matter)s?",
        },
        leads=r"(?:unfortunately|regrettably|sadly|alas),? |i (?:can|must|have to|need to) (?:say|confirm|report|note|tell you|inform you) that |i(?:'m| am) (?:(?:very )?sorry(?: that|,)|afraid(?: that|,)?) |sorry,? |apologies,? |(?:therefore|thus|so|hence|as such|accordingly|as a result|in short|in summary|overall|also|additionally|however),? |as an ai(?: language)?(?: model| assistant)?, |(?:after|upon|on) (?:careful )?review, ",
        named=r"(?:based (?:solely |only )?(?:on|upon)|according to|from|given|in|within|judging by|(?:after|having|upon|on) (?:carefully )?(?:review|read|examin|check|search|analy[sz]|go|look)\w*(?: through| at)?(?: of)?(?: all(?: of)?)?) <DOCS>(?: alone| only)?|as far as <DOCS> (?:go|goes|show|shows|are concerned|is concerned)|(?:based (?:solely |only )?on|from|given|going by|judging by) what(?:'s| is| was| has been| i(?:'ve| have| was| am)(?: been)?| you(?:'ve| have)?) (?:given|provided|shared|supplied|shown|here|above)",
        lacks=(
            "<DOCS> <NOT> <FLATLY><SAY><REST>",
            "<WORKS> <NOT> <FLATLY>(?:<SAY>|<HOLD>)(?: <FEW><THING>| it| this| that| so)",
            "(?:<STRICT>|(?:the|this) context) <NOT> <FLATLY>(?:contain|include|list)(?! <FLAW>)<REST>",
            "<STRICT> (?:<NOT> <FLATLY>(?:provide|give|offer|supply|present|cover)|(?:contain|include|provide|give|offer)s? no)(?! <FLAW>)<REST>",
            "(?:<STRICT>|(?:the|this) context) (?:is|are) (?:empty|blank|too short)(?: to<REST>)?",
            r"<WORKS> <HOLD> only (?:[^\s\d,]+ ){1,8}?and no(?:t|thing)? <FEW><THING>",
            "the source material <NOT> say",
            "<DOCS> <NOT> <FLATLY>(?:(?:<HOLD>) the (?:exact |specific )?(?:name|date|identity|year|reason|number) of|bear on|relate to|pertain to|apply to)<REST>",
            r"<DOCS> (?:(?:is|are) [^\d,]{1,60}? and )?(?:has|have) nothing to do with<REST>",
            "<DOCS> (?:leaves? out|omits?) (?:the (?:exact )?(?:name|date|identity|year|reason|number|answer)<REST>|<ASK>)",
            "<WORKS> <HOLD> (?:<NO>|nothing <ABOUT>) <FEW><THING>",
            "<WORKS> lacks? (?:any |sufficient |the )?<FEW><INFOS>",
            "<WORKS> makes? no (?:mention|reference)<REST>",
            "<WORKS> (?:says?|tells? us|mentions?|<HOLD>) nothing (?:<ABOUT>|relevant|pertinent|useful|helpful|of|to answer|that)<REST>",
            "<WORKS> <HOLD> little (?:of use|of help|(?:that|to) (?:(?:would|could|might) )?(?:help|answer))<REST>",
            r"<THERE> <ABOUT> (?:[^\s,]+ ){1,15}?<IN><REST>",
            r"(?:who|whom|what|when|where|how|why|whether|which) (?:[^\s,]+ ){1,15}?(?:<IS_NOT> <FLATLY>(?:<SAID>|disclosed|revealed|explained|clarified|recorded)|(?:<CANNOT>|<IS> not to) be <FIND>) (?:<IN>|(?:in|from|by) <WORKS>)",
            "<WORKS> leaves? (?:(?:<TASK>|this|that|it) (?:unanswered|open|unclear|unresolved)|(?:open|unclear|unsaid) <ASK>)",
            "<DOCS> (?:has|have|bears?) (?:no|little) (?:bearing|relevance|relation|connection) (?:on|to|with) <FEW><TASK><REST>",
            r"<DOCS> <TREAT> (?:[^\s\d,]+ ){0,11}?[^\s\d,]+, (?:and )?not (?:about|on|with)<REST>",
            r"<DOCS> (?:is|are) about <FEW>(?:different|another) (?-i:[\p{Ll} '-]*)",
            "<DOCS> neither <SAY><REST>",
            r"(?:who|what|when|where|how|why|which) (?:[^\s,]+ ){1,15}?is not something (?:that )?<DOCS> <FLATLY><SAY>",
            "<DOCS> <TREAT> (?:something else|<FEW>(?:other|different|another|unrelated) (?:topic|subject|matter|question|thing)s?)",
            "nothing (?:here|above|provided) <FLATLY>(?:helps? (?:me |us )?(?:to )?)?(?:<SAY>|answer|address|relates? to|bears? on) (?:<TASK>|<ASK>|that|this|it)",
            "<DOCS> (?:are|is)(?: all| both)?(?: completely| entirely)? (?:(?:not|n't) (?:directly )?(?:relevant|related|about|helpful|useful)|irrelevant|unrelated) (?:(?:to|for|in|with) )?<FEW><TASK><REST>",
            "<DOCS> (?:are|is) (?:insufficient|not (?:sufficient|enough)) (?:to <FIND>|for <TASK>)<REST>",
            "<DOCS> (?:are|is) silent (?:<ABOUT>)<REST>",
            "(?:none|neither|nothing) (?:of|in) (?:<WORKS>|these|them) <FLATLY>(?:<SAY><REST>|<HOLD> <FEW><THING>|(?:is|are) (?:about|relevant|related)<REST>)",
            "(?:neither|no) (?:<GIVEN> )?(?:documents?|passages?|excerpts?|snippets?)(?: (?:in|of|among) (?:the|this) (?:set|list|collection|results)| here| above| provided| given)? <FLATLY>(?:<SAY><REST>|<HOLD> <FEW><THING>|(?:is|are) (?:relevant|related)<REST>)",
            "<THERE> <FEW>(?:information|details)(?: <ASK>| (?:<ABOUT>|needed|available|provided|given|here)<TOPIC>| to (?:<FIND>|give|provide)<TOPIC>| <IN><REST>)?",
            r"<THERE> (?:<FEW>(?:<INFO>|content|evidence|discussion|coverage|trace)(?: (?:<ABOUT>|of|to|for|that) (?:[^\s\d]+ ){1,20}?| ))?<IN><REST>",
            "<THERE> <FEW>(?:<INFO>|content) <IN><REST>",
            "<THERE> <FEW>context (?:to <FIND><TOPIC>|<IN><REST>)",
            r"<THERE> <FEW><INFO> (?:(?:<ABOUT>|of|to) (?:[^\s\d]+ ){1,20}?)?(?:anywhere )?in the (?:\w+ )?materials?",
            r"no <FEW><INFO>(?: (?:<ABOUT>|of|to|for) (?:[^\s\d,]+ ){1,12}?| )(?:(?:<IS>|can be|could be) )?<SAID>(?: <IN><REST>| here| for <TASK>)?",
            r"no <FEW><INFO> (?:(?:<ABOUT>|of|to|for) (?:[^\s\d,]+ ){1,12}?)?<IN><REST>",
            "no (?:relevant|useful|helpful|pertinent|such|matching) (?:information|details?|documents?|passages?|content|answer)(?: (?:(?:<IS>|could be|can be) )?<SAID>)?(?: <IN><REST>| (?:<ABOUT>|for|to) (?:it|this|<TASK>))?",
            "nothing relevant(?: (?:was )?found)?(?: <IN><REST>)?",
            "(?:i|we) (?:<CANNOT>|do(?: not|n't)|did(?: not|n't)) (?:find|locate|see) (?:<FEW><THING>|<FEW><INFO> <BASE><REST>|<FEW><INFO> <ABOUT><TOPIC> <BASE><REST>|(?:that|this|it)(?: <IN><REST>)?)",
            "(?:i|we) (?:(?:have )?found|(?:can |could )?(?:find|see)) (?:no <FEW>(?:<INFOS>|(?:relevant|such) (?:passages?|documents?|text|content) (?:that|which|<ABOUT>)<REST>)|nothing (?:<ABOUT>|relevant|<IN>)<REST>)",
            r"<I_CANNOT> (?:\w+ly )?(?:answer|address|help(?: you)? with|assist(?: you)? with|comply with|fulfil+|summari[sz]e|do) (?:<TASK>|that|this|it|<DOCS>|(?:any |the )?relevant (?:information|content)|anything)(?:,? (?:<IN>|with|without|from)<REST>)?",
            "<I_CANNOT> (?:provide|give|write|create|produce|offer|generate|supply|form)(?: you)?(?: with)? (?:an?|any|the|that|this) <FEW>(?:summary|answer|response|information)<REST>",
            r"<I_CANNOT> <FIND> [^\d]*?<IN><REST>",
            r"(?:i|we) do(?: not|n't) know(?: the answer(?: to <TASK>)?| (?:who|when|where) [^\d,]*)?(?:,? <IN>)?",
            "(?:i|we) (?:do(?: not|n't) have|have no|lack) <FEW>(?:information|context)(?: <ASK>| (?:<ABOUT>|to|for|needed|available)<TOPIC>| <IN><REST>)?",
            "(?:i|we) (?:am|are) not (?:told|given) <ASK>",
            r"<TASK> (?:<CANNOT> be|<IS_NOT>) (?:answer|determin|address)\w*(?: <IN><REST>)?",
            r"<TASK> (?:(?:<ABOUT>|of) (?:[^\s\d,]+ ){1,10}?)?(?:<CANNOT> be|<IS_NOT>) <FLATLY>(?:<SAID>|<FIND>) <IN><REST>",
            "(?:not enough|insufficient) (?:information|context|details?)(?: <ABOUT><TOPIC>)?(?: (?:is |was )?(?:given|provided|available))?(?: <IN>)?(?: to<REST>)?",
            r"(?:none|nothing|no (?:[^\s\d,]+ ){1,4}?) ?(?:(?:is|are|was|were) )?(?:mentioned|discussed|described|named|stated|specified|listed|addressed) <IN><REST>",
            "<SUBJECT><IS_NOT> <FLATLY>(?:(?:<SAID>|disclosed|revealed|explained|clarified|recorded|noted) )?(?:(?:or|and) <SAID> )?<IN><REST>",
            "<SUBJECT><IS> (?:nowhere|never) (?:to be )?<SAID> <IN><REST>",
            "<SUBJECT><IS> (?:absent|missing) <IN><REST>",
            "<SUBJECT>(?:do|does|did)(?: not|n't) (?:seem to )?(?:appear|occur|feature|come up|show up|figure) <IN><REST>",
            "<SUBJECT><CANNOT> be (?:<FIND>|found) <IN><REST>",
            "<IT_IS_NOT> <FLATLY>(?:stated|mentioned|specified|indicated|said|explained) (?:<ASK>|<IN><REST>)",
            "it <CANNOT> be <FIND>(?: <ASK>)? <IN><REST>",
            r"<UNCLEAR> (?:to <FIND>|(?:<IN><REST>|<ASK>))(?:[^\d]* <IN><REST>|(?<=<DOCS>))",
            "<UNCLEAR> (?:to answer <TASK><REST>|<IN> <ASK>)",
            r"(?:(?:unable|not able|impossible|not possible) to|<CANNOT>(?: be)?) <FIND>(?: [^\d]*)? <IN><REST>",
            "(?:not|nowhere) (?:<SAID> )?<IN><REST>",
            "not (?:mentioned|stated|specified|answerable)|unanswerable|n/?a",
        ),
        then=(
            "(?:(?:they|it|both) )?<NOT> <FLATLY>(?:<SAY><REST>|<HOLD> <FEW><THING>)",
            "(?:they|it) (?:makes? no (?:mention|reference)<REST>|<SAY> nothing<REST>|<HOLD> <NO> <FEW><INFOS>)",
            "(?:none|neither) (?:of (?:them|these) )?<FLATLY>(?:<SAY><REST>|<HOLD> <FEW><THING>|(?:is|are) relevant<REST>)",
            "<THERE> (?:<FEW><INFOS>|<ABOUT><REST>)",
            "<IT_IS_NOT> <FLATLY>(?:known|stated|mentioned|specified|indicated)(?: <ASK>)?",
            "<UNCLEAR>(?: to <FIND><REST>| <ASK>)?",
            "it <CANNOT> be <FIND>(?: <ASK>)?",
            "(?:the )?answer(?: to <TASK>)? (?:<CANNOT> be <FIND>|(?:is|remains) (?:unclear|unknown|not (?:clear|known|<SAID>)))",
            "(?:<I_CANNOT>|(?:one|you) <CANNOT>) <FIND>(?: <ASK>| (?:the |an )?answer<REST>)?",
            r"<TASK> (?:(?:<ABOUT>|of) (?:[^\s\d,]+ ){1,10}?)?(?:remains?|stays?|is left) (?:open|unanswered|unresolved)",
            "not <ASK>",
            "none (?:is|was) <SAID>(?: <IN><REST>)?",
            "(?:i|we) (?:<CANNOT>|do(?: not|n't)|did(?: not|n't)) (?:find|locate|see)<REST>",
            "(?:it|this|that|<TASK>) (?:is|falls|lies) (?:outside|beyond)(?: of)? (?:the scope of )?<DOCS><REST>",
            "<DOCS> (?:only|just|instead|merely|solely) <TREAT><REST>",
            "nothing (?:is|was) (?:said|mentioned|stated|written|given|reported) (?:<ABOUT>|of|as to)<REST>",
            "(?:they|it) <CANNOT> be used to <FIND><REST>",
            "<SUBJECT>(?:<IS_NOT> <FLATLY>(?:mentioned|stated|specified|indicated|identified)|<CANNOT> be <FIND>)",
            "no <FEW><INFOS>",
            "(?:(?:they|it) )?(?:is|are|remains?) silent <ABOUT><REST>",
            "(?:found|saw|find|see) (?:no <FEW>(?:<INFOS>|<CLUES>|(?:discussion|coverage|trace) of<REST>)|nothing (?:<ABOUT>|relevant|<IN>)<REST>)",
        ),
        fillers=(
            "(?:i(?:'m| am) )?(?:very |so |truly )?sorry(?: about that| for (?:the|any) (?:inconvenience|confusion))?|(?:my )?apologies|i apologi[sz]e(?: for the inconvenience)?|as an ai(?: language)?(?: model| assistant)?",
            "(?:final )?answer|summary|note|response|reply|conclusion",
            "i(?:'ve| have)? (?:looked through|looked at|reviewed|checked|read|searched|went through|examined) (?:<DOCS>|(?:our|your|my|the) (?:records?|database|files?|documentation|knowledge base))",
            r"<TASK> (?:asks?|is|was|concerns?|inquires?) (?:about |for |on )?(?:[^\s\d,]+(?: |$|(?=,))){1,12},?",
            "please (?:provide|share|supply|upload|let me know|ask|consult|check|feel|try|rephrase|clarify|specify|contact|refer)<REST>",
            "(?:let me know|feel free|(?:would|could|can) you (?:like|please|provide|share|rephrase|clarify|specify|be more))<REST>",
            "if (?:you|there) (?:have|can|could|provide|need|would|share|want|are|is)<REST>",
            "i(?:'d| would|'ll| will) be (?:happy|glad) to<REST>",
            "(?:more|additional|further) (?:information|context|details?|documents) (?:is|are|would be) (?:needed|required|necessary)<REST>",
            r"(?:they|it|<DOCS>) <TREAT> (?-i:(?:(?!(?:how|who|that|by|which|where|when|was|were)\b)[\p{Ll}'-]+,?(?: |$)){1,10})",
            r"<DOCS> mentions? (?-i:(?:(?!(?:how|who|that|by|which|where|when|was|were)\b)[\p{Ll}'-]+(?: |$)){1,10})",
            r"(?:while|although|though|because|since|as) <DOCS> (?:<TREAT>|mentions?) (?-i:(?:(?!(?:how|who|that|by|which|where|when|was|were)\b)[\p{Ll}'-]+(?: |$|(?=,))){1,12}(?:,(?: \p{Ll}{0,7})?)?)",
            r"(?:they|it|<DOCS>) (?:(?:are|is) )?(?:instead|only|merely|mainly|primarily|rather|just|all) <TREAT> (?:(?!(?:how|who|that|by|which|where|when|was|were)\b)[^\s\d]+(?: |$)){1,20}",
        ),
        joints=r",? (?:because|but|however|although|though|except|whereas|while|nevertheless|other than|apart from|besides|so that|only that|which (?:is|was|means|were|had|has)|(?:since|as) (?=the |these |they |it |he |she |there |i |no |none ))(?!\w),?|, (?:yet|so|who (?:is|was|are|were|had)|and thus|and therefore|(?:[^\s,]+ ){1,4}(?:said|ruled|told|wrote|says|found|argued|claimed|testified|admitted))(?!\w)|,? and (?=(?:do|does|did)(?: not|n't)|found no|saw no|i |they |it |there |none |therefore |thus |so )|(?<=\b(?:while|although|though|because|since|as) [^,]{1,150}),(?= (?:they|it|none|neither|nothing) )|,? instead,?(?= (?:they|it))",
    ),
    _Language(  # de
        words={
            "GIVEN": r"(?:(?:bereitgestellt|vorliegend|gegeben|angegeben|obig|genannt|mitgeliefert|verf(?:ü|ue)gbar|abgerufen|gefunden)\w*|zur verf(?:ü|ue)gung gestellten?)",
            "DOCS": r"(?:(?:den|die|der|das|dem|des|diese[nmrs]?|dies|alle[nr]?|beide[nr]?|ihre[nr]?) )?(?:(?:<GIVEN> ){0,2}(?:dokumente?[ns]?|textstellen?|texte?[ns]?|passagen?|auszug|ausz(?:ü|ue)gen?|textausschnitten?|textausz(?:ü|ue)gen?|kontext(?:e?s)?|unterlagen|wissensdatenbank|wissensbasis)(?: <NUMBER>)?|(?:<GIVEN> ){1,2}(?:quellen|informationen|materialien|inhalten?|artikeln?))",
            "STRICT": r"(?:(?:(?:die|der|das|diese[rs]?|dies|ihre|alle) )?(?:<GIVEN> ){1,2}(?:dokumente?|texte?|textstellen|passagen?|auszug|ausz(?:ü|ue)ge|textausz(?:ü|ue)ge|textausschnitte|kontext|unterlagen|quellen|informationen|materialien))",
            "WORKS": r"(?:<DOCS>|(?:die|der|diese|dieser) (?:quellen?|artikel|materialien))",
            "NO": r"(?:keine?\w*|nicht|nichts|nirgends|weder)",
            "ASK": r"(?:wer|wen|wem|wessen|wann|wo|wohin|woher|was|wie|warum|weshalb|wieso|welche\w*|ob|woran|wodurch)<TOPIC>",
            "INFO": r"(?:informationen|information|angaben?|hinweise?n?|auskunft|ausk(?:ü|ue)nfte|details|erw(?:ä|ae)hnung(?:en)?|antwort(?:en)?|aussagen?|anhaltspunkte?|daten)",
            "INFOS": r"<INFO>(?:,? (?:<ASK>|(?:(?:ü|ue)ber|dar(?:ü|ue)ber|dazu|hierzu|zu|zum|zur|bez(?:ü|ue)glich|hinsichtlich|auf|darauf|diesbez(?:ü|ue)glich|f(?:ü|ue)r|(?:in|aus|von) <DOCS>)<TOPIC>))?",
            "SAY": r"(?:erw(?:ä|ae)hn|nenn|beantwort|sag|erl(?:ä|ae)uter|behandel|spezifizier|thematisier|beschreib|erkl(?:ä|ae)r|verrat|verr(?:ä|ae)t|geh|besag|kl(?:ä|ae)r|bericht|(?:ä|ae)u(?:ß|ss)er|schilder)\w*",
            "HOLD": r"(?:enth(?:ä|ae)lt|enthalten|gibt|geben|liefer\w+|mach\w+|biete\w+|beinhalt\w+|lassen|l(?:ä|ae)sst|haben|hat)",
            "SAID": r"(?:erw(?:ä|ae)hnt|genannt|angegeben|gesagt|beschrieben|enthalten|zu finden|zu entnehmen|beantwort\w+|thematisiert|aufgef(?:ü|ue)hrt|behandelt|erl(?:ä|ae)utert|hervor|ersichtlich|zu sehen|verf(?:ü|ue)gbar|vorhanden|gefunden)",
            "FIND": r"(?:beantwort|sag|bestimm|ermittel|feststell|fest|erkenn|entnehm|hervor|ableit|find|beurteil|kl(?:ä|ae)r)\w*",
            "TASK": r"(?:die|diese|der|dieser|ihre|deine|ihrer|deiner|das|dieses) (?:\w+ )?(?:frage|anfrage|thema)",
            "SUBJECT": r"(?:der|die|das|wer|was|dies\w*|es|eine?)(?!\w) ?(?:(?!(?:wurde|hat|war|wird|ist|sind|werden|steht|stehen|befinde[tn]?|finde[tn])(?!\w))[^\s\d,.]+ ){0,6}",
            "IS": r"(?:wird|werden|ist|sind|steht|stehen|befinde[tn] sich|finde[tn] sich)",
        },
        leads=r"leider |bedauerlicherweise |(?:es )?tut mir leid, |daher |somit |deshalb |folglich |allerdings |(?:dazu|hierzu|dar(?:ü|ue)ber) |auch ",
        named=r"(?:basierend auf|anhand|auf (?:der )?(?:grundlage|basis)(?: von)?|ausgehend von|laut|gem(?:ä|ae)(?:ß|ss)|nach|in|im|aus|von|mit|nach (?:durchsicht|pr(?:ü|ue)fung|durchsehen)) <DOCS>(?: allein)?|<DOCS> zufolge|(?=(?:den|diesen|dem|diesem) )<DOCS> (?=ist |sind |l(?:ä|ae)sst |lassen |kann |k(?:ö|oe)nnen )",
        lacks=(
            r"<DOCS> <SAY>,? (?:[^\s\d]+ ){0,10}?<NO><REST>",
            "<DOCS> (?:geben|gibt) <SOME>nicht an<REST>",
            "<WORKS> <SAY> <TASK> <FEW>nicht",
            r"<STRICT> (?:<SAY>|<HOLD>) (?:[^\s\d,]+ ){0,4}?kein\w*(?! <FLAW>)<REST>",
            r"(?:steht|findet sich|findet man|erf(?:ä|ae)hrt man) (?:i[nm]|aus) <DOCS> <FEW>nichts(?: <SAID>| dazu| dar(?:ü|ue)ber| (?:ü|ue)ber [^\d,]*)?",
            r"(?:(?:ich habe|mir liegen|es liegen) (?:nicht gen(?:ü|ue)gend?|nicht ausreichend\w*|keine ausreichenden|zu wenige?)|ich verf(?:ü|ue)ge nicht (?:ü|ue)ber (?:gen(?:ü|ue)gend|ausreichende|die n(?:ö|oe)tigen)) <INFO>(?: vor)?(?:, um <REST>)?",
            r"(?:<DOCS> schweig\w* (?:sich )?(?:dazu|hierzu|dar(?:ü|ue)ber|(?:zu|zur|zum|(?:ü|ue)ber) [^\d,]*)(?: aus)?|(?:dazu|hierzu|dar(?:ü|ue)ber|(?:zu|zur|zum|(?:ü|ue)ber) (?:[^\s\d,]+ ){1,6}?) ?schweig\w* (?:sich )?<DOCS>(?: aus)?)",
            r"<DOCS> (?:reich|gen(?:ü|ue)g)\w* <FEW>nicht(?: aus)?(?:,? um <TASK><REST>| f(?:ü|ue)r [^,]*antwort\w*| daf(?:ü|ue)r(?: aus)?)?",
            "<DOCS> (?:lassen|l(?:ä|ae)sst) (?:<TASK> (?:<FEW>)?(?:offen|unbeantwortet)|offen, <ASK>)",
            r"(?:kann|konnte|konnten|k(?:ö|oe)nnen|habe|haben) (?:ich|wir) (?:[^\s\d,]+ ){0,4}?(?:in|aus|anhand) <DOCS> <FEW><NO> (?:[^\s\d]+ ){0,8}?(?:<FIND>|gefunden)",
            "ohne angaben?|nicht (?:angegeben|erw(?:ä|ae)hnt)",
            r"<DOCS> (?:behandel|handel|befass|dreh|besch(?:ä|ae)ftig)\w* (?:sich )?(?:von |mit |um )?(?:etwas (?:ganz )?anderes|etwas (?:ganz )?anderem|<FEW>andere\w* them\w+)",
            "<WORKS> (?:<SAY>|<HOLD>|geben|gibt) <SOME>(?:<NO> <FEW>(?:<INFOS>|an, <ASK>|<ASK>)|nicht(?: an)?, <ASK>)",
            "(?:<HOLD>|<SAY>) <WORKS> <FEW><NO> <FEW><INFOS>",
            r"(?:(?:ü|ue)ber|zu|zur|zum) (?:[^\s\d,]+ ){1,6}?(?:(?:<HOLD>|<SAY>) <DOCS>|(?:gibt es|steht|stehen|findet sich|finden sich|wird|liegen)(?: i[nm] <DOCS>)?) <FEW><NO>(?: <FEW><INFOS>(?: vor| i[nm] <DOCS>)?|(?: <SAID>)?)",
            "<DOCS> (?:ist|sind) <SOME>(?:nicht (?:relevant|hilfreich|zutreffend|einschl(?:ä|ae)gig)|irrelevant|unzureichend|nicht ausreichend|nicht von belang) (?:f(?:ü|ue)r|um) <TASK><REST>",
            r"<DOCS> (?:ist|sind) f(?:ü|ue)r (?:die beantwortung )?<TASK> (?:nicht|ir|un)\s?(?:relevant|hilfreich|ausreichend|zureichend|geeignet)",
            "<DOCS> (?:haben|hat|stehen|steht) (?:nichts|in keinem|keinen) (?:mit|zusammenhang|bezug)<REST>",
            "keine?[sr]? (?:der|dieser|von) <DOCS> (?:<SAY><REST>|<HOLD> <FEW><INFOS>|(?:ist|sind)<SOME>relevant<REST>)",
            "kein dokument <SAY><REST>",
            r"in keine[mr] (?:der|dieser) <DOCS> (?:wird|werden|ist|sind|steht|gibt es|finde\w+ sich) (?:[^\s\d]+ ){0,10}?(?:<SAID>|<INFOS>)",
            "(?:l(?:ä|ae)sst sich|kann|ist) (?:anhand|aus|mit|auf (?:grundlage|basis)) <DOCS> <SOME>nicht <SOME><FIND>(?: werden)?(?:, <ASK>)?",
            r"(?:wer|wen|wem|wann|wo|was|wie|warum|welche\w*|ob) [^,]*, (?:geht|<IS>|l(?:ä|ae)sst sich|kann) (?:(?:aus|in|anhand) )?<DOCS> <SOME>nicht (?:<SAID>|<FIND>)",
            r"(?:wer|wen|wem|wann|wo|was|wie|warum|welche\w*|ob) [^,]*, (?:<IS>|geht) nicht (?:i[nm]|aus) <DOCS> (?:<SAID>)",
            "es (?:gibt|finden sich|liegen|sind) (?:i[nm] <DOCS> )?keine <FEW>(?!antwort)<INFOS>(?: vor| i[nm] <DOCS>| vorhanden)?",
            "es (?:wird|ist|steht|bleibt) <FEW>(?:i[nm]|aus) <DOCS> <FEW><NO> (?:<SAID>)?<REST>",
            "keine <FEW><INFOS>? ?(?:(?:(?:i[nm]|aus) <DOCS> )?(?:vorhanden|gefunden|verf(?:ü|ue)gbar|enthalten))?",
            "(?:gibt es|finden sich|stehen|liegen) i[nm] <DOCS> keine <FEW><INFOS>(?: vor)?",
            "zu <TASK> (?:liegen|gibt es|finden sich|enthalten <DOCS>) <FEW>keine <FEW><INFOS>(?: vor| i[nm] <DOCS>)?",
            r"(?:ich|wir) (?:kann|konnte|k(?:ö|oe)nnen) <SOME>(?:<TASK> <SOME>nicht <SOME><FIND>|(?:nicht|keine) <SOME>(?:<TASK>|<INFO>) <SOME><FIND>|(?:<INFO>|antwort) (?:[^\s\d]+ ){0,8}?nicht <FEW><FIND>|keine <FEW><INFOS> <FIND>|<DOCS> <SOME><NO> <SOME><FIND>)<REST>",
            r"(?:ich|wir) (?:kann|konnte|k(?:ö|oe)nnen) (?:i[nm]|aus) <DOCS> <FEW><NO> (?:[^\s\d]+ ){0,10}?<FIND><REST>",
            "ich wei(?:ß|ss) es nicht|das wei(?:ß|ss) ich nicht|ich habe (?:dazu |hierzu |dar(?:ü|ue)ber )?keine <FEW><INFOS>",
            r"(?:(?:kann|konnte|konnten|k(?:ö|oe)nnen) (?:ich|wir)|es (?:konnten|wurden)) (?:dazu |hierzu )?keine <FEW><INFO> (?:[^\s\d]+ ){0,8}?(?:finden|gefunden)(?: werden)?",
            "(?:ich|wir) (?:habe|haben) (?:(?:in|zu|(?:ü|ue)ber) [^,]*?|dazu |hierzu |dar(?:ü|ue)ber )(?:nichts|keine <FEW><INFO>) (?:dazu |hierzu |dar(?:ü|ue)ber )?gefunden",
            r"<TASK> (?:kann|l(?:ä|ae)sst sich|ist) <SOME>nicht (?:<SOME>)?(?:beantwort\w*|zu beantworten)(?: werden)?",
            "<SUBJECT><IS> (?:<FEW>nicht <FEW>i[nm] <DOCS>(?: <SAID>)?|i[nm] <DOCS> <FEW>(?:nicht|nirgends) <SAID>)",
            r"(?:i[nm]|aus) <DOCS> (?:wurden?|konnten?) (?:[^\s\d]+ ){0,2}?keine? <FEW><INFO> (?:[^\s\d]+ ){0,8}?(?:gefunden|gegeben|gemacht|entdeckt)(?: werden)?",
            "(?:nicht|nirgends) i[nm] <DOCS> (?:<SAID>)",
        ),
        then=(
            "(?:gibt|findet|finden|liegen|steht|stehen|ist|sind|enthalten) (?:es |sich )?<FEW>keine <FEW><INFOS>(?: vor| gefunden| zu finden| enthalten)?",
            r"(?:gibt|findet|finden|liegen) (?:es |sich )?(?:[^\s\d]+ ){0,10}?keine <FEW><INFOS>(?: vor)?",
            "(?:<IS>|geht|gehen) <SOME>(?:nicht|nichts|nirgends) <FEW><SAID>(?:,? (?:<ASK>|<REST>))?",
            "steht (?:nichts|nicht, <ASK>|<SOME>nichts<REST>)",
            r"(?:kann|k(?:ö|oe)nnen|l(?:ä|ae)sst|lassen) (?:(?:ich|wir|man|sich|es) )?(?:<SOME><TASK> )?<FEW><NO> (?:[^\s\d]+ ){0,8}?<FIND>(?: werden)?(?:, <ASK>)?",
            "(?:ist|bleibt) (?:es |mir )?(?:<FEW>nicht m(?:ö|oe)glich|unm(?:ö|oe)glich|unklar|nicht (?:klar|bekannt|ersichtlich|erkennbar)), (?:<ASK>|<TASK><REST>)",
            r"(?:sie|es|er|<DOCS>) (?:<SAY> (?:[^\s\d]+ ){0,8}?<NO><REST>|<HOLD> <FEW><NO> <FEW><INFOS>)",
            r"(?:sie|es|er|dort|darin|<DOCS>|i[nm] <DOCS>) <SOME>keine <FEW><INFO> (?:[^\s\d]+ ){0,8}?(?:<HOLD>|steh\w+|sind)",
            r"(?:sie|es|<DOCS>) (?:[^\s\d]+ ){0,8}?(?:nicht|kein\w*) (?:<SAY>|<SAID>)",
        ),
        fillers=(
            "(?:es )?tut mir leid|entschuldigung|(?:kurze )?antwort|zusammenfassung|hinweis|fazit",
            r"(?:bitte (?:stell|gib|geben|teil|lad|formulier|versuch|kontaktier|wend)\w*|falls sie|wenn sie|wenn du|(?:kannst|k(?:ö|oe)nntest) du|k(?:ö|oe)nn(?:t)?en sie)<REST>",
            r"(?:sie|es|<DOCS>) (?:behandel|handel|befass|beschreib|thematisier)\w* (?:sich )?(?:nur|lediglich|ausschlie(?:ß|ss)lich|stattdessen|vielmehr) (?!wie |wer |dass )[^\d,]*",
        ),
        joints=r",? (?:aber|jedoch|allerdings|obwohl|sondern|doch|au(?:ß|ss)er|w(?:ä|ae)hrend|lediglich dass|nur dass)(?!\w),?|, (?:weil|da|denn|weshalb|sodass|so dass|daher|wobei|sagte|schrieb|und (?=ich |sie |es |daher ))(?!\w)| und (?=sagen? |erw(?:ä|ae)hnen? |enth(?:ä|ae)lt|enthalten)",
    ),
    _Language(  # fr
        words={
            "DOCS": r"(?:(?:les|le|la|ma|notre|votre|l'|ces|ce|cet|des|du|tous les|vos) ?)?(?:(?:documents?|textes?|passages?|extraits?|contexte|base (?:documentaire|de connaissances?)|corpus)(?: <NUMBER>)?(?: <GIVEN>)?|(?:sources?|informations|articles?|contenus?|[ée]l[ée]ments) <GIVEN>)",
            "GIVEN": r"(?:fournie?s?|donn[ée]e?s?|disponibles?|ci-dessus|pr[ée]sent[ée]e?s?|mise?s? à disposition|propos[ée]e?s?|consult[ée]e?s?|que vous (?:avez|m'avez) \w+)",
            "STRICT": r"(?:(?:les|le|ces|ce|vos) (?:documents?|textes?|passages?|extraits?|sources?|informations|[ée]l[ée]ments|contexte) <GIVEN>)",
            "WORKS": r"(?:<DOCS>|(?:les|cet|l'|ces) ?(?:sources|articles?)|(?:la|ma|notre|votre) base de donn[ée]es)",
            "ADJ": r"(?: (?:pertinente?|fiable|suffisante?|sp[ée]cifique|pr[ée]cise?|exacte?|d[ée]taill[ée]e?|utile|compl[ée]mentaire|disponible|v[ée]rifiable)s?)",
            "ASK": r"(?:qui|quand|où|comment|pourquoi|combien|si|ce qu[ei]|quel\w*|lequel|laquelle|par qui)<TOPIC>",
            "INFO": r"(?:informations?|mention|r[ée]ponses?|d[ée]tails?|r[ée]f[ée]rence|indications?|renseignements?|pr[ée]cisions?|donn[ée]es)",
            "INFOS": r"<INFO><ADJ>?(?:,? (?:<ASK>|(?:sur|concernant|relative?s?|à (?:ce|cette|la|propos)|au|aux|permettant|pour|quant|de|du|des|pertinente?s?|suffisante?s?|utiles?|n[ée]cessaires?|(?:dans|sur) <WORKS>)<TOPIC>))?",
            "NO": r"(?:pas|aucune?|aucun|rien|nulle part|point|gu[èe]re|jamais)",
            "SAY": r"(?:mentionn|pr[ée]cis|indiqu|dis|di[tr]|r[ée]pond|parl|trait|[ée]voqu|abord|sp[ée]cifi|nomm|d[ée]cri[vt]|expliqu|r[ée]v[èe]l|r[ée]v[ée]l|d[ée]taill|clarifi|signal|rapport|cit)\w*",
            "HOLD": r"(?:contien|contenai|fourni|donn|comport|inclu|offr|apport|ont|a|propos|présent)\w*",
            "SAID": r"(?:mentionn|pr[ée]cis|indiqu|dit|[ée]voqu|abord|sp[ée]cifi|nomm|d[ée]crit|fourni|donn|disponible|pr[ée]sent|trouv|inclu|contenu|trait)\w*",
            "FIND": r"(?:d[ée]termin|savoir|dire|r[ée]pond|identifi|[ée]tabli|connaître|conna[iî]tre|pr[ée]ciser|trouv|affirmer|d[ée]dui)\w*",
            "TASK": r"(?:la|cette|votre|à|ce|le) ?(?:cette |la |votre )?(?:question|demande|requête|sujet|th[èe]me)s?",
            "SUBJECT": r"(?:les? |la |l'|cette |ce |cet |ces |son |sa |qui )[^\s\d,]+ (?:[^\s\d,]+ ){0,6}?",
        },
        leads=r"malheureusement,? |d[ée]sol[ée]e?,? |je suis d[ée]sol[ée]e?,? |(?:par cons[ée]quent|donc|ainsi),? ",
        named=r"(?:d'apr[èe]s|selon|dans|sur (?:la )?base (?:de|d')?|[àa] partir (?:de|d')?|au vu (?:de|d')?|en (?:se )?bas\w+ sur|compte tenu|apr[èe]s (?:lecture|examen|analyse|avoir \w+)(?: de)?|bas[ée] sur|en consultant) ?<DOCS>(?: seuls?)?",
        lacks=(
            r"<DOCS> (?:ne |n'y? ?)<SAY> (?:(?:<FEW>(?:pas|rien|jamais|nulle part|aucun\w*)<REST>))",
            r"<DOCS> (?:ne <SAY><REST>|n'(?:indiqu|[ée]voqu|abord|expliqu)\w*<REST>|n'en (?:parl|di[st])\w*<REST>)",
            "<WORKS> (?:ne |n')(?:<HOLD>|<SAY>) <FEW>(?:<NO> )?(?:d'|de |des |l'|la |cette |cet |ces |les )?<FEW>(?:<INFOS>|<ASK>|<TASK>)",
            "<STRICT> (?:ne |n')(?:<HOLD>|<SAY>) <NO>(?! (?:d'|de )?<FLAW>)<REST>",
            "<DOCS> (?:sont|est|reste|restent|demeurent|demeure) (?:muets?|silencieux|insuffisante?s?)(?: (?:sur|quant|à ce sujet|pour <FIND>)<REST>)?",
            "<DOCS> (?:se taisent|se tait|gardent le silence|passent? sous silence)<REST>",
            r"<DOCS> ne suffi\w* pas (?:pour|à) (?:<FIND>|<TASK>)<REST>",
            r"<DOCS> laiss\w* <TASK> (?:ouverte?|sans r[ée]ponse|en suspens)",
            r"<DOCS> (?:parl|trait|port|concern)\w* (?:sur |de |d')?(?:autre chose|<FEW>autres? (?:sujet|th[èe]me|question)s?)",
            r"<DOCS> ne (?:permet\w*) pas (?:de |d')<FIND>(?:<REST>)",
            r"<DOCS> ne (?:sont|est) (?:pas |nullement )(?:pertinent|utile|li[ée]|en rapport|en lien|suffisant)\w* (?:pour|avec|[àa]|par rapport [àa])<REST>",
            "<DOCS> n'(?:ont|a) (?:aucun|pas de) (?:rapport|lien) avec<REST>",
            "<DOCS> ne (?:font|fait) (?:aucune |pas |nulle )(?:mention|r[ée]f[ée]rence)<REST>",
            r"(?:aucun (?:document|passage|extrait|texte)(?: <GIVEN>)?|(?:aucun|rien) (?:de |des |d'entre |dans )?(?:<DOCS>|ces|eux)) (?:ne |n')(?:<SAY><REST>|<HOLD> (?:<FEW>(?:<INFOS>|<ASK>))|permet\w* (?:de |d')<FIND><REST>|(?:est|sont) pertinent\w*<REST>)",
            r"aucune <FEW>?(?!r[ée]ponse n'a [ée]t[ée] donn)<INFO>(?: (?:sur|concernant|relative?s? [àa]|au|à|de|du) (?:[^\s\d,]+ ){1,10}?| )?(?:(?:pertinente|suffisante|utile|fiable|pr[ée]cise|sp[ée]cifique) )?(?:n'(?:est|a [ée]t[ée]|y est) <SAID>(?: dans <DOCS>)?|(?:dans <DOCS>)|trouv[ée]e)(?: (?:dans (?:<WORKS>|la base)|pour)<REST>)?",
            "aucune (?:information|r[ée]ponse) (?:pertinente|utile|disponible)",
            "il n'(?:y a|existe) (?:pas|aucune?|aucun) ?(?:d'|de )?<FEW>(?!r[ée]ponse)<INFOS>",
            r"ni (?:[^\s\d,]+ ){1,4}?ni (?:[^\s\d,]+ ){0,3}?(?:document|texte|passage|extrait)s? (?:ne |n')<SAY><REST>",
            r"il n'(?:y a|est|existe) (?:pas|rien|aucune?|aucun|nulle part) (?:[^\s\d]+ ){0,12}?dans <DOCS><REST>",
            "pas d'informations?(?: (?:[àa] ce sujet|disponibles?|pertinentes?|(?:sur|dans)<REST>))?",
            r"je (?:ne|n'ai)(?: trouve| peux| suis| dispose| vois)? ?(?:pas|aucune?)? (?:trouv[ée]r? |en mesure de )?(?:d')?<FEW>(?:<INFOS>|<FIND> (?:[àa] )?<TASK><REST>|(?:[^\s\d]+ ){0,10}dans <DOCS><REST>)",
            "je ne (?:peux|suis) (?:pas |en mesure )(?:<FIND>|de <FIND>)<REST>(?<=<DOCS>|question|demande)",
            "je ne sais pas",
            r"(?:il n'est pas |il est im|il est |impossible)(?:possible )?(?:de |d')<FIND> (?:[^\s\d]+ ){0,15}?(?:(?:[àa] partir|sur la base|d'apr[èe]s|selon|avec|dans)(?: de)? <DOCS>|[àa] <TASK>)<REST>",
            "(?:la|cette) question ne (?:peut|trouve) (?:pas|être)<REST>",
            r"<SUBJECT>(?:ne (?:figure|se trouve)\w*|n'(?:est|sont|appara[iî]t)) (?:pas|nulle part)(?: <SAID>)? dans <DOCS>",
            r"il n'est (?:pas|nulle part) (?:fait )?(?:mention|<SAID>)(?: (?:[^\s\d]+ ){0,10}?)?dans <DOCS>",
            "non (?:mentionn|pr[ée]cis|indiqu|sp[ée]cifi)[ée]e?(?: dans <DOCS>)?",
        ),
        then=(
            r"(?:il|elle|ils|elles|on) (?:ne |n')(?:<SAY><REST>|<HOLD> <FEW>(?:<INFOS>|<ASK>)|permet\w* pas (?:de |d')<FIND><REST>)",
            "il n'(?:y a|existe) (?:pas|aucune?|aucun|rien) ?(?:d'|de )?<FEW>(?:<INFOS>|sur <REST>)",
            "(?:il (?:n'est pas |est im)possible (?:de |d')<FIND>|il est (?:impossible|difficile) (?:de |d')<FIND>|on ne peut pas <FIND>|on (?:ne sait pas|ignore))<REST>",
            r"(?:rien|aucun \w+|aucune \w+) (?:ne |n')(?:<SAY>|permet)<REST>",
            "il n'est (?:pas|nulle part|fait|jamais) (?:<SAID>|question de |question du |fait mention|aucune mention|mention)<REST>",
            r"<SUBJECT>(?:n'est|ne sont) (?:pas|nulle part) (?:mentionn|pr[ée]cis|indiqu|sp[ée]cifi)\w*",
            "je ne (?:peux|trouve) (?:pas <FIND>|pas|aucune|rien)(?: de)? (?:<INFO><REST>|[àa] <TASK><REST>|<ASK>)",
            "aucune <FEW><INFOS>",
        ),
        fillers=(
            "(?:je suis )?d[ée]sol[ée]e?|r[ée]ponse|r[ée]sum[ée]|remarque|note",
            "(?:veuillez|n'h[ée]sitez pas|si vous|pouvez-vous|pourriez-vous|puis-je|peux-tu|pourrais-tu)<REST>",
            r"(?:ils|il|<DOCS>) (?:parl|trait|port|concern|abord)\w* (?:uniquement|seulement|plut[ôo]t|exclusivement) (?!comment |qui |que )[^\d,]*",
        ),
        joints=r",? (?:mais|cependant|toutefois|bien que|sauf|tandis que|alors que|n[ée]anmoins|hormis|seulement que|car|parce que?|puisque?|[ée]tant donn[ée] que|c'est pourquoi|donc)(?!\w),?|, (?:a dit|dit|dont|ce qui|il est seulement)(?!\w)|,? et (?=(?:ne|n'|je|il|ils|aucun)(?!\w))",
    ),
    _Language(  # es
        words={
            "DOCS": r"(?:(?:los|el|estos|este|la|las|esta|estas|sus|todos los|dichos) )?(?:(?:documentos?|textos?|pasajes?|fragmentos?|extractos?|contexto|base de conocimientos?)(?: <NUMBER>)?(?: <GIVEN>)?|(?:fuentes|informaci[óo]n|art[íi]culos?|materiales|contenidos?) <GIVEN>)",
            "GIVEN": r"(?:proporcionad[oa]s?|dad[oa]s?|disponibles?|anteriores|facilitad[oa]s?|suministrad[oa]s?|adjunt[oa]s?|ofrecid[oa]s?|aportad[oa]s?|que (?:me )?(?:has|ha) \w+)",
            "STRICT": r"(?:(?:los|el|las|la|estos|este|estas|sus) (?:documentos?|textos?|pasajes?|fragmentos?|extractos?|fuentes|informaci[óo]n|materiales|contenidos?|contexto) <GIVEN>)",
            "WORKS": r"(?:<DOCS>|(?:las|los|el|estas|este) (?:fuentes|art[íi]culos?|material(?:es)?)|(?:la|mi|nuestra|tu) (?:base de datos|documentaci[óo]n))",
            "ADJ": r"(?: (?:espec[íi]fic[oa]|relevante|suficiente|verificable|concret[oa]|exact[oa]|precis[oa]|detallad[oa]|adicional|pertinente|[úu]til|disponible|algun[oa])s?)",
            "ASK": r"(?:de |sobre |por )?(?:qui[ée]n\w*|cu[áa]ndo|d[óo]nde|c[óo]mo|por qu[ée]|cu[áa]nt\w+|si|qu[ée]|cu[áa]l\w*)<TOPIC>",
            "INFO": r"(?:informaci[óo]n|menci[óo]n|respuesta|detalles?|referencias?|indicaci[óo]n|indicios|datos)",
            "INFOS": r"<INFO><ADJ>?(?:,? (?:<ASK>|(?:sobre|acerca|al respecto|relativ[oa]s?|relacionad[oa]s?|relevante|suficiente|[úu]til|de|del|a|al|para|respecto|que|pertinente|alguna|necesaria|en <WORKS>)<TOPIC>))?",
            "SAY": r"(?:mencion|especific|indic|dice|dicen|respond|habl|abord|se[ñn]al|aclar|trat|explic|describ|nombr|precis|revel|contest|detall|identific|inform|recog|reflej|coment|relat)\w*",
            "HOLD": r"(?:contien|proporcion|dan|da|incluy|ofrec|aport|tien|brind|facilit|present)\w*",
            "SAID": r"(?:menciona\w*|indica\w*|especifica\w*|encuentra\w*|aparece\w*|dice|figura\w*|consta\w*|disponibles?|incluid[oa]s?|recogid[oa]s?|presentes?|contenid[oa]s?|nombra\w*|describe\w*|detalla\w*)",
            "FIND": r"(?:determin|saber|decir|respond|identific|establec|conocer|precis|encontr|afirmar|deduc|contest)\w*",
            "TASK": r"(?:la|esta|su|tu|el|este) (?:pregunta|consulta|solicitud|tema|cuesti[óo]n)",
            "SUBJECT": r"(?:el|la|los|las|esta|este|esa|ese|eso|esto|su|qui[ée]n)(?: [^\s\d,]+){1,7}? ",
        },
        leads=r"lamentablemente,? |desafortunadamente,? |lo siento,? |por desgracia,? |(?:por (?:lo )?tanto|as[íi] que),? ",
        named=r"(?:seg[úu]n|en|a partir de|con base en|bas[áa]ndo(?:me|nos|se) en|en base a|de acuerdo con|sobre la base de|conforme a|tras (?:revisar|leer|analizar|examinar)|despu[ée]s de (?:revisar|leer|analizar)|con) <DOCS>",
        lacks=(
            "<DOCS> (?:tampoco|no) (?:se )?<SAY><REST>",
            "<STRICT> no (?:<HOLD>|<SAY>)(?! <FLAW>)<REST>",
            "<DOCS> (?:guarda|callan?|mantiene)n? ?(?:silencio )?(?:sobre|acerca|al respecto|respecto)<REST>",
            "<DOCS> (?:es|son|resultan?) insuficientes?(?: para (?:<FIND>|<TASK>)<REST>)?|<DOCS> no (?:bastan?|alcanzan?) para (?:<FIND>|<TASK>)<REST>",
            "<DOCS> dejan? <TASK> (?:abierta|sin (?:responder|respuesta)|en el aire)",
            r"<DOCS> (?:habla|trata|versa)n? (?:de |sobre )?(?:otra cosa|<FEW>otr[oa]s? (?:tema|asunto|cuesti[óo]n)\w*)",
            "<WORKS> (?:tampoco|no) (?:<HOLD>|<SAY>) <FEW>(?:<INFOS>|<ASK>|<TASK>|nada (?:sobre|de|al|acerca)<REST>)",
            "<WORKS> (?:carecen|carece) de <FEW><INFOS>",
            r"<DOCS> no permit\w* <FIND><REST>",
            r"<DOCS> no hac\w+ (?:ninguna |alguna )?(?:referencia|menci[óo]n|alusi[óo]n)<REST>",
            r"<DOCS> no (?:son|es|est[áa]n|est[áa]) (?:relevante|pertinente|relacionad|suficiente|[úu]til)\w* (?:para|con|a)<REST>",
            "<DOCS> no (?:tienen|guardan|tiene|guarda) (?:nada que ver|relaci[óo]n)<REST>",
            r"(?:ning[úu]n[oa]?|nada)(?: (?:de|en))? (?:<DOCS>|ellos|estos|documento|texto|pasaje|fragmento) (?:<SAY><REST>|<HOLD> <FEW>(?:<INFOS>|<ASK>)|hace (?:referencia|menci[óo]n)<REST>|(?:es|son) relevante\w*<REST>)",
            r"no (?:hay|existen?|se (?:encuentra|encuentran|encontr[óo]|encontraron|proporciona|ofrece|dispone de|ha encontrado)|aparece|consta) (?:[^\s\d,]+ ){0,2}?(?:informaci[óo]n|detalles|menci[óo]n)(?:,? (?:<ASK>|(?:sobre|acerca|al respecto|relevante|suficiente|relacionada|respecto|pertinente|disponible|de (?:quien|c)|para <FIND>|en <DOCS>)<TOPIC>))?",
            r"no (?:hay|existe) (?:[^\s\d]+ ){0,3}?(?:<INFO>|nada) (?:[^\s\d]+ ){0,12}?en (?:<DOCS><REST>|<WORKS>)",
            r"no se <SAID> (?:[^\s\d]+ ){0,12}?en <DOCS><REST>",
            r"no (?:puedo|pude|podemos|se puede|me es posible) (?:<FIND>|ofrecer|dar|proporcionar|generar|elaborar|formular) (?:[^\s\d]+ ){0,8}?(?:<TASK>|<INFO>|<DOCS>|resumen)<REST>",
            r"no (?:encuentro|encontr[ée]|tengo|he encontrado|dispongo de) (?:[^\s\d,]+ ){0,3}?<INFOS>",
            "no (?:encuentro|encontr[ée]|he encontrado|hall[ée]) nada (?:al respecto|sobre|acerca|en <DOCS>|relevante)<REST>",
            "no (?:lo )?s[ée](?: la respuesta)?|no (?:puedo|podemos) (?:responder|contestar)(?: a eso)?",
            r"<TASK> no (?:se )?(?:puede|tiene) (?:ser )?(?:respond\w*|respuesta|contest\w*)<REST>",
            r"(?:no es|es im)(?: )?posible <FIND> (?:[^\s\d]+ ){0,15}?(?:(?:a partir de|con|seg[úu]n|en|con base en|bas[áa]ndose en) <DOCS>|<TASK>)<REST>",
            "<SUBJECT>no (?:se |est[áa]n? |es )?(?:se )?<SAID> (?:en|entre) (?:ninguno de )?<DOCS>",
            "<SUBJECT>no est[áa]n? en <DOCS>",
            "no (?:mencionado|especificado|indicado|se menciona|se especifica)(?: en <DOCS>)?|(?:sin|ninguna) informaci[óo]n(?: (?:relevante|disponible|al respecto|sobre <TASK>))?",
        ),
        then=(
            r"(?:ellos |[ée]stos )?(?:tampoco|no) (?:se )?(?:<SAY><REST>|<HOLD> <FEW>(?:<INFOS>|<ASK>)|hac\w+ (?:referencia|menci[óo]n)<REST>)",
            "no (?:hay|existen?|aparece|consta|figura)n? <FEW>(?:<INFOS>|nada (?:sobre|acerca|al respecto)<REST>)",
            "(?:no es posible|es imposible|no se puede|no puedo|no podemos|resulta imposible) <FIND><REST>",
            "no (?:queda|est[áa]|es) clar[oa],? <ASK>|(?:(?:se )?desconoce|no se sabe) <ASK>",
            "<SUBJECT>no se (?:menciona|indica|especifica|nombra)n?",
            r"no (?:aparece|figura|consta)n? (?:(?:el|la|los|las|su|sus|cu[áa]l|qui[ée]n|cu[áa]ndo|d[óo]nde)(?!\w)|<INFO>)<REST>",
            r"no (?:se )?(?:encuentr|encontr|<SAID>)\w* <FEW><INFOS>",
        ),
        fillers=(
            "lo siento|disculpe|perd[óo]n|respuesta|resumen|nota",
            "(?:por favor|si (?:necesita|tiene|desea|quiere)s?|no dude|(?:podr[íi]as?|puedes?) (?:reformular|proporcionar|dar|compartir|ser))<REST>",
            r"(?:ellos )?(?:<DOCS> )?(?:solo|s[óo]lo|solamente|[úu]nicamente) (?:habla|trata|aborda|describe)n? (?:de |sobre )?(?!c[óo]mo |qui[ée]n |que )[^\d,]*",
        ),
        joints=r",? (?:pero|sin embargo|aunque|salvo|excepto|mientras que|no obstante|sino|solo que|porque|ya que|puesto que|debido a que|dado que|as[íi] que|por lo que|por lo cual|lo que)(?!\w),?|, (?:dijo|pues|que (?:es|fue|era)|por (?:lo )?tanto)(?!\w)| y (?=(?:no|tampoco|ninguno) )",
    ),
    _Language(  # it
        words={
            "DOCS": r"(?:(?:i|il|la|questi|questo|le|gli|lo|nella|nei|nel|dei|dai|dal|del|ai|sui|nello|negli|nelle|delle|tutti i|i due) )?(?:(?:documento|documenti|testo|testi|passaggi|passaggio|brani|brano|estratti|contesto|base di conoscenza|knowledge base)(?: <NUMBER>)?(?: <GIVEN>)?|(?:fonti|informazioni|articoli|materiali|contenuti) <GIVEN>)",
            "GIVEN": r"(?:fornit[ioea]|dat[ioea]|disponibili|messi a disposizione|propost[ioea]|allegat[ioe]|consultat[ioe]|presentat[ioe]|precedenti)",
            "STRICT": r"(?:(?:i|il|gli|le|questi|questo) (?:documenti|documento|testi|testo|passaggi|brani|brano|estratti|fonti|informazioni|materiali|contenuti|contesto) <GIVEN>)",
            "WORKS": r"(?:<DOCS>|(?:le|gli|l'|nelle|negli|nel|il) ?(?:fonti|articoli|articolo|materiale))",
            "ASK": r"(?:su |di |da )?(?:chi|quando|dove|come|perch[ée]|quant[oaie]|se|quale?|quali|che cosa|cosa)<TOPIC>",
            "INFO": r"(?:informazion[ie]|menzione|rispost[ae]|dettagli[o]?|riferiment[oi]|indicazion[ie]|notizi[ae]|accenn[oi]|dati)",
            "INFOS": r"<INFO>(?:,? (?:<ASK>|(?:su|sul|sulla|sullo|sui|sulle|sugli|riguard\w+|relativ\w+|in merito|al riguardo|circa|per|utili?|rilevanti?|sufficienti?|necessari\w+|pertinenti?|alla|al|a|di|del|della|che|specific\w+|concernent\w+|nei <DOCS>|<DOCS>)<TOPIC>)|(?: sull')[^\d]*)?",
            "SAY": r"(?:menzion|specific|indic|dic|rispond|parl|riport|tratt|precis|affront|spieg|descriv|nomin|cita|rivel|chiari|fa riferimento|fanno riferimento|accenn|identific|illustr|approfond|elenc|svel)\w*",
            "HOLD": r"(?:conten|contien|forni|danno|d[àa]|includ|offr|hanno|ha|presenta)\w*",
            "SAID": r"(?:menzionat|specificat|indicat|dett|riportat|trattat|precisat|nominat|citat|descritt|present|fornit|contenut|disponibil|inclus|trovat|reperibil)\w+",
            "FIND": r"(?:determin|sapere|dire|rispond|identific|stabilir|conoscer|precis|trovar|afferm|dedur|risalir)\w*",
            "TASK": r"(?:la|alla|questa|tua|sua|alla tua|il|l') ?(?:domanda|richiesta|tema|argomento|questione|quesito)",
            "SUBJECT": r"(?:(?:il|lo|la|i|le|gli|questa|questo|queste|chi) |l')[^\s\d,]+ (?:[^\s\d,]+ ){0,6}?",
        },
        leads=r"purtroppo,? |mi dispiace,? |spiacente,? |(?:quindi|pertanto|perci[òo]),? ",
        named=r"(?:secondo|in base a|sulla base|stando|da quanto riportato|a partire|basandomi|basandosi|dopo aver (?:letto|esaminato|analizzato)|con|su|considerando|(?=nei |nel |dai |dal |dalle |nelle ))(?: (?:su|sui|ai))? ?<DOCS>",
        lacks=(
            "<DOCS> non <SAY><REST>",
            r"<WORKS> non (?:<HOLD>|<SAY>) (?:[^\s\d,]+ ){0,3}?(?:<INFOS>|<ASK>|<TASK>|nulla (?:su|di|al|riguardo)<REST>)",
            "<DOCS> (?:taccion[oi]|tace|sono muti|[èe] muto) (?:su|sul|sulla|sui|sulle|al riguardo|in merito|riguardo)<REST>",
            "<DOCS> (?:sono|[èe]) insufficient[ie](?: (?:per|a) (?:<FIND>|<TASK>)<REST>)?|<DOCS> non (?:basta|bastano) (?:per|a) (?:<FIND>|<TASK>)<REST>",
            "<DOCS> lascia(?:no)? <TASK> (?:aperta|senza risposta|in sospeso)",
            "<DOCS> (?:parla|tratta)(?:no)? (?:di |d')?(?:altro|<FEW>altr[oi] (?:tem[ai]|argoment[oi]))",
            r"non (?:ho|abbiamo) trovato (?:nulla|niente) (?:(?:in merito|al riguardo|di rilevante)(?: <WORKS>)?|(?:su|sul\w*|riguardo) <REST>|(?=nei |nel )<DOCS>)",
            r"<DOCS> non (?:consent|permett)\w* di <FIND><REST>",
            "<DOCS> non (?:fanno|fa) (?:alcun |nessun )?(?:riferimento|menzione|cenno)<REST>",
            r"<DOCS> non (?:sono|[èe]) (?:pertinent|rilevant|correlat|attinent|util|sufficient)\w* (?:alla|con|per|a|al|ai)<REST>",
            "<DOCS> non (?:hanno|ha) (?:nulla a che|nessuna relazione|attinenza)<REST>",
            "(?:nessuno|nessun|niente|nulla)(?: (?:dei|tra i|di|nei|in))? (?:<DOCS>|documento|testo|brano|passaggio|essi) (?:<SAY><REST>|<HOLD> <FEW>(?:<INFOS>|<ASK>)|(?:[èe]|fa) (?:pertinente|rilevante|riferimento)<REST>)",
            r"nessun(?:a|'|) ?(?:informazione|dettaglio|riferimento|menzione) (?:(?:rilevante|pertinente|disponibile|utile)(?: trovat[ao])?(?: (?:nel|nella|nei|per)<REST>)?|(?:al riguardo)|(?:[^\s\d]+ ){0,10}?(?:<DOCS>))",
            r"non (?:ci sono|c'[èe]|vi sono|sono presenti|[èe] presente|sono disponibili|sono fornite|esistono|si trovano) (?:[^\s\d,]+ ){0,2}?(?:informazion\w|dettagli|menzione|riferiment[oi])(?: (?:su|sul|sulla|sui|sulle|al riguardo|in merito|relativ\w+|riguard\w+|sufficient\w|rilevant\w|pertinent\w|per <FIND>|di|a|al|alla|<DOCS>)<TOPIC>| sull'[^\d]*)?",
            r"non (?:ci sono|c'[èe]|vi sono|[èe] presente) (?:[^\s\d]+ ){0,3}?(?:<INFO>|nulla) (?:[^\s\d]+ ){0,12}?(?=nei |nel )<DOCS><REST>",
            r"non (?:posso|riesco a|sono in grado di|[èe] possibile|siamo in grado di) (?:<FIND>|fornire|trovare|generare|formulare) (?:[^\s\d]+ ){0,12}?(?:<TASK>|<INFO>|<DOCS>|riassunto)<REST>",
            "<STRICT> non (?:<HOLD>|<SAY>)(?! <FLAW>)<REST>",
            "non (?:trovo|troviamo|riesco a trovare|ho trovato) <FEW><INFOS>",
            r"non (?:ho|abbiamo|dispongo di|disponiamo di) (?:trovato |)(?:[^\s\d,]+ ){0,3}?<INFOS>",
            "non (?:lo )?so(?: rispondere)?|non (?:posso|so) rispondere",
            r"<TASK> non (?:pu[òo] (?:essere|ricevere)|trova) (?:risposta|rispost\w+)<REST>",
            "<SUBJECT>non (?:[èe]|viene|vengono|sono|si trova|compare|figura) (?:<SAID> )?(?=nei |nel |nelle |in |dai )(?:in )?(?:nessuno dei )?<DOCS>",
            r"non (?:viene|[èe]|vengono|sono) <SAID> (?:[^\s\d]+ ){0,8}?(?=nei |nel )<DOCS><REST>",
            "non (?:menzionat|specificat|indicat|disponibil|present|trovat|reperit)[aoie](?: <DOCS>)?",
        ),
        then=(
            "(?:essi )?non (?:<SAY><REST>|<HOLD> <FEW>(?:<INFOS>|<ASK>)|(?:fanno|fa) (?:alcun )?(?:riferimento|menzione|cenno)<REST>)",
            "non (?:ci sono|c'[èe]|vi sono|[èe]|sono|viene|vengono|si trovano) (?:presenti |presente |disponibili |fornite |riportate )?<FEW>(?:<INFOS>|nulla (?:su|al)<REST>)",
            "non (?:[èe]|viene|vengono|sono) <SAID> (?:<ASK>|<INFOS>)?",
            "non si (?:<SAY>|sa <ASK>|evince|ricava|capisce|fa menzione|trova <INFO>)<REST>",
            "(?:non (?:[èe] possibile|posso|si pu[òo]|[èe] chiaro|riesco a)|[èe] impossibile) (?:<FIND><REST>|<ASK>)",
            r"<SUBJECT>non (?:[èe]|viene|vengono|sono) (?:menzionat|specificat|indicat|precisat|nominat)\w",
        ),
        fillers=(
            "mi dispiace|spiacente|risposta|riassunto|nota|sintesi",
            "(?:per favore|se (?:hai|ha|vuoi|desideri|desidera)|ti prego|fammi sapere|prova a|(?:puoi|potresti|pu[òo]|potrebbe) (?:riformulare|fornire|specificare|condividere))<REST>",
            r"(?:essi )?(?:<DOCS> )?(?:parlano|trattano|parla|tratta|descrivono) (?:solo|soltanto|unicamente|esclusivamente) (?!come |chi |che )[^\d,]*",
        ),
        joints=r",? (?:ma|tuttavia|per[òo]|sebbene|anche se|tranne|mentre|bens[ìi]|solo che|perch[ée] (?=fu |[èe] |era |i |non )|poich[ée]|dato che|quindi|pertanto|in quanto)(?!\w),?|, (?:disse|che (?:[èe]|fu|era)|dice)(?!\w)| e (?=(?:non|nessuno) )|(?:poich[ée]|siccome) ",
    ),
    _Language(  # pt
        words={
            "DOCS": r"(?:(?:os|o|a|estes|este|as|esses|esse|nos|no|na|nas|dos|do|das|pelos|aos|ao|todos os|nestes|nesses) )?(?:(?:documentos?|textos?|trechos?|passagens|passagem|excertos?|contexto|base de conhecimentos?)(?: <NUMBER>)?(?: <GIVEN>)?|(?:fontes|informa[çc][õo]es|artigos?|materiais|conte[úu]dos?) <GIVEN>)",
            "GIVEN": r"(?:fornecid[oa]s?|dad[oa]s?|dispon[íi]veis|apresentad[oa]s?|disponibilizad[oa]s?|acima|anexad[oa]s?|enviad[oa]s?)",
            "STRICT": r"(?:(?:os|o|as|estes|este|esses|esse) (?:documentos?|textos?|trechos?|passagens|excertos?|fontes|informa[çc][õo]es|materiais|conte[úu]dos?|contexto) <GIVEN>)",
            "WORKS": r"(?:<DOCS>|(?:as|os|o|nas|nos|no) (?:fontes|artigos?|material))",
            "ASK": r"(?:sobre |de |por )?(?:quem|quando|onde|como|por qu[eê]|por que|quant[oa]s?|se|qual|quais|o qu[eê]|o que)<TOPIC>",
            "INFO": r"(?:informa[çc](?:[ãa]o|[õo]es)|men[çc][ãa]o|men[çc][õo]es|respostas?|detalhes?|refer[êe]ncias?|indica[çc](?:[ãa]o|[õo]es)|dados)",
            "INFOS": r"<INFO>(?: (?:espec[íi]fic[oa]s?|detalhad[oa]s?|concret[oa]s?|exat[oa]s?|diretamente))?(?:,? (?:<ASK>|(?:sobre|acerca|a respeito|relativ\w+|relacionad\w+|referente\w*|relevantes?|suficientes?|[úu]te?i[sl]|para|quanto|de|do|da|dos|das|ao|[àa]|que|necess[áa]ri\w+|pertinentes?|n[oa]s? <DOCS>|<DOCS>)<TOPIC>))?",
            "SAY": r"(?:mencion|especific|indic|diz|dizem|respond|fal|abord|trat|inform|esclare[cç]|explic|descrev|cit|revel|nome[ia]|identific|fazem refer|faz refer|fazem men|faz men|detalh|apont|relat|registr)\w*",
            "HOLD": r"(?:cont[êeé]m|fornec|d[ãáa]o?|inclu|oferec|t[êe]m|traz|apresent|possu)\w*",
            "SAID": r"(?:mencionad|especificad|indicad|dit|abordad|tratad|informad|citad|descrit|fornecid|presente|dispon[íi]ve|contid|inclu[íi]d|encontrad|nomead)\w*",
            "FIND": r"(?:determin|saber|dizer|respond|identific|estabelec|conhecer|afirm|encontr|deduz|conclu|precis)\w*",
            "TASK": r"(?:[àa]|a|esta|essa|sua|[àa] sua|o|este|tua) (?:pergunta|quest[ãa]o|consulta|tema|solicita[çc][ãa]o|assunto)",
            "SUBJECT": r"(?:o|a|os|as|essa|esta|isso|isto|esse|quem)(?: [^\s\d,]+){1,7}? ",
        },
        leads=r"infelizmente,? |lamento,? |desculpe,? |sinto muito,? |(?:portanto|assim|logo),? ",
        named=r"(?:segundo|de acordo com|conforme|com base|a partir|baseando-me|baseado|ap[óo]s (?:analisar|ler|examinar|revisar)|pelo que consta|considerando|em|(?=nos |no |nas |nestes |nesses |pelos ))(?: em)? ?<DOCS>|(?:com base|a partir) (?:no|do) material",
        lacks=(
            "<DOCS> (?:tamb[ée]m )?n[ãa]o <SAY><REST>",
            r"<WORKS> n[ãa]o (?:<HOLD>|<SAY>) (?:[^\s\d,]+ ){0,3}?(?:<INFOS>|<ASK>|<TASK>|nada (?:sobre|a respeito)<REST>)",
            "<DOCS> (?:s[ãa]o|[ée]) (?:omissos?|silenciosos?) (?:quanto|sobre|a respeito)<REST>|<DOCS> (?:silencia|cala)m? (?:sobre|quanto)<REST>",
            "<DOCS> (?:s[ãa]o|[ée]) insuficientes?(?: para (?:<FIND>|<TASK>)<REST>)?|<DOCS> n[ãa]o bastam? para (?:<FIND>|<TASK>)<REST>",
            "<DOCS> deixam? <TASK> (?:em aberto|sem resposta)",
            r"<DOCS> (?:fala|trata)m? (?:de |sobre )?(?:outra coisa|<FEW>outr[oa]s? (?:tema|assunto|quest)\w*)",
            "n[ãa]o (?:encontrei|encontramos|achei) nada (?:a respeito|sobre|relevante)<REST>",
            r"<DOCS> n[ãa]o permit\w* <FIND><REST>",
            r"<DOCS> n[ãa]o (?:s[ãa]o|[ée]|est[ãa]o|est[áa]) (?:relevante|pertinente|relacionad|suficiente|[úu]te?i)\w* (?:para|com|[àa]|ao)<REST>",
            "<DOCS> n[ãa]o t[êe]m (?:nada a ver|rela[çc][ãa]o)<REST>",
            r"(?:nenhum|nada)a?(?: (?:dos|de|nos|dentre os))? ?(?:<DOCS>|deles|documento|texto|trecho) (?:<SAY><REST>|<HOLD> <FEW>(?:<INFOS>|<ASK>)|(?:[ée]|s[ãa]o) relevante\w*<REST>)",
            "nenhuma informa[çc][ãa]o (?:relevante|dispon[íi]vel|pertinente|sobre <REST>)?(?: ?(?:foi|fora) encontrada)?(?: (?=nos |no )<DOCS>)?",
            r"n[ãa]o (?:h[áa]|existem?|foi encontrada|foram encontradas|constam?|encontrei|encontramos|tenho|disponho de) (?:[^\s\d,]+ ){0,2}?(?:informa[çc](?:[ãa]o|[õo]es)|detalhes|men[çc][ãa]o)(?: (?:sobre|acerca|a respeito|relativ\w+|relevantes?|suficientes?|dispon[íi]\w+|ao|[àa]|de|do|da|para <FIND>|<DOCS>|<ASK>)<TOPIC>)?",
            r"n[ãa]o (?:h[áa]|existe|consta) (?:[^\s\d]+ ){0,3}?(?:<INFO>|nada) (?:[^\s\d]+ ){0,12}?(?=nos |no )<DOCS><REST>",
            r"n[ãa]o (?:posso|consigo|foi poss[íi]vel|[ée] poss[íi]vel|sou capaz de) (?:<FIND>|fornecer|oferecer|gerar|formular) ?(?:[^\s\d]+ ){0,12}?(?:<TASK>|<INFO>|<DOCS>|resumo)<REST>",
            "<STRICT> n[ãa]o (?:<HOLD>|<SAY>)(?! <FLAW>)<REST>",
            "n[ãa]o (?:encontro|encontramos|encontrei|acho|achei|localizei|consigo encontrar|consegui encontrar) <FEW><INFOS>",
            "n[ãa]o sei(?: a resposta)?|n[ãa]o (?:posso|consigo|sei) responder",
            r"<TASK> n[ãa]o (?:pode|tem) (?:ser )?(?:respond\w+|respost\w+)<REST>",
            "<SUBJECT>n[ãa]o (?:[ée]|s[ãa]o|est[áa]|est[ãa]o|foi|consta|aparece|se encontra)m? (?:<SAID> )?(?=nos |no |nas |em |dos |do |das )(?:em )?(?:nenhum dos )?<DOCS>",
            r"n[ãa]o (?:[ée]|s[ãa]o|est[áa]|consta|foi) (?:<SAID> )?(?:[^\s\d]+ ){0,8}?(?=nos |no )<DOCS><REST>",
            "n[ãa]o (?:mencionado|especificado|informado|indicado)(?: <DOCS>)?|sem informa[çc][õo]es(?: relevantes)?",
        ),
        then=(
            "(?:eles )?(?:tamb[ée]m )?n[ãa]o (?:se )?(?:<SAY><REST>|<HOLD> <FEW>(?:<INFOS>|<ASK>))",
            "n[ãa]o (?:h[áa]|existem?|constam?|foi encontrada|encontrei) <FEW>(?:<INFOS>|nada (?:sobre|a respeito)<REST>)",
            "n[ãa]o (?:[ée]|est[áa]|fica|foi) (?:<SAID>|claro|clara),? ?(?:<ASK>|<INFOS>)?",
            "n[ãa]o (?:consta|se sabe) <ASK>",
            "(?:n[ãa]o (?:[ée] poss[íi]vel|posso|se pode|d[áa] para|consigo)|[ée] imposs[íi]vel) <FIND><REST>",
            r"<SUBJECT>n[ãa]o (?:[ée]|s[ãa]o|foi) (?:mencionad|especificad|indicad|informad|citad)\w",
        ),
        fillers=(
            "desculpe|lamento|sinto muito|resposta|resumo|nota",
            "(?:por favor|se (?:voc[êe]|precisar|quiser|desejar|tiver)|(?:poderia|pode) (?:reformular|fornecer|especificar|compartilhar))<REST>",
            r"(?:eles )?(?:<DOCS> )?(?:tratam|falam|abordam|descrevem|trata|fala) (?:apenas|somente|s[óo]|unicamente) (?!como |quem |que )[^\d,]*",
        ),
        joints=r",? (?:mas|por[ée]m|no entanto|contudo|embora|exceto|enquanto|sen[ãa]o|apenas que|porque|pois|j[áa] que|uma vez que|por isso|portanto|visto que|de modo que|logo)(?!\w),?|, (?:disse|que (?:[ée]|foi|era)|ent[ãa]o)(?!\w)| e (?=(?:n[ãa]o|nenhum|tampouco) )",
    ),
    _Language(  # nl
        words={
            "GIVEN": r"(?:(?:gegeven|verstrekte|aangeleverde|bovenstaande|meegeleverde|beschikbare|bijgevoegde|geleverde|opgehaalde|aangeboden)|twee)",
            "DOCS": r"(?:(?:de|het|deze|dit|die|alle|beide|uw|je) )?(?:(?:<GIVEN> ){0,2}(?:documenten|document|teksten|tekst|passages?|context|fragmenten|fragment|tekstfragmenten|kennisbank|kennisbasis)(?: <NUMBER>)?|(?:<GIVEN> ){1,2}(?:bronnen|informatie|artikelen|materialen?))",
            "STRICT": r"(?:(?:de|het|deze|dit|die|uw) (?:<GIVEN> ){1,2}(?:documenten|document|teksten|tekst|passages?|fragmenten|fragment|tekstfragmenten|bronnen|informatie|context))",
            "WORKS": r"(?:<DOCS>|(?:de|het|deze) (?:bronnen|artikelen|artikel))",
            "NO": r"(?:geen|niet|niets|nergens|noch|onvoldoende|nooit)",
            "ASK": r"(?:over |door |aan )?(?:wie|wat|wanneer|waar|waarom|hoe|hoeveel|welke?|of|waardoor|waarover)<TOPIC>",
            "INFO": r"(?:informatie|gegevens|vermelding|antwoord|details?|verwijzing(?:en)?|melding|aanwijzing(?:en)?)",
            "INFOS": r"<INFO>(?:,? (?:<ASK>|(?:over|hierover|daarover|op|van|voor|met betrekking|naar|omtrent|betreffende|om|die|(?:in|uit) <DOCS>)<TOPIC>))?",
            "SAY": r"(?:vermeld|noem|beantwoord|zeg|beschrijv|beschrijf|specificer|behandel|bespreken|bespreekt|verwijz|verwijs|vertel|leggen|maken|maakt|gaan|gaat|onthul|verklaar|verklar|toelicht|licht|meld|legt)\w*",
            "HOLD": r"(?:bevat|geven|geeft|bied|verstrek|lever|hebben|heeft)\w*",
            "SAID": r"(?:vermeld|genoemd|gezegd|besproken|beschreven|beantwoord|te vinden|gegeven|opgenomen|gevonden|aangegeven|gespecificeerd|duidelijk|op te maken|af te leiden)",
            "FIND": r"(?:beantwoord|zeg|bepaal|bepalen|vast|vind|gezegd|bepaald|vastgesteld|afgeleid|opgemaakt|geven|vinden|achterhal)\w*",
            "TASK": r"(?:de|deze|uw|je|jouw|het|dit) (?:vraag|verzoek|onderwerp|kwestie)",
            "SUBJECT": r"(?:de|het|deze|dit|wie|er)(?: [^\s\d,]+){0,7}? ",
        },
        leads=r"helaas |het spijt me,? (?:dat )?|sorry,? |(?:daarom|daardoor|dus) |(?:hierover|daarover) ",
        named=r"(?:volgens|op basis van|op grond van|afgaande op|aan de hand van|in|uit|gezien|na (?:het )?(?:lezen|bestuderen|doorlezen|bekijken) van|met) <DOCS>",
        lacks=(
            r"<DOCS> <SAY> (?:[^\s\d]+ ){0,8}?<NO><REST>",
            "<WORKS> (?:<HOLD>|<SAY>) <FEW><NO> (?:<FEW><INFOS>|<ASK>)",
            "(?:<HOLD>|<SAY>) <WORKS> <FEW><NO> (?:<FEW><INFOS>|<ASK>|aan<REST>)",
            "<DOCS> (?:zijn|is) (?:niet (?:relevant|van toepassing|toereikend|voldoende|nuttig|gerelateerd)|irrelevant) (?:voor|om|aan)<REST>",
            "<DOCS> (?:hebben|heeft) (?:niets|geen verband|geen betrekking)<REST>",
            "(?:geen (?:enkel )?(?:van )?|niets (?:in|uit) )(?:<DOCS>|documenten|document) (?:<SAY><REST>|<HOLD> <FEW><INFOS>|(?:is|zijn) relevant<REST>|wijst|geeft<REST>)",
            r"geen (?:relevante |bruikbare |verdere )?(?:informatie|gegevens|antwoord)(?: (?:over|op) (?:[^\s\d,]+ ){1,8}?| )(?:gevonden|beschikbaar|aanwezig)(?: in <DOCS>| voor <TASK>)?",
            r"geen (?:relevante|bruikbare) informatie|geen informatie over (?:[^\s\d,]+(?: |$)){1,10}",
            "<WORKS> <SAY> <TASK> <FEW>niet",
            "<WORKS> (?:<HOLD>|<SAY>) (?:die|deze|dit|dat) <INFO> niet",
            "<STRICT> (?:<HOLD>|<SAY>) <FEW>(?:geen|niets|onvoldoende)(?! <FLAW>)<REST>",
            r"<DOCS> zwijg\w* (?:over|hierover|daarover)<REST>",
            r"<DOCS> (?:is|zijn) onvoldoende(?: (?:om|voor) (?:<TASK>|een antwoord)<REST>)?|<DOCS> volsta\w* niet(?: (?:om|voor) (?:<TASK>|een antwoord)<REST>)?",
            "<DOCS> laten? <TASK> (?:open|onbeantwoord)|<DOCS> laten? (?:open|in het midden) <ASK>",
            r"<DOCS> (?:gaan|gaat|behandel\w*) (?:over )?(?:iets (?:heel )?anders|<FEW>andere? (?:onderwerp|thema|vrag|vraag)\w*)",
            r"(?:ik|wij|we) (?:heb|hebben|vind|vinden|kan|kon) (?:er |hier |daar |hierover |daarover |over (?:[^\s\d,]+ ){1,6}?)(?:in <DOCS> )?niets (?:over )?(?:gevonden|vinden)(?: in <DOCS>)?",
            r"er (?:is|zijn|staat|wordt|worden|valt|kan) (?:in <WORKS> )?geen (?:[^\s\d,]+ ){0,2}?(?:informatie|gegevens|vermelding)(?: (?:<ASK>|(?:over|hierover|daarover|beschikbaar|gevonden|te vinden|van|om|opgenomen|gegeven|in <DOCS>)<TOPIC>))?",
            r"er (?:is|zijn|staat|staan|wordt|worden|valt) (?:in <DOCS> (?:[^\s\d]+ ){0,5}?(?:niets|niet|geen)<REST>|(?:[^\s\d]+ ){0,8}?(?:niets|geen <FEW><INFO>) (?:[^\s\d]+ ){0,8}?(?:in|uit) <DOCS><REST>)",
            "(?:ik|wij|we) (?:kan|kon|kunnen) <SOME>(?:<TASK> <SOME>niet <SOME><FIND>|(?:niet|geen) <SOME>(?:<TASK>|<INFO>) <SOME><FIND>|<INFO> <SOME>niet <SOME><FIND>|geen <FEW><INFOS>|<DOCS> <SOME>(?:niet|geen) <SOME><FIND>)<REST>",
            "(?:ik|wij|we) (?:heb|vind|hebben|vinden|weet|weten|beschik over|beschikken over) (?:(?:geen|onvoldoende|niet genoeg|te weinig) <FEW><INFOS>(?: gevonden)?|het niet|het antwoord niet)",
            "<TASK> (?:kan|is) <SOME>niet <SOME>(?:beantwoord|te beantwoorden)(?: worden)?(?: (?:met|op basis van|aan de hand van) <DOCS>)?",
            "<SUBJECT>(?:wordt|worden|is|staat|staan|zijn|komt) (?:<FEW>(?:niet|nergens) <FEW>(?:in|uit) <DOCS>(?: (?:<SAID>|voor))?|in <DOCS> <FEW>(?:niet|nergens) (?:<SAID>|voor))",
            "(?:niet|nergens) (?:<SAID> )?in <DOCS>(?: <SAID>)?",
            "(?:staat|staan|wordt|worden|is|zijn) er (?:in|uit) <DOCS> <FEW>(?:niets|nergens|niet|geen) (?:<FEW><INFOS>|over<REST>|<FEW><SAID><REST>)",
            "(?:wie|wat|wanneer|waar|waarom|hoe|welke?|of) [^,]*, (?:wordt|worden|staat|is|blijkt) (?:(?:niet|nergens) (?:<SAID> )?(?:in|uit) <DOCS>(?: <SAID>)?|(?:in|uit) <DOCS> (?:niet|nergens)(?: <SAID>)?)",
        ),
        then=(
            r"(?:staat|staan|wordt|worden|is|zijn) (?:er )?(?:[^\s\d]+ ){0,8}?(?:geen <FEW><INFOS>(?: gegeven| te vinden| opgenomen)?|(?:niet|niets|nergens)(?:,? <FEW>(?:<SAID>|<ASK>|over)<REST>)?)",
            r"(?:blijkt|valt|volgt) (?:[^\s\d]+ ){0,5}?niet<REST>",
            "(?:kan|kunnen|is|valt) (?:(?:ik|men|we|er|het) )?(?:<SOME><TASK> )?<FEW>(?:niet|onmogelijk|geen) <SOME><FIND>(?: worden| te worden)?(?: <ASK>)?",
            "(?:is het |het is |blijft )(?:niet (?:mogelijk|duidelijk|bekend)|onmogelijk|onduidelijk) (?:om <FEW><FIND><REST>|om te <FIND><REST>|<ASK>|om <TASK><REST>)",
            r"(?:ze|zij|het|er) (?:<SAY> (?:[^\s\d]+ ){0,8}?<NO><REST>|<HOLD> <FEW><NO> <FEW><INFOS>)",
            r"(?:<DOCS>|ze|zij|er|hierover) (?:[^\s\d,]+ ){0,4}?geen <FEW><INFO> (?:[^\s\d]+ ){0,8}?(?:<HOLD>|is|staat|zijn)",
        ),
        fillers=(
            "het spijt me|sorry|antwoord|samenvatting|opmerking",
            "(?:als u|als je|geef|laat (?:het )?me|kunt u|kun je)<REST>",
            r"(?:ze|zij|<DOCS>) (?:gaan|gaat|behandel\w*|beschrijven) (?:alleen|enkel|slechts|uitsluitend) (?:over )?(?!hoe |wie |dat )[^\d,]*",
        ),
        joints=r",? (?:maar|echter|hoewel|behalve|terwijl|alleen dat|slechts dat|omdat|aangezien|want|zodat|waardoor|doordat)(?!\w),?|, (?:zei|dus|die (?:is|was))(?!\w)| en (?=(?:ze|ik|er|noemen|vermelden|geen) )",
    ),
    _Language(  # ru
        words={
            "GIVEN": r"(?:(?:предоставленн|данн|эти|этих|этом|этот|приведённ|приведенн|представленн|указанн|имеющ|доступн|вышеприведённ|всех|наш|ваш|предложенн)\w*+ )",
            "DOCS": r"(?:<GIVEN>{0,2}(?:документ|текст|отрыв|контекст|фрагмент)\w*+(?: <NUMBER>)?|баз\w знаний|<GIVEN>{1,2}(?:источник|материал|информаци|стать)\w*+)",
            "STRICT": r"(?:<GIVEN>{1,2}(?:документ|текст|отрыв|контекст|фрагмент|источник|материал)\w*+)",
            "WORKS": r"(?:<DOCS>|(?:источник|материал|стать)\w*+)",
            "INFO": r"(?:информаци\w|сведени\w+|данных|данные|упоминани\w|ответа?|указани\w|подробност\w+|упоминается|сказано)",
            "INFOS": r"<INFO>(?:,? (?:(?:о|об|обо|про|по|относительно|касательно|на|для|которая|которые|которых|<ASK>|(?:в|из) <WORKS>)<TOPIC>))?",
            "ASK": r"(?:о том, |об этом|том, )?(?:кто|кем|кого|кому|когда|где|почему|как\w*|сколько|что|чем|чей|чья|ли|откуда|куда)<TOPIC>",
            "NO": r"(?:нет|отсутству[ею]т|недостаточно|не (?:содерж\w+|привод\w+|имеется|нашлось|найдено|обнаружено|предоставл\w+|хватает|даётся|дается))",
            "SAY": r"(?:упомина\w+|упомянут\w*|указыва\w+|указан\w*|сообща\w+|отвеча\w+|говор\w+|описыва\w+|описан\w*|называ\w+|назван\w*|раскрыва\w+|объясня\w+|рассказыва\w+|уточня\w+|поясня\w+|сказано|освеща\w+|затрагива\w+|рассматрива\w+|приведен\w*|приведён\w*|касаются|касается)",
            "HOLD": r"(?:содерж\w+|да[юеё]т|предоставля\w+|включа\w+|име[юе]т|привод\w+)",
            "FIND": r"(?:ответ\w+|определ\w+|узнать|установ\w+|сказать|выясн\w+|понять|найти|дать ответ)",
            "TASK": r"(?:(?:на |к )?(?:этот|этому|ваш\w*|данн\w+|заданн\w+|поставленн\w+)? ?(?:вопрос|запрос|тем)\w*)",
        },
        leads=r"к сожалению, |извините, |простите, |(?:поэтому|таким образом|следовательно),? ",
        named=r"(?:согласно|на основании|на основе|исходя из|судя по|по|из|в|во|опираясь на|изучив|после (?:изучения|прочтения|анализа)|ни в одном из) <DOCS>",
        lacks=(
            "<DOCS> (?:ничего |также |никак |нигде |прямо |напрямую )?не <SAY><REST>",
            "<DOCS> (?:также )?не <HOLD> <FEW>(?:<INFOS>|<ASK>)",
            r"<DOCS> не (?:позволя\w+|помога\w+) <FIND><REST>",
            r"<DOCS> не (?:име[юе]т|относ\w+|связан\w*) (?:никакого )?(?:отношени\w|с|к)? ?(?:к |с )?(?:<TASK>|данной теме)<REST>",
            r"<DOCS> не (?:релевантн|содержательн)\w+ (?:для )?<TASK>",
            "<DOCS> недостаточно для (?:ответа|того)<REST>",
            r"<DOCS> (?:посвящен\w*|говор\w+|рассказыва\w+|касаются|касается|совсем|о) (?:о |совсем |совершенно )*(?:друг(?:ом|ой|их|им)(?: (?:тем|вопрос)\w*)?)",
            r"<DOCS> (?:ничего не говор\w+|молч\w+|умалчива\w+) (?:об?|про|на)<REST>",
            r"<DOCS> (?:[^\s\d,]+ )?(?:недостаточн\w*|не достаточн\w*),? (?:для ответа|чтобы <FIND>)<REST>",
            r"<DOCS> оставля\w+ <TASK> (?:без ответа|открыт\w+)",
            r"(?:у меня |здесь |мне )(?:недостаточно|не хватает|нет) (?:[^\s\d,]+ ){0,2}?(?:информаци\w|данных|сведений)(?:,? (?:чтобы|для|об?)<REST>)?",
            "<STRICT> не <HOLD>(?! <FLAW>)<REST>",
            r"(?:ответа?|информаци[яи]|сведени[йя]|упоминани[йея]|данных) (?:[^\s\d,]+ ){0,8}?в <WORKS> (?:нет|отсутству\w+|не (?:найден|содерж|привод|обнаруж|представл)\w+)",
            r"<FIND> на <TASK> (?:[^\s\d]+ ){0,6}?(?:невозможно|нельзя)",
            r"(?:я )?ничего не (?:нашел|нашёл|нашла) (?:об?|про|по|на) [^\d]*",
            "ни (?:один|в одном) из <WORKS> (?:не )(?:<SAY><REST>|<HOLD> <FEW><INFOS>)",
            r"нет (?:[^\s\d,]+ )?(?:информации|сведений)(?: (?:об?|про|относительно|по|для|на|в <DOCS>)<TOPIC>|, <ASK>)?",
            r"(?:нет|отсутству[ею]т|недостаточно) (?:[^\s\d,]+ ){0,2}?(?:<INFO>|информаци\w) (?:[^\s\d]+ ){0,10}?в <DOCS><REST>",
            r"(?:отсутствует|недостаточно) (?:[^\s\d,]+ )?(?:информаци\w)(?: (?:об?|для|по)<TOPIC>)?",
            r"(?:я )?не (?:могу|удалось|смог\w*|получится|удаётся|удается) (?:<FIND>|предоставить|найти) (?:[^\s\d]+ ){0,10}?(?:<TASK>|<INFO>|<DOCS>)<REST>",
            r"(?:я )?не (?:нашел|нашёл|нашла|нахожу) (?:[^\s\d]+ ){0,6}?(?:<INFOS>|(?:в )?<DOCS><REST>)",
            "(?:я )?не знаю(?: ответа)?",
            r"на <TASK> (?:[^\s\d,]+ )?(?:невозможно|нельзя|не(?:т|льзя)?) (?:[^\s\d]+ ){0,6}?ответ\w*<REST>",
            r"(?:невозможно|нельзя) <FIND> (?:[^\s\d]+ ){0,12}?(?:(?:по|на основ\w+|исходя из|из) <DOCS>|<TASK>)<REST>",
            r"(?:[^\s\d,]+ ){1,6}?(?:(?:не (?:<SAY>|приводится|содержится|представлен\w*)|отсутству[ею]т|нигде не <SAY>)) (?:ни в одном из|в) <DOCS>",
            r"(?:имя|дата|год|автор|информация|сведения|данные|название|ответ|это) (?:[^\s\d,]+ ){0,6}?в <DOCS> (?:[^\s\d,]+ )?(?:не (?:<SAY>|приводится|содержится|представлен\w*|найден\w*)|отсутству[ею]т)",
            "не <SAY> в <DOCS>",
            r"(?:кто|когда|где|почему|как\w*|сколько|что|чем|кем) [^,]*, (?:в <DOCS> не <SAY>|не <SAY> в <DOCS>|из <DOCS> (?:не)?(?:ясно|известно|понятно|следует))",
            "(?:нет|никакой) (?:релевантной )?информации",
        ),
        then=(
            r"(?:[^\s\d,]+ ){0,2}?(?:ничего |нигде |прямо )?не <SAY><REST>",
            r"(?:[^\s\d,]+ ){0,3}?<NO> <FEW><INFOS>",
            "нет (?:ничего )(?:об?|про)<REST>",
            r"ничего (?:нет )?(?:об?|про) [^\d]*|ничего не <SAY><REST>",
            r"(?:невозможно|нельзя|не удается|не удаётся|не представляется возможным|сложно) (?:[^\s\d]+ ){0,3}?<FIND><REST>",
            "(?:неясно|не ясно|непонятно|не понятно|неизвестно|не следует|не видно),? <ASK>",
            r"<FIND> (?:[^\s\d]+ ){0,8}?(?:невозможно|нельзя|не получится|затруднительно)",
            r"(?:[^\s\d,]+ ){0,2}?(?:ответ\w?|информаци\w|сведени\w|данных|данные) (?:[^\s\d,]+ ){0,5}?(?:отсутству\w+|не (?:найден|обнаруж|содерж|представлен|указан|привед)\w*)",
            "они (?:также )?не (?:<SAY><REST>|<HOLD> <FEW><INFOS>)",
            r"(?:я )?не (?:могу|смог\w*) <FIND><REST>",
        ),
        fillers=(
            "извините|простите|к сожалению|ответ|краткое содержание|примечание",
            "(?:пожалуйста|если (?:вы|у вас|вам)|уточните|попробуйте|переформулируйте)<REST>",
            r"(?:они |в них |<DOCS> )?(?:говорится|рассказыва\w+|посвящен\w*|описыва\w+) (?:только|лишь|исключительно) (?!как |кто |что )[^\d,]*",
        ),
        joints=r",? (?:но|однако|хотя|кроме|зато|тогда как|только что|лишь что|а (?=они|в|башн|он|она))(?!\w),?|,? (?:потому что|так как|поскольку|поэтому|из-за чего|вследствие чего)(?!\w)|, (?:сказал\w*|котор\w+ (?:был|явля)\w+|так что)(?!\w)| и (?=(?:не|нет|ни) )",
        script=r"\p{Cyrillic}",
    ),
    _Language(  # zh
        words={
            "GIVEN": "(?:所|您|你|用户)?(?:提供|给|給|给出|給出|给定|上述|以上|这些|這些|该|該|这份|现有|現有|当前|當前|目前|检索到|檢索到|参考|參考|所有|两份|每份|任何|您提供|给的|提供给我)(?:的)?",
            "DOCS": "(?:<GIVEN>{0,3}(?:文档|文件|文本|上下文|文章|段落|文檔|原文|片段|知识库|知識庫)(?:内容|內容)?|<GIVEN>{1,3}(?:资料|資料|材料|内容|內容|信息|資訊|来源|來源)|(?:资料|資料|文)(?=中|里|裡))(?:<NUMBER>)?(?:当中|之中|中|里|裡|内|內)?",
            "NOT": "(?:没有|沒有|并未|並未|并没有|並沒有|均未|都未|都没有|都沒有|从未|未能|未|没|沒|不|并不|並不)",
            "SAY": "(?:提到|提及|说明|說明|涉及|给出|給出|回答|指出|描述|记载|記載|讨论|討論|介绍|介紹|写明|寫明|写|寫|透露|交代|解释|解釋|谈到|談到|谈及|说|說|告诉|提供答案|指明|表明|列出|阐述|收录|收錄|涵盖|涵蓋)",
            "HOLD": "(?:包含|提供|含有|有|给出|給出|包括|找到|查到|发现|發現|任何|存在)",
            "INFO": "(?:信息|資訊|讯息|资讯|内容|內容|答案|记载|記載|说明|說明|细节|細節|线索|線索|描述|提及|资料|資料|依据|记录|数据|數據)",
            "ASK": "(?:谁|誰|何时|何時|何地|哪|什么|什麼|为什么|为何|為何|如何|怎么|怎麼|多少|几|幾|是否)",
            "FIND": "(?:确定|確定|得知|判断|判斷|知道|回答|找到|看出|推断|推斷|了解|获知|獲知|查到|得出)",
            "TASK": "(?:该|这个|此|這個|您的|你的|所问|这一|本|上述|提出的)?(?:问题|問題|查询|提问|主题|主題)",
        },
        leads="(?:很遗憾|抱歉|对不起|遗憾的是|很抱歉|因此|所以|很遺憾|對不起|不好意思|非常抱歉)[，,：: ]?",
        named="(?:根据|根據|依据|基于|基於|从|從|在|按照|就|查阅|阅读|仅凭|僅憑)(?:了)?<DOCS>(?:之后|后|後|来看|來看)?",
        lacks=(
            r"(?:在|从|從)?<DOCS>(?:均|都|也|完全|仅|只)?<NOT>(?:明确|明確|直接|具体|具體|任何地方)?(?:地)?<SAY>(?:[^\d]*|[^\d，,]*<ASK>.*)",
            r"(?:在)?<DOCS>(?:均|都|也|完全)?(?:<NOT><HOLD>?|无|無|缺乏|缺少|找不到|查不到|看不到|未见)[^\d，,]{0,40}<INFO>(?:来回答[^\d]*|以[^\d]*|可[^\d]*)?",
            "(?:在)?<DOCS>(?:均|都|也|完全)?(?:<NOT><HOLD>?|无|無|找不到|查不到)(?:关于|關於|有关|有關).{0,40}的?<INFO>",
            r"<DOCS>(?:均|都|也|完全)?(?:与|和|跟|與|同)[^，,\d]{0,20}(?:无关|不相关|無關|不相關|没有关系|沒有關係|没有关联|关系不大)",
            r"<DOCS>(?:均|都|也)?(?:不足以|无法|無法|不能)(?:用来|用于)?<FIND>[^\d]*",
            r"(?:搜索|检索|檢索)?(?:没有|沒有|未能?|无法|無法|找不到|未)(?:在<DOCS>)?(?:找到|查到|发现|發現)?(?:任何|与[^，,\d]{1,20})?(?:相关|有关|相關|有關|足够的相关|可用|有用)(?:的)?(?:<INFO>)(?:可[^\d]*)?",
            "(?:无|無)(?:相关|相關|有关|有關)?(?:信息|資訊|答案|内容)|(?:未|没有|沒有)找到(?:答案|相关答案)|信息不足|資訊不足",
            r"我?(?:没有|沒有|缺乏)(?:足够|足夠)(?:的)?(?:信息|資訊|资料|内容)(?:来|來|以|可)?(?:<FIND>[^\d]*)?",
            r"(?:没有|沒有|未找到)(?:关于|關於)[^\d，,]{1,40}的(?:任何)?(?:信息|資訊|内容|記載|记载)",
            r"我?(?:无法|無法|不能|没法|未能)(?:在|从|從|根据|根據|依据)(?:<DOCS>)(?:来)?<FIND>[^\d]*",
            "(?:我)?(?:无法|無法|不能|没法)(?:直接)?回答(?:您的|你的)?<TASK>?",
            "<TASK>(?:无法|無法|不能)(?:根据|根據|从|從|由)?(?:<DOCS>)?(?:得到|被)?(?:回答|解答)",
            "我不知道(?:答案)?",
            r"<DOCS>(?:均|都|也)?(?:没有|沒有|未)(?:出现|出現)[^\d，,]{0,20}(?:名字|姓名|名称|名稱|日期|地点|时间)",
            r"<DOCS>(?:暂|暫)(?:无|無|时没有|時沒有)[^\d，,]{0,20}(?:<INFO>|记录|記錄)",
            r"<GIVEN>{1,3}(?:文档|文件|文本|上下文|文章|段落|文檔|原文|片段|资料|資料|材料|内容|內容|信息|資訊)(?:当中|之中|中|里|裡|内|內)?(?:均|都|也|并)?(?:没有|沒有|未)(?:包含|提供|含有|给出|給出|包括|列出|涵盖|涉及)[^\d]*",
            "<DOCS>(?:对此|對此|对[^，,]{1,20}|對[^，,]{1,20}|关于[^，,]{1,20})?(?:只字未提|隻字未提|未作说明|没有任何说明|不详|不明)",
            r"(?:资料|資料|材料)(?:中|里)?(?:均|都|也)?(?:没有|沒有|并未|並未|并没有|並沒有|均未|未)(?:明确|明確)?<SAY>[^\d]*",
            "<DOCS>(?:均|都|只)?(?:讨论|讲|谈|说|涉及|介绍|討論|講|談)(?:的)?(?:都?是)?(?:其他|其它|别的|別的|另一个|另一個)(?:的)?(?:话题|話題|主题|主題|内容|問題|问题|事情?)",
            r"[^\d，。、,a-z]{1,20}?(?:在)?<DOCS>(?:均|都|也)?<NOT>(?:被|有|明确|得到)?(?:<SAY>|找到|出现)",
        ),
        then=(
            r"(?:其中|它们|它|文中|里面|也)?(?:均|都|也)?<NOT>(?:明确|直接|具体)?<SAY>[^\d]*",
            r"(?:其中|里面|也)?(?:<NOT><HOLD>?|无|無|缺乏|缺少|找不到|查不到|看不到|未见)[^\d，,]{0,40}<INFO>",
            r"(?:我)?(?:(?:无法|無法|不能|没法|难以|不足以)<FIND>|看不出|得不出)(?:[^\d]*|[^\d，,]*<ASK>.*)",
        ),
        fillers=(
            "(?:很遗憾|抱歉|对不起|很抱歉|不好意思|答案|回答|答|摘要|总结|總結)",
            r"(?:请|請|如果您|如果你|如需)[^\d]*",
        ),
        joints="[，,]?(?:但|然而|不过|不過|除了|虽然|雖然|只提到|仅提到|只是|因为|因為|所以|因此|由于|而是|仅|只说|不得)[，,]?",
        script=r"\p{Han}",
    ),
    _Language(  # ja
        words={
            "GIVEN": "(?:提供された|与えられた|これらの|この|上記の|当該|どの|いずれの|提示された|示された|参照した|すべての|検索された|以下の|その)",
            "DOCS": "(?:<GIVEN>{0,2}(?:文書|文章|ドキュメント|資料|テキスト|文脈|コンテキスト|本文|情報源|記事|文献|抜粋|パッセージ|断片|ナレッジベース)(?:<NUMBER>)?|提供された情報)",
            "AT": "(?:の?(?:中|内)|の(?:内容|いずれ|どこ|情報|記述))?(?:だけでは|からは|から|には|では|にも|でも|に|で|は|も)",
            "NONE": "(?:ありません(?:でした)?|いません(?:でした)?|おりません(?:でした)?|ません(?:でした)?|なかった|いない|ない|なし|できない)",
            "INFO": "(?:情報|記載|記述|言及|回答|答え|説明|詳細|手がかり|データ)",
            "SAY": "(?:記載|言及|説明|記述|明記|明示|記され|書かれ|述べられ|述べ|触れられ|触れ|含まれ|含ま|示され|明らかにされ|明らかになっ|載っ|得られ|出てき|登場し|提供され|見つかり|見つから|見当たり|見当たら|わかり|わから|分かり|分から|判断でき|特定でき|答えられ|答え|回答でき|お答えでき|読み取れ|確認でき|判断はでき|答えることはでき|答えることができ|回答することはでき|知ることはでき|特定することはでき)",
            "SAYNOT": "<SAY>(?:が|は|も)?(?:され|し|すること(?:は|が)でき)?(?:て|って|た)?(?:は)?<NONE>",
        },
        leads="(?:申し訳ありませんが|申し訳ございませんが|残念ながら|すみませんが|したがって|そのため)[、,]?",
        named="<DOCS>(?:によると|によれば|に基づくと|を確認しましたが|を読む限り|を見る限り|の範囲では|に基づいて)",
        lacks=(
            r"<DOCS><AT>[、,]?[^\d]*<SAYNOT>",
            r"<DOCS><AT>[、,]?.*(?:に関する|についての|に関しての)[^\d]*<SAYNOT>",
            r"<DOCS><AT>[、,]?(?:[^\d]*(?:関する|ついての?|該当する?|関連する?|必要な|十分な|その|答える(?:ための)?|応じた|的な|、|の))?<INFO>(?:が|は|も)?(?:一切|全く|まったく|特に)?(?:<NONE>)",
            r"<DOCS><AT>[、,]?[^\d]*(?:質問|問い)(?:と|とは|に|には)[^\d]{0,8}(?:関係|関連)(?:が|は|し|して)?(?:いま|あり)?(?:ありません|<NONE>)",
            r"<DOCS><AT>[、,]?[^\d]*(?:不明です|不明である|不明)",
            r"<DOCS>は[^\d]*(?:質問|問い)[^\d]*(?:無関係|関係のない|関連しない)(?:です|もの(?:です)?)?",
            r"[^\d。、,a-z]{0,30}?(?:に関する|についての|答えるための|該当する|関連する)(?:[^\d。、,]{0,6})<INFO>(?:が|は|も|を)?(?:<DOCS><AT>)?(?:特に|一切)?(?:<SAYNOT>|見つけられ<NONE>|<NONE>)",
            r"[^\d。、,a-z]{0,30}?(?:は|が|について(?:は)?|も)[、,]?(?:<DOCS>)(?:の?[中内]|のどこ)?(?:に|で|には|では|にも|からは)<SAYNOT>",
            r"(?:(?:この|その|ご)?(?:質問|問い)(?:に|には|への)(?:は)?)(?:、)?(?:[^\d、]{0,20})?(?:お答え|回答|答え(?:ること|られ)?)(?:すること)?(?:は|が)?(?:でき)?<NONE>",
            "(?:(?:該当|関連)?(?:する)?情報(?:は|が)?(?:なし|ありません|見つかりません(?:でした)?)|<DOCS>に(?:該当|関連)(?:する)?情報(?:は)?なし|記載なし)",
            r"<DOCS>(?:だけ)?(?:は|では|だけでは)[、,]?[^\d]*(?:答える|判断する|特定する|回答する)(?:に|には)[^\d]{0,6}(?:不十分|足りません|足りない|不足してい(?:ます|る))(?:です)?",
            "(?:わかりません|分かりません|不明です|回答できません|お答えできません)",
        ),
        then=(
            r"[^\d]*<SAYNOT>",
            r"[^\d]*<INFO>(?:が|は|も)(?:特に|一切)?<NONE>",
            r"[^\d]*不明です",
        ),
        fillers=(
            "(?:申し訳ありません|申し訳ございません|すみません|回答|答え|要約|まとめ)",
            r"[^\d]*(?:ください|お知らせください)",
        ),
        joints="(?:が|けれども?)[、,]|しかし[、,]?|ただし[、,]?|一方[、,]?|(?:ため|ので|から)、",
        script=r"[\p{Han}\p{Hiragana}\p{Katakana}]",
    ),
    _Language(  # ko
        words={
            "GIVEN": "(?:제공된 |주어진 |이 |해당 |위 |위의 |어떤 |어느 |모든 |제시된 |이들 |그 |제공하신 |검색된 |현재 |업로드된 |두 )",
            "DOCS": "(?:<GIVEN>{0,2}(?:문서|텍스트|본문|지문|문맥|컨텍스트|발췌문|자료|지식 ?베이스|(?<=이 |위 |해당 |주어진 |제공된 )글)(?:들)?(?: ?<NUMBER>)?)",
            "AT": "(?: 중)?(?:만으로는|으로는|로는|에는|에서는|에서|에서도|에도|에|은|는|도|을 통해서는|어디에도| 어디에도| 내에서| 내용만으로는|의 내용만으로는)",
            "NONE": "(?:없습니다|않습니다|않았습니다|없었습니다|못합니다|못했습니다|없음|없다|않는다|않았다|없어요|않아요|없네요)",
            "INFO": "(?:정보|언급|내용|답변|답|설명|기록|단서|기재|서술|세부 ?사항)",
            "SAY": "(?:포함되|포함하|명시되|명시하|언급되|언급하|기재되|기록되|나와|나오|나타나|다루|설명하|설명되|밝히|밝혀|제공하|제공되|알려|답하|적혀|서술되|제시되|담고|담겨|다뤄|확인되|검색되|언급|구체적으로 밝히)",
            "FIND": "(?:찾을|알|확인할|판단할|답할|답변할|파악할|알아낼|결정할|특정할|대답할)",
            "SAYNOT": "(?:<SAY>(?:지|고|어|져)?(?:는|도)?(?: 있지)?(?:는|도)? ?<NONE>|(?:<INFO>)(?:가|이|는|은|도|를|을)? ?(?:전혀 |따로 |별도로 )?(?:<FIND> 수 )?(?:포함되어 있지 |나와 있지 |제공되지 |있지 )?<NONE>|(?:<FIND> 수(?:는|가)?|찾지|알지|확인하지|판단하지) <NONE>)",
        },
        leads="(?:죄송하지만|죄송합니다만|유감스럽게도|안타깝게도|아쉽게도|따라서|그러므로),? ?",
        named="<DOCS>(?:에 따르면|를 바탕으로 하면|에 의하면|를 검토한 결과|를 기반으로|들을 검토한 결과|를 살펴보았으나|에 근거하여)",
        lacks=(
            r"<DOCS><AT>,? ?[^\d]*<SAYNOT>",
            r"<DOCS><AT>,? ?.*(?:대한|관한|관련된?) [^\d]*<SAYNOT>",
            r"<DOCS><AT> ?(?:[^\d]* )?(?:질문|주제|문의)(?:과|와|에|은)?[^\d]{0,10}(?:관련|관계|연관)(?:이|은|되지|성이)? ?(?:없습니다|<NONE>)",
            r"[^\d.,a-z]{0,30}?(?:대한|관한|관련|관련된|해당|답할 수 있는|답할|답변할|대답할|필요한|답하기 위한|답하기에) (?:[^\d.,]{0,6} )?(?:정보|내용|언급)(?:가|이|는|은|를|을|도)? ?(?:<DOCS><AT> )?(?:<FIND> 수 |찾지 |확인하지 )?(?:포함되어 있지 |제공되지 )?<NONE>",
            r"[^\d.,a-z]{0,30}?(?:은|는|이|가|에 대해서는|에 대한 \w+) <DOCS><AT> (?:[^\d]{0,10} )?<SAYNOT>",
            r"(?:이 |해당 |주어진 )?(?:질문|물음)에 (?:대해 |대한 )?[^\d,]{0,20}?(?:답(?:변)?(?:을|은)?(?: ?할| 드릴| 제공할)?|대답할) ?(?:수(?:가)? )?<NONE>",
            r"<DOCS><AT> ?[^\d]*(?:답하기에|판단하기에|알기에|답변하기에)(?:는)? ?(?:충분하지 않습니다|부족합니다|불충분합니다)",
            "(?:관련 |해당 )?정보(?:가)? 없음|알 수 없습니다|모르겠습니다|잘 모르겠습니다",
        ),
        then=(r"[^\d]*<SAYNOT>",),
        fillers=(
            "(?:죄송합니다|답변|답|요약|정답)",
            r"[^\d]*(?:주세요|주십시오|바랍니다|보세요|보십시오|주시겠어요|주시겠습니까)",
        ),
        joints="(?:(?<!죄송)하지만|그러나|다만|(?<!죄송하|유감스럽)지만|으나),? |(?<=(?<!죄송합)니)다만,? ?|(?:때문에|므로|어서),? ",
        script=r"\p{Hangul}",
    ),
    _Language(  # ar
        words={
            "DOCS": "(?:(?:هذه|هذا|أي من|جميع|كل) )?(?:و?ب?ل?ال|لل)?(?:وثائق|مستندات|وثيقة|نصوص|نص|مستند|سياق|مقاطع|مقتطفات|قاعدة (?:ال)?(?:معرفة|معرفتي|بيانات))(?: ?(?:المقدمة|المتوفرة|المعطاة|المتاحة|المذكورة|المقدم|المرفقة|المتوفر|المعطى|المزودة))*",
            "SAY": "(?:[تي]ذكر|[تي]شير|[تي]جيب|[تي]تناول|[تي]حدد|[تي]رد|[تي]وضح|[تي]تحدث|[تي]تطرق|[تي]بين|[تي]صف|[تي]تعرض|[تي]فصح|[تي]شرح|[تي]كشف|[تي]فسر|[تي]ناقش|[تي]نص)(?:ان|ون|وا)?",
            "HOLD": "(?:[تي]حتوي?|[تي]تضمن|[تي]وفر|[تي]قدم|[تي]شمل|[تي]عطي?)(?:ان|ون|وا)?",
            "INFO": "(?:ال)?(?:معلومات|معلومة|ذكر|إجابة|تفاصيل|إشارة|جواب|بيانات|أدلة|دليل)",
            "ABOUT": r"(?:حول|عن|إلى|بشأن|كافية|تتعلق|متعلقة|ذات|في <DOCS>|بخصوص|على|ل[^\s\d]+|مفيدة|تخص|واضحة|ب[^\s\d]+|متاحة|متوفرة)",
            "INFOS": r"(?:<INFO>(?: <ABOUT>[^\d]*)?)",
            "ASK": r"(?:من|متى|أين|كيف|لماذا|كم|ما|ماذا|هل|أي)(?!\w).*",
            "FIND": "(?:تحديد|معرفة|الإجابة|استنتاج|التأكد|الجزم|القول|إيجاد|العثور)",
            "IN": "(?:في|ضمن|من|على|بناءً? على|استناد[اًا]+ إلى) <DOCS>",
        },
        leads="(?:للأسف|عذر[اًا]+|عفو[اًا]+|آسف|لذلك|مع الأسف|نأسف)[،,]? ?",
        named="(?:بناءً?|وفق[اًا]*|حسب|استناد[اًا]+|في|من خلال|بعد (?:مراجعة|قراءة|الاطلاع على)|اعتماد[اًا]+)(?: على| ل| إلى)? ?<DOCS>",
        lacks=(
            r"(?:لا|لم) <SAY> <DOCS>(?: [^\d]*)?",
            "(?:لا|لم) <HOLD> <DOCS> (?:على )?(?:أي |أية |هذه )?(?:<INFOS>|<ASK>)",
            r"<DOCS> (?:[^\s\d]+ )?(?:لا|لم) (?:<SAY>(?: [^\d]*)?|<HOLD> (?:على )?(?:أي |أية |هذه )?<INFOS>)",
            r"(?:لا يوجد|لا أحد|ليس|لا) ?(?:في |من )?(?:أي من )?<DOCS> (?:ما )?<SAY>[^\d]*",
            r"(?:لا توجد|لا يوجد|ليست هناك|ليس هناك|لم يتم العثور على|لا تتوفر|لم أجد|لم أعثر على|لا تتوافر) (?:أي |أية )?(?:معلومات|تفاصيل|<INFO> (?:كافية )?<IN>[^\d]*|<INFO> (?:ل|عن|حول)[^\d]* <IN>)(?: (?:[^\s\d]+ )?<ABOUT>[^\d]*)?",
            r"(?:لا توجد|لا يوجد|لا يرد|لم يرد) (?:أي )?(?:ذكر|إشارة|إجابة) [^\d]*<IN>[^\d]*",
            r"(?:لا أستطيع|لا يمكنني|لم أتمكن من|لا يمكن|لا أتمكن من|تعذر|يتعذر) <FIND> [^\d]*(?:<DOCS>|السؤال|سؤالك)[^\d]*",
            "لا أعرف(?: الإجابة)?",
            "(?:ليست? (?:لدي|لدينا|عندي)|لا أملك|لا أمتلك|لا تتوفر لدي) (?:أي )?<INFOS>",
            r"<DOCS> (?:غير كافية?|لا تكفي|لا يكفي) (?:ل|من أجل)[^\d]*",
            r"<DOCS> (?:صامتة|صامت|تصمت|يصمت|تسكت) (?:عن|حول|بشأن)[^\d]*",
            "(?:لم أجد|لم أعثر|لا توجد|لا يوجد|لا ترد) (?:في|ضمن) (?:<DOCS>|المصادر|المواد) (?:على )?(?:أي |أية )?<INFOS>",
            r"لم يتم (?:ذكر|تحديد|التطرق|الإشارة) (?:[^\s\d]+ ){0,8}?<IN>",
            r"(?:لا|لم) (?:يُذكر|يذكر|يرد|تُذكر|تذكر|ترد|يظهر|تظهر) (?:[^\s\d]+ ){0,8}?(?:في|ضمن) <DOCS>[^\d]*",
            r"(?:[^\s\d،]+ ){1,6}?(?:غير (?:مذكور|موجود|محدد|متوفر|متاح|وارد)ة?|ليست? (?:مذكور|موجود|متوفر)ةً?) (?:في|ضمن) <DOCS>",
            "(?:غير مذكور|غير محدد|غير متوفر)(?: في <DOCS>)?",
            r"<DOCS> (?:لا علاقة ل\w+|ليست ذات صلة|غير ذات صلة|لا تتعلق|لا صلة ل\w+) (?:ب)[^\d]*",
        ),
        then=(
            r"(?:لا|لم) (?:<SAY>|يتم (?:ذكر|تحديد)|يُذكر|أجد)(?: [^\d]*)?",
            r"(?:فإنه |ف)?(?:لا يمكن|لا يمكنني|لا أستطيع|من غير الممكن|يتعذر|لا يُمكن) <FIND>(?: [^\d]*)?",
            "(?:لا توجد|لا يوجد|ليس هناك|لا تتوفر) (?:أي |أية )?<INFOS>",
            "(?:كما )?(?:أنها |هي )?(?:لا|لم) <HOLD> (?:على )?(?:أي )?<INFOS>",
            "من غير (?:الواضح|المعروف) <ASK>",
        ),
        fillers=(
            "(?:عذر[اًا]+|آسف|للأسف|الإجابة|الجواب|الملخص|ملخص)",
            r"(?:يرجى|إذا كان لديك|من فضلك)[^\d]*",
        ),
        joints=r"[،,]? ?(?:لكن|ولكن|إلا أن|غير أن|بينما|سوى|لأن|لأنه|لذلك|حيث|مما|باستثناء)(?!\w)|[،,] (?:قال|كتب)",
        script=r"\p{Arabic}",
    ),
)


class _Reader:
    """Reads the clauses of a reply as one language."""

    def __init__(self, language: _Language) -> None:
        words = {
            **_WORDS,
            **language.words,
            "LEAD": language.leads,
            "NAMED": language.named,
            "LACK": "|".join(language.lacks),
            "THEN": "|".join(language.then),
            "FILLER": "|".join(language.fillers),
            "JOINT": language.joints,
        }
        defined = "".join(f"(?P<{name}>{_calls(pattern)})" for name, pattern in words.items())

        def compiled(pattern: str) -> regex.Pattern[str]:
            return regex.compile(f"(?(DEFINE){defined}){_calls(pattern)}", regex.IGNORECASE)

        # While a text comes in, the last clause may end with a part of a joint.
        named, joint = "<NAMED>[,，、،]? ?", "(?:<JOINT>)?"
        then = f"<LACK>|<THEN>|{named}<LEAD>?(?:<LACK>|<THEN>)"
        filler = f"<LEAD>{{0,2}}(?:<FILLER>|{named})|<LEAD>"
        self._script = regex.compile(rf"\P{{L}}*+(?:{language.script}|\Z)")
        self._joint = regex.compile(language.joints, regex.IGNORECASE)
        self._first = compiled(
            f"(?:(?P<lacks><LEAD>{{0,2}}(?:<LACK>|{named}<LEAD>?(?:<LACK>|<THEN>)))|{filler}){joint}"
        )
        self._later = compiled(f"(?:(?P<lacks><LEAD>{{0,2}}(?:{then}))|{filler}){joint}")

    def means_nothing(self, sentences: list[str]) -> bool:
        """Tell whether no clause says anything, and one says that the documents do not help."""
        if not self._script.match("".join(sentences)):
            return False
        read = self._read(self._clauses(sentences))
        return read is not None and any(match["lacks"] for match in read)

    def may_mean_nothing(self, sentences: list[str], begun: str) -> bool:
        """Tell whether they may, once the sentence that has begun is whole and others follow."""
        if not self._script.match("".join(sentences) + begun):
            return False
        *parts, last = self._joint.split(begun)
        clauses = self._clauses([*sentences, *parts])
        last = last.lstrip(_AROUND)
        if self._read(clauses) is None:
            return False
        return not last or bool(self._pattern(len(clauses)).fullmatch(last, partial=True))

    def _clauses(self, sentences: list[str]) -> list[str]:
        return [
            clause
            for sentence in sentences
            for part in self._joint.split(sentence)
            if (clause := part.strip(_AROUND))
        ]

    def _read(self, clauses: list[str]) -> list[regex.Match[str]] | None:
        """Match each clause; None as soon as one says something."""
        found = []
        for at, clause in enumerate(clauses):
            match = self._pattern(at).fullmatch(clause)
            if match is None:
                return None
            found.append(match)
        return found

    def _pattern(self, at: int) -> regex.Pattern[str]:
        return self._later if at else self._first


def _calls(pattern: str) -> str:
    # As calls of groups: with the patterns in their place, compiling takes ten times as long.
    return str(_NAME.sub(r"(?&\1)", pattern))


@cache
def _readers() -> list[_Reader]:
    return [_Reader(language) for language in _LANGUAGES]


_NAME = regex.compile("<([A-Z_]+)>")
_SPACES = regex.compile(" {2,}")
_AROUND = " \t\n\r()[].!?¿¡。！？؟:：;；>#,，、،—–-"
_END = regex.compile(
    r"(?<!\b(?:Dr|Mr|Mrs|Ms|St|Prof))[.!?。！？؟:：;；]+[)\]]*(?:\s+|\Z|(?<=[。！？：；]))|\n+| [-—–]+ |—"
)
_SIGNS = str.maketrans(
    {"’": "'", "‘": "'", "\u00a0": " ", **dict.fromkeys('*_`"“”„«»「」『』', "")}
)
_CITED = regex.compile(r" ?\[\d[\d, ]*(?:\](?=\s*(?:[.,;!?。，]|\Z))|\Z)")


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
    sentences = _END.split(_plain(text))
    return any(reader.means_nothing(sentences) for reader in _readers())


def may_mean_nothing(beginning: str) -> bool:
    """Tell whether the beginning of a reply may go on so that it says only that.

    Args:
        beginning: What there is of the reply.

    Returns:
        Whether the reply may become one that `means_nothing`.
    """
    if len(beginning) > _LONGEST:
        return False
    *sentences, begun = _END.split(_plain(beginning))
    return any(reader.may_mean_nothing(sentences, begun) for reader in _readers())


def _plain(text: str) -> str:
    """The text without quotation marks, emphasis and citations, which may stand anywhere."""
    text = _CITED.sub("", text.translate(_SIGNS).replace("(s)", "s"))
    return str(_SPACES.sub(" ", text))
