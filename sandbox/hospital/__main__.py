"""Starts the hospital's FHIR server: `python -m sandbox.hospital --port PORT --state DIR`."""

import typer

from sandbox.hospital.app import create_app
from sandbox.http import stand_in

if __name__ == "__main__":
    typer.run(stand_in("hospital", create_app))
