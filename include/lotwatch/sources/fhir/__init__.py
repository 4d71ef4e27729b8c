"""A hospital's FHIR server, in R4 and R5, by pull and by push.

site.py says how a hospital uses FHIR, reading.py reads the elements of a resource and codes.py has the value sets that
are required, privacy.py keeps patients out; places.py, devices.py, supply.py, usage.py and requests.py turn resources into
ours, events.py turns their versions into movements; server.py asks a server, connector.py and push.py put these together.

How a hospital's records are read:

* A Location or Organization is known by its id with the source's prefix; a cross reference may lead to a place of ours.
* A Device is a lot or a serial unit, known by the identifier on its label; the label and the fields must agree.
* A SupplyDelivery is a delivery; completed, it is what came: from outside, or from where its SupplyRequest says.
* What a DeviceUsage (R4: DeviceUseStatement), a DeviceDispense or a Procedure used moves to a patient, of whom nothing is
  kept but a case reference that only the hospital's key opens.
* A DeviceRequest or SupplyRequest is demand; for a procedure, on the day of its appointment.
* `entered-in-error`, another version, or a deletion takes back what was told before.
"""

from typing import Any

from lotwatch.sources.connector import Login
from lotwatch.sources.fhir.connector import FhirConnector
from lotwatch.sources.fhir.push import FhirReceiver
from lotwatch.sources.fhir.site import FhirSite


def pull(login: Login, **options: Any) -> FhirConnector:
    """A hospital's server. `options` are the fields of `FhirSite`; the login's extra may hold `case_key`."""
    return FhirConnector(login, FhirSite(**options))


def push(**options: Any) -> FhirReceiver:
    """What reads the bodies that a hospital pushes."""
    return FhirReceiver(FhirSite(**options))


__all__ = ["FhirConnector", "FhirReceiver", "FhirSite", "pull", "push"]
