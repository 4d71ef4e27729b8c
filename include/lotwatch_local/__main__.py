"""`python -m lotwatch_local`: status, stop and clean of the installation in the local data folder."""

import os
import shutil
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lotwatch_local import airflow
from lotwatch_local.settings import Settings
from lotwatch_local.supervisor import Supervisor

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
console = Console(highlight=False)


@app.command()
def status() -> None:
    """What is running, where, and who may log in."""
    settings = Settings()
    if not (settings.home / "secrets.json").exists():
        console.print("Nothing is set up here. What to do: make demo")
        raise typer.Exit(1)
    table = Table(box=None)
    for title in ("program", "state", "address"):
        table.add_column(title)
    for name, state in Supervisor(settings).states().items():
        port = settings.ports.get(name)
        table.add_row(
            name, state, f"http://127.0.0.1:{port}" if port and name != "postgres" else f"port {port}" if port else ""
        )
    console.print(table if table.row_count else "Nothing is running. What to do: make demo")
    for user in airflow.users(settings):
        console.print(f"  login {user['name']:<14} {user['password']}  ({user['role']})")


@app.command()
def stop() -> None:
    """Stop everything that was started; the data stays."""
    settings = Settings()
    stopped = settings.home.exists() and Supervisor(settings).shutdown()
    console.print("Stopped." if stopped else "Nothing is running.")


@app.command()
def clean() -> None:
    """Remove the local data, but not what is cached for the next installation."""
    settings = Settings()
    if not settings.home.exists():
        return
    supervisor = Supervisor(settings)
    if supervisor.running() or supervisor.left():
        raise SystemExit("It is still running. What to do: make stop")
    kept = settings.cache_folder.resolve()
    for path in settings.home.iterdir():
        if path.resolve() != kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(settings.run_folder, ignore_errors=True)
    console.print(f"Removed the data in {settings.home}.")


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(help="a module and its arguments, such as: airflow dags list")],
) -> None:
    """Run a Python module (airflow, lotwatch) in the installation's environment."""
    settings = Settings()
    environment = (
        os.environ | airflow.environment(settings) | {"LOTWATCH_DATABASE": settings.database_url("app", "lotwatch")}
    )
    module, *arguments = command
    name = "lotwatch.cli" if module == "lotwatch" else module
    os.execve(sys.executable, [sys.executable, "-m", name, *arguments], environment)  # noqa: S606 (that is its purpose)


if __name__ == "__main__":
    app()
