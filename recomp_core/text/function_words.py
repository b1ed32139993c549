"""The words of a question that say little about its subject, by language."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable

from .terms import folded

# Articles, pronouns, prepositions, auxiliary verbs and the words that ask.
_WORDS = {
    "en": """
        a an the this that these those there here and or but if so than then as of in on at by for
        from to into with without about after before during between under over out up off again i
        you he she it we they me him her us them my your his its our their mine yours who whom whose
        which what when where why how is are was were be been being am do does did done doing has
        have had having can could may might must shall should will would not no nor any some all
        each every both many much more most few other such same own very too just only also please
        tell give show explain describe say s t d ll re ve m don doesn didn isn aren wasn weren
        something anything someone anyone
        """,
    "de": """
        der die das den dem des ein eine einer eines einem einen kein keine und oder aber wenn als
        wie so denn dass ob von vom in im ins an am auf aus bei beim bis durch für gegen mit nach
        ohne über um unter vor während wegen zu zum zur zwischen ich du er sie es wir ihr mich dich
        sich uns euch mir dir ihm ihnen ihn mein dein sein seine seiner unser euer ihre ihrer wer
        wen wem wessen was welche welcher welches welchen welchem wann wo wohin woher warum weshalb
        wieso wieviel viel viele ist sind war waren bin bist wird werden wurde wurden worden hat
        habe haben hatte hatten kann können konnte muss müssen soll sollen darf will wollen mag gibt
        nicht auch noch nur schon sehr mehr da dort hier dies diese dieser dieses diesem diesen man
        """,
    "fr": """
        le la les l un une des du de d à au aux et ou mais si que qu qui quoi dont où quand comment
        pourquoi combien quel quelle quels quelles lequel laquelle est sont était étaient être été a
        ont avait avoir fut sera fait faire peut doit dans en sur sous par pour avec sans chez entre
        vers ce cet cette ces c il elle ils elles on nous vous je j tu me m te t se s lui leur leurs
        mon ma mes ton ta tes son sa ses notre votre y ne n pas plus très aussi comme
        """,
    "es": """
        el la los las lo un una unos unas de del al a y e o u pero si que qué quien quién quienes
        quiénes cual cuál cuales cuáles cuando cuándo donde dónde como cómo cuanto cuánto cuanta
        cuánta cuantos cuántos cuantas cuántas por para con sin en sobre entre desde hasta hacia es
        son era eran fue fueron ser sido está están estaba ha han había haber hay tiene tienen hace
        puede se me te le les nos su sus mi tu este esta estos estas ese esa eso yo él ella ellos no
        más muy también ya
        """,
    "it": """
        il lo la i gli le l un uno una di del dello della dei degli delle d a al allo alla ai agli
        alle da dal dalla in nel nella nei nelle con su sul sulla per tra fra e ed o ma se che chi
        cui quale quali quando dove come perché quanto quanta quanti quante cosa è sono era erano fu
        essere stato stata ha hanno aveva avere può si mi ti ci vi ne suo sua suoi questo questa
        quello non più anche molto
        """,
    "pt": """
        o a os as um uma uns umas de do da dos das em no na nos nas por pelo pela para com sem sobre
        entre e ou mas se que quem qual quais quando onde como porque quanto quanta quantos quantas
        é são era eram foi foram ser sido está estão tem têm tinha há pode ao à aos às seu sua seus
        suas este esta isso ele ela eles não mais muito também
        """,
    "nl": """
        de het een en of maar als dan dat die dit deze van in op aan bij met voor door uit naar over
        om onder tot tussen na te er is zijn was waren ben wordt worden werd werden heeft hebben had
        kan kunnen moet moeten zal wie wat welke welk wanneer waar waarom hoe hoeveel ik je jij hij
        zij ze we wij hun hem haar mijn niet geen ook nog veel meer
        """,
    "sv": """
        en ett den det de och eller men om som att av i på till från med för vid under över mellan
        är var vara blev blir har hade kan ska vem vad vilken vilket vilka när varför hur många
        mycket jag du han hon vi ni sin sitt sina inte också
        """,
    "da": """
        en et den det de og eller men om som at af i på til fra med for ved under over mellem er var
        være blev bliver har havde kan skal hvem hvad hvilken hvilket hvilke hvornår hvor hvorfor
        hvordan mange meget jeg du han hun vi ikke også
        """,
    "fi": """
        ja tai mutta jos kun kuin että on oli ovat olivat ole olla kuka kenen mikä mitä missä mistä
        mihin milloin miksi miten kuinka paljon monta millainen se ne hän he tämä joka ei myös
        """,
    "pl": """
        i lub ale czy w we z ze na do od po o przez dla przy nad pod za jest są był była było byli
        być ma mają kto kogo co czego jaki jaka jakie jak który która które kiedy gdzie dlaczego ile
        ilu się nie to ten ta te jego jej ich
        """,
    "cs": """
        a nebo ale že v ve z ze na do od po o pro při nad pod za je jsou byl byla bylo byli být má
        kdo koho co čeho jaký jaká jaké jak který která které kdy kde proč kolik se si ne to ten ta
        jeho její jejich
        """,
    "ro": """
        un o unui unei al a ai ale de la în din pe cu pentru prin sub spre și sau dar că ce cine
        care când unde cum cât câtă câți câte este e sunt era erau fost fi au are s se lui lor nu
        mai
        """,
    "ru": """
        и или но а в во на с со к ко о об от до из за по под при для через между у не ни же ли бы
        как что чего чем кто кого кому когда где куда откуда почему зачем сколько какой какая какое
        какие каких каком какую который которая которые был была было были быть есть это этот эта он
        она оно они его её их мы вы я ты себя также
        """,
    "uk": """
        і й або але в у на з із до від за по під при для через між не як що чого хто кого коли де
        куди чому скільки який яка яке які був була було були є це цей ця він вона вони його її їх
        """,
    "el": """
        ο η το οι τα του της των τον την τους τις ένας μια ένα και ή αλλά αν που πού πως πώς ποιος
        ποια ποιο ποιοι ποιες ποιον ποιους τι πότε γιατί πόσο πόσα πόσοι πόσες σε στο στη στην στον
        στους στις στα από με για κατά μετά πριν είναι ήταν έχει είχε να θα δεν
        """,
    "tr": """
        ve veya ile ama için gibi kadar olan olarak bir bu şu o ne neyi neden nedir nasıl nerede
        nereden hangi kim kimin kimdir kaç mi mı mu mü da de ki daha en çok değil
        """,
    "ar": """
        في من إلى على عن مع هو هي هم هذا هذه ذلك التي الذي الذين أن إن كان كانت يكون ما ماذا متى أين
        كيف لماذا كم أي هل لا لم قد بعد قبل بين عند أو و ثم كل بعض ماهو ماهي
        """,
    "fa": """
        و یا در به از با که را این آن برای تا بر است بود شد شود دارد هست چه چی کی چرا چگونه چطور کجا
        کدام چند چقدر آیا می نمی های ها
        """,
    "he": """
        של את על אל עם מן או גם כי אם זה זו הוא היא הם הן מה מי מתי איפה היכן איך כיצד מדוע למה כמה
        איזה איזו באיזה באיזו היה הייתה היו לא יש אין
        """,
    "hi": """
        का की के को में से पर ने और या है हैं था थी थे हो क्या कौन किस किसने किसके कब कहाँ कहां
        क्यों कैसे कितना कितने कितनी यह वह जो एक लिए तक भी नहीं इस उस
        """,
    "bn": """
        এর ও এবং বা কি কী কে কার কোন কোথায় কবে কখন কেন কিভাবে কীভাবে কত কয়টি হয় ছিল ছিলেন আছে এই
        সেই একটি থেকে জন্য করে না
        """,
    "id": """
        yang di ke dari dan atau untuk pada dengan dalam oleh ini itu adalah ada tidak akan telah
        apa apakah siapa siapakah kapan kapankah mana dimana dimanakah bagaimana mengapa berapa
        berapakah manakah nya juga
        """,
    "vi": """
        là của và hoặc trong ở tại với cho về từ đến được bị đã đang sẽ có không này đó các những
        một ai gì nào đâu khi sao thế bao nhiêu ra vào do bởi mà thì cũng
        """,
    "sw": """
        na ya wa la za cha vya ni kwa katika au je nani nini gani lini wapi vipi ngapi wangapi
        kwanini ipi upi yupi iko alikuwa ana
        """,
}  # fmt: skip

_QUESTION = re.compile(
    # Chinese
    r"为什么|為什麼|什么时候|什麼時候|什么|什麼|怎么样|怎么|怎麼|怎样|怎樣|如何|哪里|哪裡|哪儿|哪个|哪個"
    r"|哪些|哪一|哪|谁|誰|多少|何时|何時|何处|何處|几个|幾個|是否|请问|請問|的|了|吗|嗎|呢|吧"
    # Japanese
    r"|なぜ|どうして|どのように|どのくらい|どの|どこ|どれ|どちら|どんな|だれ|いつ|いくつ|いくら|なに|なん|何"
    r"|ですか|ますか|でしょうか|とは|ください|でした|した|する|した|して|された|される|という|から|まで|は|が|を|に|の|へ|で|と|も"
    # Korean
    r"|무엇을|무엇이|무엇인가요|무엇인가|무엇|누구인가요|누구인가|누구|언제인가요|언제인가|언제|어디에서|어디서|어디인가요|어디인가|어디|어느|어떤|어떻게"
    r"|얼마나|얼마|몇|왜|인가요|인가|입니까|습니까|한가요|나요"
    # Thai
    r"|อะไร|ที่ไหน|ไหน|ใคร|เมื่อไหร่|เมื่อไร|เท่าไหร่|เท่าไร|เท่าใด|เมื่อใด|อย่างไร|ทำไม|กี่|หรือไม่|ใด|คือ|เป็น|ของ|ที่|ใน|และ|ได้"
)


def function_words(words: Iterable[str]) -> frozenset[str]:
    """Return the function words of the language that a query seems to be in.

    A word of one language may be a noun in another ("war", "die"), so only the languages with the
    most function words in the query count.

    Args:
        words: The query's words, without case and accents.

    Returns:
        Function words, without case and accents; none if the query has none of any language.
    """
    found = Counter(language for word in set(words) for language in _languages().get(word, ()))
    most = max(found.values(), default=0)
    return frozenset().union(*(_of(language) for language, n in found.items() if n == most))


def without_question_words(run: str) -> list[str]:
    """Divide a run of a script without spaces at the words that ask, and at particles.

    Args:
        run: A run of characters.

    Returns:
        The pieces between them.
    """
    return [piece for piece in _QUESTION.split(run) if piece]


@functools.cache
def _languages() -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for language in _WORDS:
        for word in _of(language):
            known.setdefault(word, []).append(language)
    return known


@functools.cache
def _of(language: str) -> frozenset[str]:
    return frozenset(folded(word) for word in _WORDS[language].split())
