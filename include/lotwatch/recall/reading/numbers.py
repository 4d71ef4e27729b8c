"""How numbers of lots, units and devices are written and compared, and which of them look alike."""

import re
import unicodedata
from fnmatch import fnmatchcase

#: the beginning of a number that may stand for all of it
_LONG_ENOUGH = 4
#: what two ends of a range have in common, of which it need not be said that they are one
_LONGEST_ENDING = 3
_SPACE = re.compile(r"\s+")
_BEFORE = re.compile(r"^(?:LOT|BATCH|SN)(?=[0-9])")
_TAKEN_FOR = str.maketrans("OI", "01")
_NOT_WORD = re.compile(r"[^0-9A-Z]+")
_NOT_PATTERN = re.compile(r"[^0-9A-Z?*]+")
_MASKED = re.compile(r"[0-9]X{2,}")
_END = r"[A-Z]{0,6}[0-9]{2,18}"
_ONE_RANGE = re.compile(rf"({_END})\s*(?:[-–—~]|to|thru|through|至|到)\s*({_END})", re.IGNORECASE)
_RANGES = re.compile(rf"\s*{_ONE_RANGE.pattern}(?:[\s,;、]+{_ONE_RANGE.pattern})*[\s,;.]*", re.IGNORECASE)
#: numbers of devices in a line of their own, below a heading
DEVICES_ALONE = re.compile(r"\s*(?=[^0-9]*[0-9])[A-Z0-9][A-Z0-9./_-]*(?:\s*[,;]\s*[A-Z0-9][A-Z0-9./_-]*)*\s*")
#: a device identifier; letters before a catalogue number that belong to it
IDENTIFIER = re.compile(r"[0-9]{8}|[0-9]{12,14}|\+?[A-Z][A-Z0-9]{5,22}|MA\.[0-9A-Z.]+", re.IGNORECASE)
SIZE = re.compile(r"[A-Z]{1,4}")


def number_key(number: str) -> str:
    """A number as it is compared: spaces and case dropped, full width folded, leading zeros kept. In SQL: number_key."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", number)).upper()


def identifier_key(code: str) -> str:
    """A device identifier as it is compared, as the database's function of that name has it."""
    return code.zfill(14) if re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", code) else code.lstrip("+")


def trade_item_of(code: str) -> str | None:
    """What identifiers of GS1 for packages of one trade item have in common: not the indicator and the check digit."""
    key = identifier_key(code)
    return key[1:13] if re.fullmatch("[0-9]{14}", key) else None


def near_key(key: str) -> str:
    """What numbers that are written almost alike have in common: no punctuation, no leading zeros, no word before them, and O
    for zero and I for one as people take them."""
    return _BEFORE.sub("", _NOT_WORD.sub("", key)).translate(_TAKEN_FOR).lstrip("0")


def like(key: str, pattern: str) -> bool:
    """Whether a number may be one that is written with ? and *, as it is or almost alike."""
    return fnmatchcase(key, pattern.replace("[", "[[]")) or fnmatchcase(
        near_key(key), _NOT_PATTERN.sub("", pattern).translate(_TAKEN_FOR).lstrip("0")
    )


def stems(number: str) -> set[str]:
    """What a number is without what stands behind a sign in it: FS-200 of FS-200-10."""
    return {number[: sign.start()] for sign in _NOT_WORD.finditer(number) if sign.start() >= _LONG_ENOUGH}


def parts(key: str) -> tuple[str, str] | None:
    """(beginning, digits at the end) of a number; None without digits at its end."""
    found = re.fullmatch(r"(.*?)([0-9]{1,18})", key)
    return (found[1], found[2]) if found else None


def shape(key: str) -> str:
    """A number with 9 for each digit and A for each letter."""
    return re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "9", key))


def same_shape(one: str, other: str) -> bool:
    """Whether two numbers are alike but for their digits."""
    return shape(one) == shape(other) and re.sub(r"[0-9]", "", one) == re.sub(r"[0-9]", "", other)


def is_masked(key: str) -> bool:
    """Whether X stands for digits in it."""
    return bool(_MASKED.search(key))


def masked(key: str) -> str:
    """A number with ? for each X that stands for a digit."""
    return re.sub(r"X{2,}", lambda found: "?" * len(found[0]), key)


def ranges_alone(line: str) -> list[tuple[str, str]]:
    """(first, last) of the ranges of a line in which nothing else stands; none where there is anything else."""
    if not _RANGES.fullmatch(line):
        return []
    ends = ((number_key(each[1]), number_key(each[2])) for each in _ONE_RANGE.finditer(line))
    return [(first, last) for first, last in ends if same_shape(first, last)]


def ends_of(key: str) -> tuple[str, str] | None:
    """(first, last) of a number that may be a range: 1001-1010; None for all others."""
    first, *last = key.split("-")
    if len(last) == 1 and len(first) == len(last[0]) >= 4 and same_shape(first, last[0]) and first < last[0]:
        return first, last[0]
    return None


def begin_alike(first: str, last: str) -> bool:
    """Whether the ends of what may be a range have so much in common that they are likely to be one."""
    return len(first) > _LONGEST_ENDING and first[:_LONGEST_ENDING] == last[:_LONGEST_ENDING]


def may_stand_for(key: str) -> tuple[list[str], tuple[str, str] | None]:
    """What a number with signs in it may stand for: 21-001/002 for two numbers, 104523-28 for a range of six (first, last)."""
    first, *others = key.split("/")
    several = [first, *others, *(first[: -len(other)] + other for other in others)] if others else []
    if found := re.fullmatch(r"(.*[0-9])[A-Z]-[A-Z]", first):
        several.append(f"{found[1]}?")
    if found := re.fullmatch(r"(.*?)([0-9]{1,18})-([0-9]{1,18})", first):
        begins, head, tail = found.groups()
        last = head[: -len(tail)] + tail
        if int(head) < int(last) and not (len(tail) > len(head) and tail.startswith("0")):
            return several, (begins + head, begins + last)
    return several, None
