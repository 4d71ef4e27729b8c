"""HL7's own examples of R4 and R5: each becomes a row or says why not; the numbers are pinned.

The packages (hl7.fhir.r4.examples 4.0.1, hl7.fhir.r5.examples 5.0.0, as `npm pack` gets them) lie in the folder that
LOTWATCH_FHIR_EXAMPLES names; without it these tests are skipped.
"""

import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lotwatch.sources.fhir import push
from lotwatch.sources.fhir.codes import BINDINGS

PACKAGES = {"R4": "hl7.fhir.r4.examples-4.0.1.tgz", "R5": "hl7.fhir.r5.examples-5.0.0.tgz"}
#: as a site would set them that uses these codes
OPTIONS: dict[str, Any] = {
    "usage_from": ("usage", "dispense", "procedure"),
    "country": "US",
    "served_by": "MAIN",
    "item_systems": {
        "http://goodcare.org/devices/id", "http:/goodhealthhospital/identifier/devices",
        "http://acme.com/devices/pacemakers/octane/serial", "http://www.somesystemabc.net/identifiers/devices",
        "http://terminology.hl7.org/CodeSystem/ex-visionprescriptionproduct", "",
    },
}  # fmt: skip


def examples(version: str) -> dict[str, dict[str, Any]]:
    """Every example of the types that are read, by "Type/id"."""
    folder = os.environ.get("LOTWATCH_FHIR_EXAMPLES", "")
    path = Path(folder, PACKAGES[version])
    if not folder or not path.exists():
        pytest.skip("no examples: set LOTWATCH_FHIR_EXAMPLES to the folder of HL7's packages")
    kinds = {kind for kind, each in BINDINGS if each == version}
    found = {}
    with tarfile.open(path) as package:
        for member in package:
            if Path(member.name).name.partition("-")[0] in kinds:
                content = json.load(package.extractfile(member))  # type: ignore[arg-type]
                found[f"{content['resourceType']}/{content['id']}"] = content
    return found


def results(version: str) -> Iterator[tuple[str, str, str]]:
    """(type, entity, good or kept out) of every record; (type, -, nothing) of what tells nothing of supplies."""
    found = examples(version)
    entries = [{"resource": each} for each in found.values()]
    silent = set(found)
    receiver = push(version=version, **OPTIONS)
    for entity, record in receiver({"resourceType": "Bundle", "type": "collection", "entry": entries}):
        key = "/".join(record.source_key.split("/")[:2])
        silent.discard(key)
        assert all(problem.field and problem.reason for problem in record.problems)
        yield key.partition("/")[0], entity, "kept out" if record.problems else "good"
    for key in silent:
        yield key.partition("/")[0], "-", "nothing"


EXPECTED: dict[str, dict[tuple[str, str, str], int]] = {
    "R4": {
        ("Appointment", "-", "nothing"): 3,
        ("Device", "lot", "kept out"): 2,
        ("DeviceRequest", "demand_line", "good"): 3,
        ("DeviceRequest", "demand_line", "kept out"): 1,
        ("DeviceUseStatement", "movement", "kept out"): 1,
        ("Location", "-", "nothing"): 3,
        ("Location", "location", "good"): 3,
        ("Organization", "-", "nothing"): 2,
        ("Organization", "legal_entity", "good"): 11,
        ("Procedure", "-", "nothing"): 15,
        ("Procedure", "demand_line", "kept out"): 1,
        ("Procedure", "movement", "kept out"): 1,
        ("ServiceRequest", "-", "nothing"): 20,
        ("SupplyDelivery", "delivery_line", "kept out"): 2,
        ("SupplyDelivery", "movement", "kept out"): 1,
        ("SupplyRequest", "demand_line", "good"): 1,
    },
    "R5": {
        ("Appointment", "-", "nothing"): 3,
        ("Device", "lot", "good"): 1,
        ("Device", "lot", "kept out"): 24,
        ("DeviceDispense", "movement", "kept out"): 1,
        ("DeviceRequest", "demand_line", "good"): 3,
        ("DeviceRequest", "demand_line", "kept out"): 1,
        ("DeviceUsage", "movement", "kept out"): 1,
        ("Location", "-", "nothing"): 3,
        ("Location", "location", "good"): 4,
        ("Organization", "-", "nothing"): 2,
        ("Organization", "legal_entity", "good"): 11,
        ("Procedure", "-", "nothing"): 15,
        ("Procedure", "demand_line", "kept out"): 1,
        ("Procedure", "movement", "kept out"): 1,
        ("ServiceRequest", "-", "nothing"): 25,
        ("SupplyDelivery", "delivery_line", "kept out"): 8,
        ("SupplyDelivery", "movement", "kept out"): 7,
        ("SupplyRequest", "demand_line", "good"): 1,
    },
}


@pytest.mark.parametrize("version", PACKAGES)
def test_every_example_becomes_rows_or_says_why_not(version: str) -> None:
    assert Counter(results(version)) == EXPECTED[version]


@pytest.mark.parametrize("version", PACKAGES)
def test_every_code_of_the_value_sets_is_that_of_the_standard(version: str) -> None:
    """The bindings here are those of the StructureDefinitions, and their codes those of the ValueSets."""
    folder = os.environ.get("LOTWATCH_FHIR_EXAMPLES", "")
    path = Path(folder, PACKAGES[version])
    if not folder or not path.exists():
        pytest.skip("no examples: set LOTWATCH_FHIR_EXAMPLES to the folder of HL7's packages")
    with tarfile.open(path) as package:
        standard = {
            Path(member.name).stem: member
            for member in package
            if Path(member.name).name.startswith(("ValueSet-", "CodeSystem-", "StructureDefinition-"))
        }

        def content(name: str) -> dict[str, Any]:
            return dict(json.load(package.extractfile(standard[name])))  # type: ignore[arg-type]

        systems: dict[str, str] = {}
        for kind, each in BINDINGS:
            if each != version:
                continue
            elements = {
                element["path"]: element for element in content(f"StructureDefinition-{kind}")["snapshot"]["element"]
            }
            for path_, codes in BINDINGS[kind, version].items():
                element = elements[".".join((kind, *path_)).removesuffix(".coding.code")]
                assert element["binding"]["strength"] == "required"
                name = element["binding"]["valueSet"].rpartition("/")[2].partition("|")[0]
                assert codes == set(_codes(content, content(f"ValueSet-{name}"), standard, systems)), (kind, path_)


def _codes(content: Any, value_set: dict[str, Any], standard: Any, systems: dict[str, str]) -> Iterator[str]:
    if not systems:
        systems.update({content(name).get("url", ""): name for name in standard if name.startswith("CodeSystem-")})
    for included in value_set["compose"]["include"]:
        concepts = included.get("concept") or content(systems[included["system"]])["concept"]
        yield from _flat(concepts)


def _flat(concepts: list[dict[str, Any]]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _flat(concept.get("concept", []))
