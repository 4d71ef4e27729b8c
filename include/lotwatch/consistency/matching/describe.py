"""What a record, as its source told it, says of the thing it is about: for a person who knows only their code."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

#: longest text kept of a field
_LONGEST = 200
#: fields of other systems by what their names have in them, in order: the first that fits
_FIELDS = (
    ("registration_number", re.compile(r"regist|注册证|备案")),
    ("maker", re.compile(r"manufact|maker|producer|company|厂|生产企业")),
    ("brand", re.compile(r"brand|trade_?name|品牌|商标")),
    ("catalogue_number", re.compile(r"catalog|ref_?no|article|货号")),
    ("model", re.compile(r"model|spec|型号|规格")),
    ("name", re.compile(r"name|descr|品名|名称|产品|物料")),
)
#: fields about something else than the thing: places, parties, people
_NOT_THE_THING = re.compile(r"location|warehouse|supplier|vendor|customer|user|depart|patient|site|库|供应商|科室|客户")


def describe(raw: Mapping[str, Any]) -> dict[str, str]:
    """name, brand, model, catalogue_number, maker and registration_number, as far as the record says them."""
    found: dict[str, str] = {}
    for name, value in _texts(raw):
        lower = name.casefold()
        if _NOT_THE_THING.search(lower):
            continue
        field = next((field for field, pattern in _FIELDS if pattern.search(lower)), None)
        if field and field not in found and value.strip():
            found[field] = value.strip()[:_LONGEST]
    return found


def _texts(raw: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in raw.items():
        if isinstance(value, str):
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping) and not prefix:
            yield from _texts(value, f"{name}.")
