"""Reads what a notice asks people to do with the device, in its own words: remove, correct, inspect, or take note (advise).

A phrase counts where somebody is asked (or whoever recalls says that they will do it), what is meant is the device and not a
form, and no condition or term is set. Whatever else is asked is `unclear`: then only what nothing could be stricter than is
certain.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lotwatch.recall.reading import phrases as say
from lotwatch.recall.reading.tokens import half_width

Kind = Literal["remove", "correct", "inspect", "advise", "unclear"]
_STRICTEST: tuple[Kind, ...] = ("remove", "correct", "inspect", "advise")
#: texts that tell what to do
_FIELDS = ("action", "body")
#: characters of a text that are read, and of a phrase that are kept; phrases of a version
_LONGEST_TEXT, _LONGEST, _MOST = 50_000, 500, 100
#: of a sentence that can be understood
_LONGEST_SENTENCE = 1_500
#: sentences: full stops within numbers and names are none; a colon, and a number in a list, begin one
_SENTENCE = re.compile(r"(?:[^.;:!?\n•。；：！]|[.:](?=\S))+")
_LISTED = re.compile(r"(?<!\S)\(?[0-9]{1,2}[.)](?=\s)|(?<=[\u4e00-\u9fff；。：，])[0-9]{1,2}[.、](?=\D)")
_PART = re.compile(r"[，、,]")
#: where a verb stands: after "to" and the like always, in a list where it has an object
_NEXT = re.compile(
    r"\b(?:(?P<modal>should|must|shall|please)|to)\s+(?:(?:be|not|also|then|\w+ly)\s+)*(?P<verb>[A-Za-z][\w'-]*)"
    r"|(?:,|\band\b|\bor\b|\bthen\b)\s+(?:(?:and|or|then|also|\w+ly)\s+)*(?P<listed>[A-Za-z][\w'-]*)"
    r"(?=\s+(?:the|all|any|each|your|their|affected)\b)",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that is asked for or, `unclear`, that may be; `said` stands at characters `starts` to `ends` of `field`."""

    kind: Kind
    field: str
    starts: int
    ends: int
    said: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    """What a verb asks for (`keep`: that the device stays in use), and where its sentence stands."""

    kind: Literal["remove", "correct", "inspect", "advise", "unclear", "keep"]
    starts: int
    ends: int


def asks(notice: Mapping[str, Any]) -> list[Ask]:
    """What a version of a notice asks for, given by the columns of notice_version; of each sentence each kind once."""
    found: list[tuple[str, _Phrase]] = []
    for field in _FIELDS:
        text = half_width((notice[field] or "")[:_LONGEST_TEXT])
        found += [(field, phrase) for phrase in dict.fromkeys(_read(text))]
        if len(notice[field] or "") > _LONGEST_TEXT:
            found.append((field, _Phrase("unclear", _LONGEST_TEXT, _LONGEST_TEXT)))
    if len(found) > _MOST:  # nobody knows what the rest asks for
        field, rest = found[_MOST - 1]
        found[_MOST - 1 :] = [(field, _Phrase("unclear", rest.starts, rest.ends))]
    kinds = {phrase.kind for _, phrase in found}
    both = {"keep", "remove"} <= kinds  # whoever says both means something else by one of them
    known: list[Ask] = []
    for field, phrase in found:
        kind: Kind = (
            "advise" if phrase.kind == "keep" else "unclear" if both and phrase.kind == "remove" else phrase.kind
        )
        known.append(
            Ask(kind, field, phrase.starts, phrase.ends, notice[field][phrase.starts : phrase.ends][:_LONGEST])
        )
    return list(dict.fromkeys(known))


def decided(kinds: Collection[str]) -> Kind | None:
    """The strictest of the kinds that are asked for; None: a person must read it."""
    if "unclear" in kinds and "remove" not in kinds:
        return None
    return next((kind for kind in _STRICTEST if kind in kinds), None)


def _read(text: str) -> Iterator[_Phrase]:
    named = say.NAME.sub(lambda found: " " * len(found[0]), text)
    for name in say.NAME.finditer(text):
        if say.NAMED_REMOVAL.search(name[0]):
            yield _Phrase("unclear", name.start(), name.end())  # it is called so: less would be a surprise
    for sentence in _sentences(named):
        starts = sentence.start() + len(sentence[0]) - len(sentence[0].lstrip())
        ends = sentence.start() + len(sentence[0].rstrip())
        for kind in _kinds(sentence[0]):
            yield _Phrase(kind, starts, ends)  # type: ignore[arg-type]


