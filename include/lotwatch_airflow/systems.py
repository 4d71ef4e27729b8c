"""Other systems by the ids of Airflow connections, the only place where addresses and secrets are kept."""

import os

from airflow.exceptions import AirflowNotFoundException
from airflow.sdk import BaseHook, conf

from lotwatch.actions import Links
from lotwatch.actions.warehouse import Warehouse, load_warehouses
from lotwatch.delivery import Gateways, WarehouseGateway
from lotwatch.delivery.people import load_people
from lotwatch.delivery.portals import PortalClient, Portals, PortalSettings, load_portals, make_client
from lotwatch.errors import LotwatchError
from lotwatch.formats import Language
from lotwatch.sources import registry, tryton
from lotwatch.sources.connector import Connector, Login
from lotwatch_airflow.board.texts import texts
from lotwatch_airflow.channels import channels
from lotwatch_airflow.connection import url

__all__ = ["answer_links", "case_key", "channels", "gateways", "known_login", "login", "names", "source_connector"]

ERP = "tryton"
#: its password is the key of the links with which approvers answer; without it messages lead to the board alone
ANSWERS = "approval_links"


def source_connector(name: str) -> Connector:
    """The connector of a source of the registry."""
    source = registry.source(name)
    return registry.connector(source, login(source.connection or ""))


def login(conn_id: str) -> Login:
    """Where a system is and how to log in, by the id of an Airflow connection."""
    known = BaseHook.get_connection(conn_id)
    return Login(url(known), known.schema or "", known.login or "", known.password or "", known.extra_dejson)


def known_login(conn_id: str) -> Login:
    """The same from a shell, outside of any task. Raises LotwatchError for a connection that is not there."""
    # only a process that says so is shown the connections in Airflow's own database
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    try:
        return login(conn_id)
    except AirflowNotFoundException:
        raise LotwatchError(
            f'Airflow has no connection "{conn_id}"', where="Admin, Connections",
            do="add it there, or correct its name in include/config/sources.yaml",
        ) from None  # fmt: skip


def gateways() -> Gateways:
    """The ERP, suppliers' portals, the channels and the warehouses."""
    erp = BaseHook.get_connection(ERP)
    return Gateways(
        erp=tryton.TrytonErp(tryton.connect(url(erp), erp.schema or "", erp.login or "", erp.password or "")),
        portals=Portals(load_portals(), _portal),
        channels=channels(),
        people=load_people(),
        board_url=conf.get("api", "base_url"),
        names=names,
        links=answer_links(),
        warehouses={name: WarehouseGateway(known, _wms(known)) for name, known in load_warehouses().items()},
    )


def answer_links() -> Links | None:
    """What makes and reads the links of messages; None where Airflow has no key for them."""
    try:
        key = BaseHook.get_connection(ANSWERS).password
    except AirflowNotFoundException:
        return None
    return Links(key, conf.get("api", "base_url")) if key else None


def case_key(source: str) -> str:
    """The key with which a source seals what names a case; empty: it has none."""
    connection = registry.source(source).connection
    return str(login(connection).extra.get("case_key", "")) if connection else ""


def names(language: Language, kind: str, code: str) -> str:
    """What people call a code: as on the board."""
    return texts(language).name(kind, code)


def _portal(settings: PortalSettings) -> PortalClient:
    there = login(settings.connection)
    return make_client(settings, there.url, there.password)


def _wms(known: Warehouse) -> tryton.TrytonWms:
    there = login(known.connection)
    return tryton.TrytonWms(tryton.connect(there.url, there.database, there.user, there.password), **known.options)
