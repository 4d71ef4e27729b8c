"""The routes of the logistics service."""

from pathlib import Path

from fastapi import FastAPI

from sandbox.http import new_app


def create_app(state: Path, token: str, control_token: str) -> FastAPI:
    """The service for whoever holds `token`, keeping what it is given in `state`."""
    return new_app(
        "Logistics", "EPCIS 2.0 events and despatch advices.", largest_body=8 * 1024 * 1024, invalid_status=400
    )