def _sentences(text: str) -> Iterator[re.Match[str]]:
    text = _LISTED.sub(lambda found: ";" * len(found[0]), text)
    return (found for found in _SENTENCE.finditer(text) if found[0].strip())


def _kinds(sentence: str) -> Iterable[str]:
    if len(sentence) > _LONGEST_SENTENCE:
        return ["unclear"]
    if _HAN.search(sentence):
        return [*_chinese(sentence), *(["unclear"] if say.VERB.search(sentence) else [])]  # in two languages at once
    found = list(_english(sentence))
    if say.HINT.search(sentence) and not {"remove", "correct"}.intersection(found):
        found.append("unclear")
    return found


def _english(sentence: str) -> Iterator[str]:
    """What each verb of a sentence asks for, and `unclear` for one that is not known."""
    verbs = [
        verb
        for verb in say.VERB.finditer(sentence)
        if verb.lastgroup == "take" or not say.NOUN_FOLLOWS.search(sentence[max(0, verb.start() - 20) : verb.start()])
    ]
    command = bool(verbs) and _is_command(sentence, verbs[0])
    for place, verb in enumerate(verbs):
        follows = verbs[place + 1].start() if place + 1 < len(verbs) else len(sentence)
        begins = verbs[place - 1].end() if place else 0
        command = command or _is_told(sentence[: verb.start()])
        yield from _Verb(sentence, verb, begins, follows, command).asks()
    asked = say.ASKED.search(sentence)
    if asked or command:
        for found in _NEXT.finditer(sentence, 0 if command or asked is None else asked.start()):
            which = "verb" if found["verb"] else "listed"
            nouns = () if found["modal"] else (say.PART, say.DEVICE, say.PAPER, say.STORE)
            if found[which].lower() not in say.NO_VERB and not any(
                each.match(sentence, found.start(which)) for each in (say.VERB, *nouns)
            ):
                yield "unclear"


def _is_command(sentence: str, verb: re.Match[str]) -> bool:
    return bool(say.COMMAND.fullmatch(sentence, 0, verb.start())) and not verb[0].lower().endswith(("ed", "ing"))


def _is_told(lead: str) -> bool:
    """Whether somebody is notified to do what follows."""
    told = say.TO.search(lead[-40:]) and next(say.TOLD.finditer(lead), None)
    return bool(told) and not say.OWN_PLAN.search(lead, told.end())  # type: ignore[union-attr]


