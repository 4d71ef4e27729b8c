"""Which supplier has which portal, from `include/config/portals.yaml`."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from lotwatch.config import Strict, read_config
from lotwatch.delivery.portals.cxml import CxmlOptions, CxmlPortal
from lotwatch.delivery.portals.documents import PortalClient
from lotwatch.delivery.portals.rest import RestOptions, RestPortal
from lotwatch.delivery.portals.ubl import UblOptions, UblPortal
from lotwatch.errors import LotwatchError
from lotwatch.paths import PORTALS


class Breaker(Strict):
    """After so many answers in a row that were none, the portal is left alone for so many seconds; then one try decides."""

    after: int = Field(default=5, ge=1, le=1_000)
    seconds: float = Field(default=120, gt=0, le=86_400)


class _Settings(Strict):
    """`suppliers` are codes or patterns with `*`. A look-up and an order go together: that is two requests. `answers`: whether the supplier's answers are asked for."""

    connection: str = Field(min_length=1)
    suppliers: tuple[str, ...] = Field(min_length=1)
    requests_per_minute: int = Field(default=120, ge=2, le=1_000)
    breaker: Breaker = Breaker()
    answers: bool = True

    def serves(self, supplier_code: str) -> bool:
        """Whether it names this supplier."""
        return any(fnmatchcase(supplier_code, pattern) for pattern in self.suppliers)


class RestSettings(_Settings):
    """A portal that speaks REST JSON."""

    protocol: Literal["rest"]
    options: RestOptions = RestOptions()


class UblSettings(_Settings):
    """A portal that speaks UBL 2.1."""

    protocol: Literal["ubl"]
    options: UblOptions


class CxmlSettings(_Settings):
    """A portal that speaks cXML 1.2."""

    protocol: Literal["cxml"]
    options: CxmlOptions


PortalSettings = RestSettings | UblSettings | CxmlSettings


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal by its name, how it is set up, and our access to it."""

    name: str
    settings: PortalSettings
    client: PortalClient


class Portals:
    """All of them, in the order in which they are looked through. A client is made when it is first needed."""

    def __init__(
        self, settings: Mapping[str, PortalSettings], client: Callable[[PortalSettings], PortalClient]
    ) -> None:
        """`client` makes the access to a portal."""
        self.settings, self._client = settings, client
        self._known: dict[str, Portal] = {}

    def of(self, supplier_code: str) -> Portal | None:
        """The supplier's portal; None where it has none. Raises LotwatchError where its connection cannot be used."""
        name = self.name_of(supplier_code)
        return self.get(name) if name else None

    def name_of(self, supplier_code: str) -> str | None:
        """The name of the supplier's portal."""
        return portal_of(self.settings, supplier_code)

    def get(self, name: str) -> Portal:
        """A portal by its name."""
        if name not in self._known:
            settings = self.settings[name]
            self._known[name] = Portal(name, settings, self._client(settings))
        return self._known[name]

    @property
    def answering(self) -> list[str]:
        """The portals that are asked for suppliers' answers."""
        return [name for name, each in self.settings.items() if each.answers]


def portal_of(settings: Mapping[str, PortalSettings], supplier_code: str) -> str | None:
    """The name of the first portal that serves a supplier; None where none does."""
    return next((name for name, each in settings.items() if each.serves(supplier_code)), None)


def make_client(settings: PortalSettings, url: str, secret: str) -> PortalClient:
    """A client of what the portal speaks. Raises LotwatchError where the address or the secret cannot be used."""
    match settings:
        case RestSettings():
            return RestPortal(url, secret)
        case UblSettings(options=options):
            return UblPortal(url, secret, options)
        case CxmlSettings(options=options):
            return CxmlPortal(url, secret, options)


@cache
def load_portals(path: Path = PORTALS) -> dict[str, PortalSettings]:
    """The portals by name. Raises LotwatchError naming the file and the portal, or a supplier that two of them name."""
    portals: dict[str, PortalSettings] = read_config(
        path, dict[str, Annotated[PortalSettings, Field(discriminator="protocol")]], "The supplier portals"
    )
    named = Counter(code for each in portals.values() for code in each.suppliers)
    if twice := [code for code, count in named.items() if count > 1]:
        raise LotwatchError(
            f"The supplier portals cannot be used: {', '.join(twice)} is named more than once", where=str(path),
            do="name each supplier once",
        )  # fmt: skip
    return portals
