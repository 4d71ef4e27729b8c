"""Records of the NMPA's UDI database as device records.

The names of fields are those of its exports, initials of what they are called in Chinese; what they become here:

| field | called | becomes |
|---|---|---|
| zxxsdycpbs | 最小销售单元产品标识 | udi_di |
| cpbsbmtxmc | 产品标识编码体系名称 | agency (GS1, MA码, AHM) |
| spmc, cpmctymc | 商品名称, 产品名称/通用名称 | brand, description |
| ggxh, cphhhbh | 规格型号, 产品货号或编号 | model, catalogue_number |
| ylqxzcrbarmc | 医疗器械注册人/备案人名称 | company |
| zczbhhzbapzbh | 注册证编号或者备案凭证编号 | registration_number, and in it the class of the device |
| flbm | 分类编码 | nomenclature, as NMPA:14-08-01 |
| scbssfbhph, scbssfbhxlh, scbssfbhscrq, scbssfbhsxrq | 生产标识是否包含批号, 序列号, 生产日期, 失效日期 | label_lot, label_serial, label_manufactured, label_expiry |
| packingList / devicePackage: bzcpbs, bznhxyjbzcpbs, bznhxyjcpbssl, cpbzjb | 包装产品标识, 内含下一级, 数量, 级别 | packages |
| cpbsfbrq, tsrq | 产品标识发布日期, 退市日期 | published_on, ended_on |
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.devices.gudid import day, flag, level, text
from lotwatch.sources.notices import storable
from lotwatch.sources.xml import read_xml

_DI = "zxxsdycpbs"
#: 国械注准 + year + class + ...; filed devices (备) are of class I
_CLASS = re.compile(r"械注[准进许]\d{4}([123])")
_AGENCIES = {"gs1": "GS1", "ma": "MA", "ahm": "AHM", "阿里": "AHM", "hibcc": "HIBCC", "iccbba": "ICCBBA"}
_WITHDRAWN = frozenset({"注销", "删除"})


def devices(content: str, name: str) -> Iterator[Mapping[str, Any]]:
    """The devices of an export: XML (`udid/devices/device`) or JSON with the same names. Raises SourceError."""
    start = content.lstrip("\ufeff \t\r\n")[:1]
    if start == "<":
        yield from _of_xml(content, name)
        return
    try:
        yield from _of_json(json.loads(content), name)
    except ValueError as error:
        raise SourceError(f"The export is neither XML nor JSON: {error}", where=name, do="fetch it again") from error


def of_json(body: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """The devices in parsed JSON, wherever the list of them is. Raises SourceError where there is none."""
    yield from _of_json(body, name)


def of_device(device: Mapping[str, Any]) -> Record:
    """A device's record."""
    problems: list[Problem] = []
    udi_di = text(device.get(_DI))
    if udi_di is None:
        problems.append(Problem(_DI, "it names no identifier"))
    registration = text(device.get("zczbhhzbapzbh"))
    ended_on = day(device.get("tsrq"), "tsrq", problems)
    if (text(device.get("versionStauts")) or text(device.get("versionStatus"))) in _WITHDRAWN:
        ended_on = ended_on or day(device.get("versionTime"), "versionTime", problems)
    classified = text(device.get("flbm"))
    row = {
        "udi_di": udi_di,
        "agency": _agency(text(device.get("cpbsbmtxmc")), problems),
        "brand": text(device.get("spmc")),
        "model": text(device.get("ggxh")),
        "catalogue_number": text(device.get("cphhhbh")),
        "company": text(device.get("ylqxzcrbarmc")),
        "description": text(device.get("cpmctymc")),
        "device_class": _class(registration),
        "nomenclature": f"NMPA:{classified}" if classified else None,
        "label_lot": flag(device.get("scbssfbhph"), "scbssfbhph", problems),
        "label_serial": flag(device.get("scbssfbhxlh"), "scbssfbhxlh", problems),
        "label_manufactured": flag(device.get("scbssfbhscrq"), "scbssfbhscrq", problems),
        "label_expiry": flag(device.get("scbssfbhsxrq"), "scbssfbhsxrq", problems),
        "registration_number": registration,
        "packages": list(_packages(device, problems)),
        "published_on": day(device.get("cpbsfbrq"), "cpbsfbrq", problems),
        "ended_on": ended_on,
    }
    key = text(device.get("deviceRecordKey")) or udi_di or "without identifier"
    return Record(key, storable(dict(device)), row, tuple(problems))


def _of_xml(content: str, name: str) -> Iterator[Mapping[str, Any]]:
    root = read_xml(content, name)
    for device in root.iter("device"):
        yield {child.tag: _value(child) for child in device}


def _value(element: ElementTree.Element) -> Any:
    """A text, or for a list (`packingList`) its entries by the names of their fields."""
    if len(element) == 0:
        return (element.text or "").strip()
    return [{field.tag: (field.text or "").strip() for field in entry} for entry in element]


def _of_json(body: Any, name: str) -> Iterator[Mapping[str, Any]]:
    found = _list_of_devices(body)
    if found is None:
        raise SourceError(f"There is no list of devices (with {_DI}) in it", where=name, do="fetch it again")
    yield from found


def _list_of_devices(body: Any) -> list[Mapping[str, Any]] | None:
    if isinstance(body, Mapping):
        if _DI in body:
            return [body]
        for value in body.values():
            if (found := _list_of_devices(value)) is not None:
                return found
        return None
    if isinstance(body, list) and body and all(isinstance(each, Mapping) for each in body):
        return body if any(_DI in each for each in body) else None
    return None


def _packages(device: Mapping[str, Any], problems: list[Problem]) -> Iterator[dict[str, Any]]:
    listed = device.get("packingList") or device.get("devicePackage") or []
    for each in listed if isinstance(listed, list) else []:
        identifier = text(each.get("bzcpbs")) if isinstance(each, Mapping) else None
        if identifier is None:
            continue
        quantity = str(each.get("bznhxyjcpbssl", "")).strip()
        if not quantity.isdecimal() or int(quantity) < 1:
            problems.append(Problem("bznhxyjcpbssl", f'package {identifier} has "{quantity}" of what is in it'))
            continue
        yield {
            "udi_di": identifier,
            "contains": text(each.get("bznhxyjbzcpbs")),
            "quantity": int(quantity),
            "level": level(text(each.get("cpbzjb"))),
            "ended_on": None,
        }


def _agency(said: str | None, problems: list[Problem]) -> str | None:
    found = next((agency for word, agency in _AGENCIES.items() if word in (said or "").casefold()), None)
    if found is None:
        problems.append(Problem("cpbsbmtxmc", f'"{said or ""}" names no agency that is known'))
    return found


def _class(registration: str | None) -> str | None:
    if registration is None:
        return None
    found = _CLASS.search(registration)
    if found:
        return "I" * int(found[1])
    return "I" if "备" in registration else None
