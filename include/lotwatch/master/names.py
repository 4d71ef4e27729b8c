"""Names and numbers in the form in which they are compared, Chinese and Latin."""

import re
import unicodedata
from functools import lru_cache

#: what companies are called beside their names
_LEGAL_FORMS = re.compile(
    r"\b(inc|incorporated|llc|l l c|lp|ltd|limited|plc|co|corp|corporation|company|gmbh|ag|sa|sas|srl|spa|bv|nv|kg|oy|ab|usa|group)\b"
)
_LEGAL_FORMS_ZH = re.compile(r"(股份有限公司|有限责任公司|有限公司|股份公司|集团|公司)")
_CJK = re.compile(r"[\u3400-\u9fff]+")
_WORD = re.compile(r"[a-z0-9]+(?:[.\-_][a-z0-9]+)*")
#: shorter than this a model or catalogue number says too little
_SHORTEST_NUMBER = 3


def plain(text: str) -> str:
    """Text without case, width and accents."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    return "".join(sign for sign in folded if not unicodedata.combining(sign))


@lru_cache(maxsize=200_000)
def compact(text: str) -> str:
    """A model, catalogue or registration number without spaces and signs: `G-30 15` and `g3015` are the same."""
    return "".join(sign for sign in plain(text) if sign.isalnum())


def number(text: str | None) -> str:
    """A model or catalogue number as it is compared; empty where it is too short to say anything."""
    made = compact(text or "")
    return made if len(made) >= _SHORTEST_NUMBER else ""


@lru_cache(maxsize=20_000)
def maker(text: str) -> str:
    """A company's name without its legal form."""
    words = re.sub(r"[^\w]+", " ", plain(text))
    return " ".join(_LEGAL_FORMS_ZH.sub("", _LEGAL_FORMS.sub(" ", words)).split())


def words(text: str) -> list[str]:
    """The words of a text; Chinese, which has no spaces, in pairs of characters. Signs within a number are left out."""
    folded = plain(text)
    found = [re.sub(r"[.\-_]", "", word) for word in _WORD.findall(folded)]
    for run in _CJK.findall(folded):
        found.extend(run[place : place + 2] for place in range(max(1, len(run) - 1)))
    return found


def has_digit(word: str) -> bool:
    """Whether a word is a size, a model or a number: what tells variants of a device apart."""
    return any(sign.isdigit() for sign in word)
