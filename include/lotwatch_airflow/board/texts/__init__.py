"""The board's words, one catalogue for each language (`en.yaml`, `zh.yaml`), with the same keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, get_args

import yaml

from lotwatch.errors import LotwatchError
from lotwatch.formats import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True)
class Texts:
    """Words of one language. `texts("today.title")` is a text; `texts.name("column", code)` one for a code."""

    language: Language
    catalogue: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with its values filled in. Raises KeyError for a key that is not in the catalogue."""
        return self.catalogue[key].format(**values)

    def name(self, kind: str, code: str) -> str:
        """What people call a code, e.g. a state or a column; a code nobody named is shown as it is."""
        return self.catalogue.get(f"{kind}.{code}", code)


@cache
def texts(language: Language) -> Texts:
    """The catalogue of a language out of LANGUAGES."""
    content = files(__package__).joinpath(f"{language}.yaml").read_text(encoding="utf-8")
    return Texts(language, dict(_flat(yaml.safe_load(content))))


def hindrance(language: Language, error: LotwatchError) -> str:
    """What is wrong, where, and what to do; in Chinese as far as `hindrances.zh.yaml` has the words, else in English."""
    known = _hindrances()
    if language == "en" or error.what not in known:
        return str(error)
    where = f"位置：{error.where}。" if error.where else ""
    do = f"{known.get(error.do, error.do)}。" if error.do else ""
    return f"{known[error.what]}。{where}{do}"


def choose_language(asked: str | None, remembered: str | None, accepted: str) -> Language:
    """The language of a page: as asked for in its URL, as remembered in a cookie, as the browser accepts, else the first."""
    for wanted in (asked, remembered, *_by_preference(accepted)):
        for language in LANGUAGES:
            if language == wanted:
                return language
    return LANGUAGES[0]


def _by_preference(accepted: str) -> list[str]:
    """Languages of an Accept-Language header (`zh-CN,zh;q=0.9`), the most wanted first."""
    wanted: list[tuple[float, str]] = []
    for entry in accepted.lower().split(","):
        tag, _, weight = entry.strip().partition(";q=")
        try:
            wanted.append((float(weight or 1), tag.split("-")[0]))
        except ValueError:
            continue
    return [language for _, language in sorted(wanted, key=lambda pair: -pair[0])]


@cache
def _hindrances() -> Mapping[str, str]:
    content = files(__package__).joinpath("hindrances.zh.yaml").read_text(encoding="utf-8")
    known: Mapping[str, str] = yaml.safe_load(content)
    return known


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
