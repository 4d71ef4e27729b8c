"""What stands around a token of a line: the looks ahead and back that tell what a sign or a number is there for."""

from lotwatch.recall.reading.tokens import Token

#: kinds of words that say what the numbers behind them are
NUMBERED = frozenset({"lot", "serial", "either"})
_MOST_TOGETHER = 100


def marks_item(line: list[Token], at: int) -> bool:
    """Whether what stands there is the sign of an item of a list: "b)" or "(1)" where something begins."""
    if not (at + 1 < len(line) and line[at + 1].text == ")" and line[at + 1].starts == line[at].ends):
        return False
    first = at - 1 if at and line[at - 1].text == "(" else at
    return first == 0 or line[first - 1].kind == "stop" or line[first - 1].text in {",", ":"}


def heads_pairs(line: list[Token], at: int) -> bool:
    """Whether a word for a day belongs to the heading of a list: "lot number/expiration date", or both in a line of their own."""
    if at > 1 and line[at - 1].text in {"/", "and"}:
        return line[at - 2].kind in NUMBERED
    ends = at + 1 < len(line) and line[at + 1].text == "\n"
    return bool(at) and line[at - 1].kind in NUMBERED and ends


def number_next(line: list[Token], at: int) -> bool:
    """Whether a number follows, signs between them or not."""
    at += 1
    while at < len(line) and line[at].text in {":", "("}:
        at += 1
    return at < len(line) and line[at].kind == "number"


def numbered_next(line: list[Token], at: int) -> bool:
    """Whether "lot" or "serial" follows, signs between them or not."""
    at += 1
    while at < len(line) and line[at].kind in {"mark", "and"} and line[at].text in {",", ":", "(", "-", "/"}:
        at += 1
    return at < len(line) and line[at].kind in NUMBERED | {"every"}


def named_again(line: list[Token], at: int) -> bool:
    """Whether a number is followed by another name of the same device: PM-3 (REF 860110)."""
    return at + 2 < len(line) and line[at + 1].text == "(" and line[at + 2].kind == "ref"


def all_before_numbers(line: list[Token], at: int) -> bool:
    """Whether a number is one of several before the numbers of their lots: A-1 and A-2: Lot 55."""
    last = at
    while (
        last + 2 < min(len(line), at + _MOST_TOGETHER)
        and line[last + 1].kind == "and"
        and line[last + 2].kind == "number"
    ):
        last += 2
    after = last + 1
    while after < len(line) and line[after].text in {":", "("}:
        after += 1
    if last == at or after + 1 >= len(line) or line[after].kind not in NUMBERED:
        return False
    return line[after + 1].kind == "number" or (line[after + 1].text == ":" and line[after + 2 : after + 3] != [])
