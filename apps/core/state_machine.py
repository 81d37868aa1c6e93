"""Which state may follow which, and which action is possible in which state. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.core.permissions import Permission


@dataclass(frozen=True)
class StateMachine:
    """`transitions` names every state, each with the states that may follow it."""

    initial: str
    transitions: Mapping[str, frozenset[str]]

    def allows(self, current: str, target: str) -> bool:
        return target in self.transitions[current]


@dataclass(frozen=True)
class ActionRule:
    """When one action on a row is possible.

    `states` is None when every state allows it; `otherwise` is the sentence shown when the state
    does not.
    """

    permission: Permission
    states: frozenset[str] | None = None
    otherwise: str = ""


ActionTable = Mapping[str, ActionRule]
