"""Which alerts something may be done about."""

from collections.abc import Sequence

from lotwatch.rules import Rule
from lotwatch.rules.tables import Action


def acting(rules: Sequence[Rule], action: Action) -> list[str]:
    """`rule/variant` of all rules, and overrides of them, that are in mode `act` and name the action."""
    return [
        f"{rule.id}/{variant}"
        for rule in rules
        for variant in range(len(rule.overrides) + 1)
        if rule.applied(variant).mode == "act" and action in rule.applied(variant).actions
    ]
