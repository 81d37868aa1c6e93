"""What a key, a user and a team may use: reserved before a request, settled after it."""

from dataclasses import dataclass

from apps.gateway.dataplane.config import GatewayConfig
from apps.gateway.dataplane.usage import UsageRecord


@dataclass(slots=True)
class Reservation:
    """What was set aside for one request. `tokens` are prompt and output together."""

    id: str
    tokens: int


class Budgets:
    """The line to the counters that all gateway processes share."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config

    async def start(self) -> None:
        """Begin to answer; what a process that died had reserved is given back."""

    async def stop(self) -> None:
        """Settle what is left."""

    def settle(self, reservation: Reservation, record: UsageRecord) -> None:
        """Replace what was reserved by what was used. Never waits."""
