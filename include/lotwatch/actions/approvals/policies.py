"""Approval policies: who must say yes to what. The database says which are in force; they are written in
`include/config/approvals.yaml`, and changed by two persons."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import psycopg
from pydantic import Field, PlainSerializer, model_validator

from lotwatch import governance
from lotwatch.actions.proposals import Kind
from lotwatch.config import Duration, Strict, Words, read_config
from lotwatch.paths import APPROVALS

Amounts = dict[str, Decimal]
_Sorted = PlainSerializer(sorted, return_type=list[str], when_used="json")
Names = Annotated[frozenset[str], _Sorted]
Kinds = Annotated[frozenset[Kind], _Sorted]
Patience = Annotated[Duration, Field(le=timedelta(days=9999))]


class Step(Strict):
    """One yes that is needed. `approvers` and `deputies` are user names, `escalate_to` roles of `people.yaml`."""

    title: Words
    approvers: Names = Field(min_length=1)
    deputies: Names = frozenset()
    deputies_after: Patience = timedelta(hours=8)
    answer_within: Patience = timedelta(days=1)
    escalate_to: tuple[str, ...] = ()

    def accepts(self, user: str, waited: timedelta) -> Literal["approver", "deputy"] | None:
        """As what `user` may answer after so long a time; None: not at all."""
        if user in self.approvers:
            return "approver"
        return "deputy" if user in self.deputies and waited >= self.deputies_after else None


class Fits(Strict):
    """What a policy is for: all that is named must be so. Of several items of a proposal, one is enough."""

    kind: Kinds = frozenset()
    category: Names = frozenset()
    criticality: Names = frozenset()
    region: Names = frozenset()
    supplier: Names = frozenset()
    above: Amounts | None = None
    up_to: Amounts | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)


@dataclass(frozen=True, slots=True)
class Case:
    """What of a proposal decides about its policy. `value` in `currency`."""

    kind: Kind
    value: Decimal
    currency: str
    categories: Collection[str]
    criticalities: Collection[str]
    region: str | None
    supplier: str | None
    confidence: float | None


class Policy(Strict):
    """Which steps, in order; none of them where it is `automatic`. `afterwards`: carried out first, asked then."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{2,59}$")
    fits: Fits = Field(default=Fits(), alias="for")
    steps: tuple[str, ...] = ()
    automatic: bool = False
    afterwards: bool = False

    @model_validator(mode="after")
    def _asks_or_says_that_it_does_not(self) -> "Policy":
        if self.automatic == bool(self.steps):
            raise ValueError("a policy has steps, or is automatic")
        if len(set(self.steps)) != len(self.steps):
            raise ValueError("a step is asked once")
        return self

    def covers(self, case: Case) -> bool:
        """Whether this policy is for `case`. An amount whose currency is not named fits no limit, so that it is asked about."""
        fits = self.fits
        return (
            (not fits.kind or case.kind in fits.kind)
            and (not fits.category or not fits.category.isdisjoint(case.categories))
            and (not fits.criticality or not fits.criticality.isdisjoint(case.criticalities))
            and (not fits.region or case.region in fits.region)
            and (not fits.supplier or case.supplier in fits.supplier)
            # what may be dear is taken for dear
            and (fits.above is None or case.currency not in fits.above or case.value > fits.above[case.currency])
            and (fits.up_to is None or (case.currency in fits.up_to and case.value <= fits.up_to[case.currency]))
            and (fits.confidence is None or (case.confidence is not None and case.confidence >= fits.confidence))
        )


class Policies(Strict):
    """All steps and policies."""

    steps: Mapping[str, Step]
    policies: tuple[Policy, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hang_together(self) -> "Policies":
        unknown = {name for policy in self.policies for name in policy.steps} - set(self.steps)
        if unknown:
            raise ValueError(f"there is no step {', '.join(sorted(unknown))}")
        if self.policies[-1].fits != Fits():
            raise ValueError("the last policy must be for everything: it has no `for`")
        ids = [policy.id for policy in self.policies]
        if len(set(ids)) != len(ids):
            raise ValueError("two policies have the same id")
        return self

    def policy_of(self, case: Case) -> Policy:
        """The first policy that covers `case`."""
        return next(policy for policy in self.policies if policy.covers(case))

    def answered_by(self, user: str) -> tuple[list[str], dict[str, timedelta]]:
        """The steps that `user` may answer, and those they may answer as a deputy, with how long each must have waited."""
        approver = [name for name, step in self.steps.items() if user in step.approvers]
        deputy = {name: step.deputies_after for name, step in self.steps.items() if user in step.deputies}
        return approver, deputy

    def until(self, step: str, asked_at: datetime) -> datetime:
        """When an unanswered step is a no."""
        return asked_at + self.steps[step].answer_within


@cache
def load_policies(path: Path = APPROVALS) -> Policies:
    """The approval policies. Raises LotwatchError naming the file and the field."""
    policies: Policies = read_config(path, Policies, "The approval policies")
    return policies


def active_policies(conn: psycopg.Connection[Any], as_of: datetime | None = None) -> Policies:
    """The approval policies in force. Where none ever were, those of the file: from now on, where `as_of` says when that is.

    Raises LotwatchError.
    """
    found = governance.active(conn, "approval_policy")
    if found is None and as_of is not None:
        found = governance.release(conn, "approval_policy", policies_as_content(load_policies()), as_of)
    return load_policies() if found is None else Policies.model_validate(found.content)


def policies_as_content(policies: Policies) -> dict[str, Any]:
    """Policies as a change set has them."""
    return policies.model_dump(mode="json", by_alias=True, exclude_defaults=True)
