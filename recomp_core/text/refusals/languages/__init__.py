"""The languages in which refusals are known, a module for each."""

from ..language import Language
from .arabic import ARABIC
from .chinese import CHINESE
from .czech import CZECH
from .dutch import DUTCH
from .english import ENGLISH
from .french import FRENCH
from .german import GERMAN
from .greek import GREEK
from .hebrew import HEBREW
from .hindi import HINDI
from .hungarian import HUNGARIAN
from .indonesian import INDONESIAN
from .italian import ITALIAN
from .japanese import JAPANESE
from .korean import KOREAN
from .polish import POLISH
from .portuguese import PORTUGUESE
from .romanian import ROMANIAN
from .russian import RUSSIAN
from .spanish import SPANISH
from .swedish import SWEDISH
from .thai import THAI
from .turkish import TURKISH
from .ukrainian import UKRAINIAN
from .vietnamese import VIETNAMESE

LANGUAGES: tuple[Language, ...] = (
    ENGLISH,
    GERMAN,
    FRENCH,
    SPANISH,
    ITALIAN,
    PORTUGUESE,
    DUTCH,
    RUSSIAN,
    CHINESE,
    JAPANESE,
    KOREAN,
    ARABIC,
    TURKISH,
    VIETNAMESE,
    HINDI,
    ROMANIAN,
    GREEK,
    THAI,
    HEBREW,
    POLISH,
    CZECH,
    SWEDISH,
    UKRAINIAN,
    HUNGARIAN,
    INDONESIAN,
)
"""Those that models write most first."""
