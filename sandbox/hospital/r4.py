"""Resources of R5 as R4 has them: what the stand-in serves at /r4."""

from collections.abc import Iterator
from typing import Any

Content = dict[str, Any]

#: renamed elements by type
_RENAMED = {
    "Location": {"form": "physicalType"},
    "Device": {"name": "deviceName"},
    "DeviceUsage": {"patient": "subject", "dateAsserted": "recordedOn"},
    "Procedure": {"occurrenceDateTime": "performedDateTime", "occurrencePeriod": "performedPeriod"},
}


def as_r4(resource: Content) -> Iterator[Content]:
    """The resource in R4: several where R5 lets one say what R4 needs several for."""
    kind = resource["resourceType"]
    renamed = _RENAMED.get(kind, {})
    content = {renamed.get(name, name): value for name, value in resource.items()}
    match kind:
        case "DeviceUsage":
            yield _usage(content)
        case "DeviceDispense":
            yield from _dispense(content)
        case "SupplyDelivery":
            yield from _deliveries(content)
        case "SupplyRequest" | "DeviceRequest":
            yield _request(content)
        case "Procedure":
            yield _procedure(content)
        case "ServiceRequest":
            yield _service(content)
        case "Device":
            yield _device(content)
        case _:
            yield content


def _device(content: Content) -> Content:
    names = [{"name": each["value"], "type": each["type"]} for each in content.pop("deviceName", [])]
    return content | ({"deviceName": names} if names else {})


def _usage(content: Content) -> Content:
    device = content.pop("device")
    reason = content.pop("reason", [])
    return content | {
        "resourceType": "DeviceUseStatement",
        "device": device["reference"] if "reference" in device else device["concept"],
        **({"reasonReference": [each["reference"] for each in reason]} if reason else {}),
    }


def _dispense(content: Content) -> Iterator[Content]:
    """R4 has no DeviceDispense: such a site records a procedure that used so many."""
    used = [content["device"]["reference"]] * int(content["quantity"]["value"])
    yield {
        "resourceType": "Procedure",
        "id": content["id"],
        "status": content["status"],
        "subject": content["subject"],
        "performedDateTime": content["whenHandedOver"],
        "location": content["location"],
        "usedReference": used,
    }


def _deliveries(content: Content) -> Iterator[Content]:
    """R4 has one item in a delivery."""
    for place, item in enumerate(content.get("suppliedItem", [{}])):
        identity = content["id"] if place == 0 else f"{content['id']}-{place + 1}"
        yield content | {"id": identity, "suppliedItem": _choice(item, "item", "itemReference", "itemCodeableConcept")}


def _request(content: Content) -> Content:
    content = _choice(content, "item", "itemReference", "itemCodeableConcept")
    content = _choice(content, "code", "codeReference", "codeCodeableConcept")
    if content["resourceType"] == "DeviceRequest":
        content.pop("quantity", None)
    reason = [each["reference"] for each in content.pop("reason", []) if "reference" in each]
    return content | ({"reasonReference": reason} if reason else {})


def _procedure(content: Content) -> Content:
    used = content.pop("used", [])
    references = [each["reference"] for each in used if "reference" in each]
    codes = [each["concept"] for each in used if "concept" in each]
    return content | ({"usedReference": references} if references else {}) | ({"usedCode": codes} if codes else {})


def _service(content: Content) -> Content:
    places = [each["reference"] for each in content.pop("location", [])]
    concept = content.pop("code", None)
    return (
        content | ({"locationReference": places} if places else {}) | ({"code": concept["concept"]} if concept else {})
    )


def _choice(content: Content, either: str, reference: str, concept: str) -> Content:
    """A CodeableReference as one of the two that R4 has for it."""
    content = dict(content)
    found = content.pop(either, None)
    if isinstance(found, dict) and "reference" in found:
        content[reference] = found["reference"]
    elif isinstance(found, dict) and "concept" in found:
        content[concept] = found["concept"]
    elif found is not None:
        content[reference] = found  # it is a Reference already
    return content
