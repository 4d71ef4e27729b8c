"""`lotwatch access`: who sees which sites on the board."""

from typing import Annotated

import psycopg
import typer

from lotwatch import access
from lotwatch.cli.shell import Actor, Database, circumstances, console, table

app = typer.Typer(no_args_is_help=True, help="Who sees which sites on the board.")
User = Annotated[str, typer.Argument(help="the name of the login in Airflow")]
Site = Annotated[str | None, typer.Argument(help="the code of a site; without it say --all-sites")]
AllSites = Annotated[bool, typer.Option("--all-sites", help="the sight of all sites, those to come included")]
Reason = Annotated[str, typer.Option(help="why, for the audit trail")]


@app.command("list")
def list_users(database: Database) -> None:
    """Who sees which sites. Who is not listed sees nothing."""
    with psycopg.connect(database) as conn:
        known = access.grants(conn)
    shown = table("user", "sees")
    for given in known:
        shown.add_row(given.user_name, _said(given))
    console.print(shown if known else "Nobody was given a site yet.")


@app.command()
def grant(
    database: Database, actor: Actor, user: User, site: Site = None, all_sites: AllSites = False, reason: Reason = ""
) -> None:
    """Let a user see a site, or all sites; the next page they open shows it."""
    _check(site, all_sites)
    with psycopg.connect(database) as conn:
        access.grant(conn, circumstances("access grant", actor), user, site, reason)
    _tell(database, user)


@app.command()
def revoke(
    database: Database, actor: Actor, user: User, site: Site = None, all_sites: AllSites = False, reason: Reason = ""
) -> None:
    """Take a site from a user, or the sight of all sites: what was granted site by site stays."""
    _check(site, all_sites)
    with psycopg.connect(database) as conn:
        access.revoke(conn, circumstances("access revoke", actor), user, site, reason)
    _tell(database, user)


def _check(site: str | None, all_sites: bool) -> None:
    if (site is None) != all_sites:
        raise typer.BadParameter("Name one site, or say --all-sites.")


def _tell(database: str, user: str) -> None:
    with psycopg.connect(database) as conn:
        for given in access.grants(conn):
            if given.user_name == user:
                console.print(f"{user} sees {_said(given)}.")


def _said(given: access.Grant) -> str:
    if given.limited:
        return ", ".join(given.sites) or "nothing"
    return "all sites"
