"""The languages in which refusals are known, a module for each."""

from ..language import Language
from .arabic import ARABIC
from .chinese import CHINESE
from .dutch import DUTCH
from .english import ENGLISH
from .french import FRENCH
from .german import GERMAN
from .italian import ITALIAN
from .japanese import JAPANESE
from .korean import KOREAN
from .portuguese import PORTUGUESE
from .russian import RUSSIAN
from .spanish import SPANISH

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
)
"""Those that models write most first."""
