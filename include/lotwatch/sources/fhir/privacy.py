"""What leaves a hospital's records: no patient. The raw record keeps named elements alone, and a case is sealed."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha512
from math import isfinite
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from lotwatch.errors import SourceError
from lotwatch.sources.fhir.reading import local, shown, storable

SHORTEST_KEY = 16  # characters

#: the elements of each type that are kept, and read, beside what every resource has. Whatever is not named here may name
#: a patient, or be a text in which anybody may have written one
KEPT: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "Location": "status mode name type physicalType form partOf managingOrganization",
        "Organization": "active name type partOf",
        "Device": "identifier udiCarrier status manufacturer manufactureDate expirationDate lotNumber serialNumber"
        " modelNumber partNumber type location",
        "SupplyDelivery": "identifier status basedOn partOf type suppliedItem occurrenceDateTime occurrencePeriod"
        " occurrenceTiming supplier destination",
        "SupplyRequest": "identifier status basedOn category priority item itemReference itemCodeableConcept quantity"
        " occurrenceDateTime occurrencePeriod occurrenceTiming authoredOn supplier reason reasonReference deliverFrom"
        " deliverTo",
        "DeviceUsage": "status basedOn derivedFrom timingDateTime timingPeriod timingTiming dateAsserted device reason",
        "DeviceUseStatement": "status basedOn derivedFrom timingDateTime timingPeriod timingTiming recordedOn device"
        " reasonReference",
        "DeviceDispense": "status basedOn partOf device location quantity preparedDate whenHandedOver destination",
        "Procedure": "status basedOn partOf performedDateTime performedPeriod occurrenceDateTime occurrencePeriod"
        " occurrenceTiming location focalDevice usedReference usedCode used",
        "DeviceRequest": "status intent priority basedOn code codeReference codeCodeableConcept quantity"
        " occurrenceDateTime occurrencePeriod occurrenceTiming authoredOn doNotPerform",
    }.items()
}  # fmt: skip
#: elements that are codes: what is none there may be anything
_CODED = frozenset({"status", "intent", "priority", "mode"})
_OF_EVERY = frozenset({"resourceType", "id", "meta"})
_META = frozenset({"versionId", "lastUpdated"})
#: what is left out wherever it is: texts, people, and elements in which anything may be
_NOWHERE = frozenset({
    "text", "display", "note", "extension", "modifierExtension", "assigner", "performer", "contact", "telecom",
    "address", "userSelected",
})  # fmt: skip
#: what a reference may lead to: nobody
_REFERRED = frozenset({
    "Device", "Location", "Organization", "SupplyRequest", "SupplyDelivery", "ServiceRequest", "DeviceRequest",
    "Procedure", "Appointment", "DeviceDefinition",
})  # fmt: skip


class Seal:
    """Encrypts what names a case with the hospital's key: the same case gives the same text, and only the key opens it.

    AES-SIV (RFC 5297) with 64 bytes of key, drawn from the secret by SHA-512. Without a secret nothing is told.
    Raises SourceError for a secret that is too short to be one.
    """

    def __init__(self, secret: str = "") -> None:
        if secret and len(secret) < SHORTEST_KEY:
            raise SourceError(
                f"The case key has fewer than {SHORTEST_KEY} characters", where='the connection\'s extra, "case_key"',
                do="write a long random one there, and keep it: only it opens what it has sealed",
            )  # fmt: skip
        self._cipher = AESSIV(sha512(secret.encode()).digest()) if secret else None

    def close(self, reference: str | None) -> str | None:
        """What is stored of a reference to a patient, an encounter or a procedure."""
        if reference is None or self._cipher is None:
            return None
        return urlsafe_b64encode(self._cipher.encrypt(reference.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """The reference again, for whoever has the key and the right to know. Raises SourceError with another key."""
        if self._cipher is not None:
            try:
                return self._cipher.decrypt(urlsafe_b64decode(sealed), None).decode()
            except (InvalidTag, ValueError):
                pass
        raise SourceError("The case reference was sealed with another key", do="use the case key it was written with")


def raw(resource: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The resource as it is kept: the named elements of its type, and within them no text and nobody."""
    kept: dict[str, Any] = {}
    named = KEPT.get(kind, frozenset()) | _OF_EVERY
    for name, value in resource.items():
        if name == "meta":
            kept[name] = (
                {each: _plain(value[each]) for each in _META & value.keys()} if isinstance(value, dict) else None
            )
        elif name in _CODED:
            kept[name] = shown(value)
        elif name in named:
            kept[name] = _plain(value) if name not in {"name", "manufacturer"} else _named(value)
        elif name == "contained" and isinstance(value, list):
            devices = [each for each in value if isinstance(each, dict) and each.get("resourceType") == "Device"]
            kept[name] = [raw(device, "Device") for device in devices]
    return kept


def _named(value: Any) -> Any:
    """The name of a place or a firm."""
    return storable(value) if isinstance(value, str) else None


def _plain(value: Any) -> Any:
    """A value without what is kept nowhere, as JSON has it."""
    if isinstance(value, dict):
        if not _may_refer(value):
            return {}
        return {
            storable(name): _plain(each)
            for name, each in value.items()
            if name not in _NOWHERE and not name.startswith("_")
        }
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Decimal):
        number = float(value)
        return number if isfinite(number) and Decimal(repr(number)) == value else str(value)
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value


def _may_refer(value: Mapping[str, Any]) -> bool:
    """Whether what it refers to, if it does, is nobody. An identifier beside a reference is that of what it refers to."""
    reference = value.get("reference")
    if reference is None:
        return "identifier" not in value
    if isinstance(reference, dict):
        return True  # a CodeableReference: its Reference is looked at in turn
    if not isinstance(reference, str):
        return False
    named = local(reference) or ""
    return named.partition("/")[0] in _REFERRED or named.startswith(("#", "urn:uuid:"))