class _Verb:
    """A verb in its sentence: `lead` is what stands before it, `own` of that what no other verb has, `rest` what follows up
    to the next."""

    def __init__(self, sentence: str, verb: re.Match[str], begins: int, follows: int, command: bool) -> None:
        self._kind, self._word = str(verb.lastgroup), verb[0].lower()
        self._lead, self._own = sentence[: verb.start()], sentence[begins : verb.start()]
        self._rest, self._after = sentence[verb.end() : follows], sentence[verb.end() :]
        self._others = bool(say.OTHERS.search(sentence))
        self._asked = command or bool(say.ASKED.search(self._lead))
        self._will = bool(say.WILL.search(self._lead))
        self._part = self._lead.rpartition(",")[2]
        if re.match(r"\w+ed\b", self._word) and not say.TO_BE.search(self._part):
            self._asked = self._will = False  # it was done, or "the returned units"

    def asks(self) -> Iterator[str]:
        """What it asks for; nothing where that is not about the device."""
        read = getattr(self, f"_{self._kind}", None)
        found = read() if read else None
        if found is None or (found == "keep" and self._others):
            return  # that of others says nothing of these
        conditional = found in {"remove", "correct", "inspect", "keep"} and self._is_conditional(found)
        yield "unclear" if conditional else found
        term = say.TERM.search(self._rest)
        if found == "keep" and term is not None and not any(self._verbs(term["what"], "correct")):
            yield "unclear"  # and then?

    def _keep(self) -> str:
        return "keep"

    def _stop(self) -> str | None:
        of = re.match(r"\s*of\b", self._rest) and not say.DEVICE.search(self._rest) and not say.MEANT.search(self._rest)
        if (
            not self._asked
            or of
            or self._object() is say.PART
            or say.HOW.search(self._rest)
            or say.FEATURE.search(self._rest)
        ):
            return "unclear"
        return self._for_good()

    def _take(self) -> str | None:
        meant = self._object()
        if meant is say.PAPER:
            return "unclear" if say.WITH_IT.search(self._rest) else None
        if say.NEGATED.search(self._part):
            return "keep"
        if say.FORBIDDEN.search(self._part) or say.FROM_ELSEWHERE.search(self._rest) or not (self._asked or self._will):
            return "unclear"
        if meant is say.PART:
            exchanged = re.match(r"discard|destroy|dispos|remov", self._word) and say.DOCUMENT.search(self._rest)
            return "correct" if exchanged else "unclear"
        if meant is None and not say.FROM_USE.search(self._rest):
            alone = re.match(r"quarantin|segregat|sequester|isolat|discard|destroy", self._word)
            if not alone and (not say.DEVICE.search(self._lead) or say.PAPER.search(self._own)):
                return "unclear"
        return self._for_good()

    def _correct(self) -> str | None:
        before = self._lead if self._word.endswith("ed") else self._own
        part = say.PART.search(self._rest) or say.PART.search(before)
        whole = not self._word.startswith(("replac", "appl")) and (
            say.DEVICE.search(self._rest) or say.DEVICE.search(before)
        )
        known = (self._asked or self._will) and not say.FORBIDDEN.search(self._part) and (part or whole)
        return "correct" if known else "unclear"

    def _look(self) -> str | None:
        if not self._asked or say.STORE.search(self._rest) or say.WHICH.search(self._rest):
            return None
        meant = self._word.startswith("perform") or say.DEVICE.search(self._rest) or say.PART.search(self._rest)
        return "inspect" if meant and not say.FORBIDDEN.search(self._part) else "unclear"

    def _aware(self) -> str | None:
        if not self._asked:
            return None
        return "unclear" if self._word.startswith("follow") and not say.KNOWN_RULES.search(self._rest) else "advise"

    def _for_good(self) -> str | None:
        """Whether it is to go, or only to rest until it is put right; then that is asked for by another verb."""
        term = say.TERM.search(self._after)
        if term is None or say.FOR_GOOD.search(term["what"]):
            return "remove"
        return None if any(self._verbs(term["what"], "correct", "look")) else "unclear"

    def _object(self) -> re.Pattern[str] | None:
        """What follows first: papers, parts, or the device."""
        found = [
            (hit.start(), kind)
            for kind in (say.PAPER, say.PART, say.DEVICE, say.STORE)
            if (hit := kind.search(self._rest))
        ]
        return min(found, key=lambda each: each[0])[1] if found else None

    def _is_conditional(self, found: str) -> bool:
        """Whether it depends on something, or is about some of them; other than on whether there is any."""
        if (found == "remove" and say.SOME.search(self._lead + self._rest)) or (
            found == "keep" and (say.LATER.search(self._rest) or say.WHICH_OF_THEM.search(self._own))
        ):
            return True
        return any(
            not say.POSSESSION.match(text, condition.end())
            for text in (self._lead, self._rest)
            for condition in say.CONDITION.finditer(text)
        )

    @staticmethod
    def _verbs(text: str, *kinds: str) -> Iterator[re.Match[str]]:
        return (verb for verb in say.VERB.finditer(text) if verb.lastgroup in kinds)


def _chinese(sentence: str) -> Iterator[str]:
    """The same of a Chinese sentence, part by part."""
    verbs = list(say.CHINESE_VERB.finditer(sentence))
    for place, verb in enumerate(verbs):
        follows = verbs[place + 1].start() if place + 1 < len(verbs) else len(sentence)
        found = _chinese_verb(
            str(verb.lastgroup), sentence[: verb.start()], _PART.split(sentence[verb.end() : follows])[0], sentence
        )
        if found:
            yield found
    if not verbs and say.CHINESE_ASKED.search(sentence):
        yield "unclear"


def _chinese_verb(kind: str, lead: str, rest: str, sentence: str) -> str | None:
    if kind == "paper":
        return None
    if kind == "keep":
        return "keep"
    if kind == "aware":
        return "advise"
    paper = say.CHINESE_PAPER.search(rest) or say.CHINESE_PAPER.search(_PART.split(lead)[-1])
    if (kind == "take" and paper) or (kind == "look" and say.CHINESE_STORE.search(rest)):
        return None
    if say.CHINESE_CHOICE.search(sentence) or say.CHINESE_CONDITION.search(lead) or say.CHINESE_DONE.search(lead):
        return "unclear"
    if kind == "correct":
        return "correct" if say.CHINESE_PART.search(rest) or say.CHINESE_PART.search(lead) else "unclear"
    if kind == "look":
        return "inspect"
    term = say.CHINESE_TERM.search(rest)
    return "remove" if term is None else "unclear"
