"""The board's application, made once: FastAPI takes a tenth of a second to read its routes."""

from functools import cache
from typing import Any

from fastapi import FastAPI


def board_app(board: Any) -> FastAPI:
    """The application, showing this board to nobody yet; it is the same one for all tests, which change nothing else."""
    app = _app()
    app.state.board = board
    app.dependency_overrides.clear()
    return app


@cache
def _app() -> FastAPI:
    from lotwatch_airflow.board.app import create_app

    return create_app(None)  # type: ignore[arg-type]
