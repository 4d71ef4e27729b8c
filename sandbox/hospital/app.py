"""The routes of the hospital's FHIR server."""

from pathlib import Path

from fastapi import FastAPI

from sandbox.http import new_app


def create_app(state: Path, token: str, control_token: str) -> FastAPI:
    """The service for whoever holds `token`, keeping what it is given in `state`."""
    return new_app("Hospital", "FHIR R4 and R5.", largest_body=8 * 1024 * 1024, invalid_status=400)
