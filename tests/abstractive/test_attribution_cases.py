"""Faithful and invented sentences by hand: the default score keeps them apart, but for a few."""

from recomp_core import Document
from recomp_core.abstractive.attribution import OverlapScorer, link_all
from recomp_core.protocols import Candidate

CASES = [
    (
        [
            "The Eddystone lighthouse was rebuilt in 1759 by John Smeaton, a civil engineer from Leeds. It stood until 1877, when erosion of the rock beneath it made it unsafe. The upper part was moved to Plymouth Hoe.",
            "Lighthouses need lenses. Augustin Fresnel invented a lens in 1822 which made the light visible over more than 20 miles. The keepers lived in isolation for months.",
            "Plymouth is a port city in Devon. Its population was about 260,000 in 2020.",
        ],
        [
            "John Smeaton, a civil engineer, rebuilt the lighthouse in 1759.",
            "The lighthouse was built by Smeaton.",
            "Erosion of the rock made the tower unsafe in 1877.",
            "Its upper part now stands on Plymouth Hoe.",
            "Fresnel's lens could be seen from more than 20 miles away.",
            "Plymouth has about 260,000 inhabitants.",
            "Smeaton, from Leeds, rebuilt it in 1759, and it stood until 1877.",
            "It was moved to Plymouth Hoe because erosion made it unsafe.",
            "Keepers were isolated for months at a time.",
        ],
        [
            "The lighthouse was destroyed in a great storm.",
            "It is open to visitors every summer.",
            "Smeaton also designed canals and bridges all over Scotland.",
            "The population of Devon is growing quickly.",
            "The lens was used in theatres of London.",
            "The keepers were paid well by the government.",
            "It is the most famous of all the lighthouses in the world.",
        ],
    ),
    (
        [
            "Photosynthesis takes place in the chloroplasts of plant cells. Light energy is absorbed by chlorophyll and used to split water, releasing oxygen. In the Calvin cycle, carbon dioxide is turned into sugar.",
            "Mitochondria release energy from sugar by respiration. Nearly all cells have them.",
        ],
        [
            "Chlorophyll absorbs light energy, and water is split, releasing oxygen.",
            "Plants turn carbon dioxide into sugar in the Calvin cycle.",
            "Photosynthesis happens in chloroplasts.",
            "Respiration in mitochondria releases energy from sugar.",
        ],
        [
            "The process was discovered by a Dutch physician.",
            "Plants need minerals from the soil to grow.",
            "Plants do not carry out respiration at night.",
            "Oxygen is absorbed by the leaves during the day.",
        ],
    ),
    (
        [
            "Der Leuchtturm wurde 1759 von John Smeaton, einem Ingenieur aus Leeds, neu errichtet. Er stand bis 1877, als die Erosion des Felsens ihn unsicher machte.",
            "Die Linse wurde 1822 von Augustin Fresnel erfunden. Das Licht war über 20 Meilen weit sichtbar.",
        ],
        [
            "John Smeaton errichtete den Leuchtturm 1759 neu.",
            "Fresnel erfand die Linse im Jahr 1822.",
            "Wegen der Erosion des Felsens war er 1877 unsicher.",
            "Das Licht konnte man über 20 Meilen weit sehen.",
        ],
        [
            "Der Leuchtturm wurde von einem Sturm zerstört.",
            "Die Wärter lebten das ganze Jahr auf der Insel.",
            "Smeaton war der Sohn eines Anwalts.",
        ],
    ),
    (
        [
            "Le phare fut reconstruit en 1759 par John Smeaton, un ingénieur de Leeds. Il resta debout jusqu'en 1877, lorsque l'érosion du rocher le rendit dangereux."
        ],
        [
            "L'ingénieur John Smeaton a reconstruit le phare en 1759.",
            "L'érosion du rocher rendait le phare dangereux.",
        ],
        ["Le phare a été détruit par une tempête.", "Il est aujourd'hui ouvert au public."],
    ),
    (
        [
            "Маяк был перестроен в 1759 году Джоном Смитоном, инженером из Лидса. Он простоял до 1877 года, когда эрозия скалы сделала его опасным."
        ],
        ["Инженер Джон Смитон перестроил маяк в 1759 году.", "Эрозия скалы сделала маяк опасным."],
        ["Маяк был разрушен сильной бурей.", "Сегодня он открыт для туристов."],
    ),
    (
        [
            "这座灯塔由工程师约翰·斯米顿于1759年重建。它一直使用到1877年，后来岩石的侵蚀使它变得不安全。",
            "菲涅耳在1822年发明了一种透镜，使灯光在20英里外也能看见。",
        ],
        ["斯米顿在1759年重建了灯塔。", "岩石侵蚀使灯塔不安全。", "透镜由菲涅耳于1822年发明。"],
        ["灯塔被一场大风暴摧毁。", "今天它向游客开放。", "斯米顿出生在一个律师家庭。"],
    ),
    (
        [
            "灯台は1759年に技師ジョン・スミートンによって再建された。1877年まで使われたが、岩の浸食で危険になった。"
        ],
        ["ジョン・スミートンは1759年に灯台を再建した。", "岩の浸食により灯台は危険になった。"],
        ["灯台は嵐で破壊された。", "今は観光客に公開されている。"],
    ),
    (
        [
            "El faro fue reconstruido en 1759 por John Smeaton, un ingeniero de Leeds. Permaneció en pie hasta 1877, cuando la erosión de la roca lo hizo inseguro."
        ],
        [
            "El ingeniero John Smeaton reconstruyó el faro en 1759.",
            "La erosión de la roca hizo inseguro el faro.",
        ],
        ["Una tormenta destruyó el faro.", "Hoy es un museo abierto al público."],
    ),
    (
        [
            "Marie Curie was born in Warsaw in 1867. She moved to Paris in 1891 to study physics at the Sorbonne. In 1903 she shared the Nobel Prize in Physics with Pierre Curie and Henri Becquerel. Eight years later she received a second one, in chemistry, for the discovery of radium and polonium.",
            "Radium is a radioactive metal. It was once used in luminous paint for clocks and instruments, until its dangers became known. Workers who painted the dials fell ill.",
            "The Sorbonne is one of the oldest universities in Europe. It was founded by Robert de Sorbon as a college for theology students. Classes were suspended during the Revolution.",
            "Becquerel noticed in 1896 that uranium salts fogged photographic plates. This was the first observation of radioactivity.",
        ],
        [
            "Marie Curie won the Nobel Prize in Physics in 1903 together with Pierre Curie and Henri Becquerel.",
            "She also received the chemistry prize for discovering radium and polonium.",
            "Curie, born in Warsaw in 1867, studied physics at the Sorbonne and shared the 1903 Nobel Prize.",
            "Radioactivity was first observed by Becquerel in 1896.",
            "Radium was used in luminous paint, and workers who painted dials fell ill.",
            "Uranium salts darkened photographic plates.",
            "The university goes back to a college for students of theology.",
            "She came to Paris as a student in 1891.",
        ],
        [
            "Marie Curie died of aplastic anaemia caused by radiation.",
            "She was the first woman to become a professor at the university.",
            "Her daughter Irene also won a prize.",
            "Radium is used today in the treatment of cancer.",
            "The Sorbonne was closed because of a plague.",
            "Becquerel taught physics to the king of France.",
            "Photographic plates were expensive at that time.",
            "During the war she drove ambulances with X-ray equipment.",
            "Her notebooks are still radioactive and are kept in lead boxes.",
        ],
    ),
    (
        [
            "The Amazon river discharges about 209,000 cubic metres of water per second. It rises in the Peruvian Andes and flows east for roughly 6,400 kilometres. Its mouth is more than 300 kilometres wide.",
            "The rainforest around the river loses about 10,000 square kilometres every year to cattle ranching and soy. Fires are most common in the dry season from August to October.",
        ],
        [
            "The Amazon is about 6,400 km long and starts in the Andes of Peru.",
            "Every second about 209,000 cubic metres of water flow out of it.",
            "Cattle ranching and soy destroy 10,000 square kilometres of rainforest every year.",
            "Most fires happen between August and October.",
            "The river's mouth is over 300 kilometres across.",
        ],
        [
            "The Amazon is the longest river in the world.",
            "Pink dolphins live in the water of the river.",
            "The forest produces a fifth of the oxygen of the world.",
            "Fires are started by lightning.",
        ],
    ),
    (
        [
            "北京大学创办于1898年，初名京师大学堂，是中国近代第一所国立综合性大学。1912年改为现名。",
            "清华大学的前身清华学堂始建于1911年，因水木清华而得名。1928年更名为国立清华大学。",
        ],
        [
            "北京大学1898年创办，当时名为京师大学堂。",
            "清华学堂建于1911年，是清华大学的前身。",
            "北大于1912年改用现在的名称。",
        ],
        [
            "北京大学位于海淀区，校园非常美丽。",
            "清华大学以工程学科闻名世界。",
            "许多诺贝尔奖获得者曾在这里学习。",
        ],
    ),
    (
        [
            "Die Donau entspringt im Schwarzwald und mündet nach 2857 Kilometern ins Schwarze Meer. Sie fließt durch zehn Länder. In Wien wurde der Fluss zwischen 1870 und 1875 begradigt, um Hochwasser zu verhindern."
        ],
        [
            "Die Quelle der Donau liegt im Schwarzwald, sie mündet ins Schwarze Meer.",
            "Um Hochwasser zu verhindern, begradigte man den Fluss in Wien.",
            "Die Donau durchfließt zehn Länder.",
        ],
        [
            "Die Donau ist ein beliebtes Ziel für Kreuzfahrten.",
            "In Wien gibt es viele Brücken.",
            "Der längste Fluss in Europa ist die Wolga.",
        ],
    ),
]


def test_the_default_score_keeps_faithful_and_invented_apart():
    kept = {True: [], False: []}
    for texts, faithful, invented in CASES:
        documents = tuple(map(Document, texts))
        for is_faithful, sentences in ((True, faithful), (False, invented)):
            for text in sentences:
                (sentence,) = link_all([Candidate("", documents, text)])[0]
                best = max((source.score for source in sentence.sources), default=0)
                kept[is_faithful].append(best >= OverlapScorer.default_min_score)
    assert (sum(kept[True]), len(kept[True])) == (45, 47)
    assert (sum(kept[False]), len(kept[False])) == (3, 44)
