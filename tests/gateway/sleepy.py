"""A deployment that loads when somebody asks, and the route of its name."""

from typing import Any

from apps.gateway.dataplane import snapshot


def deployment(*urls: str, slots: int = 1, **values: Any) -> snapshot.DeploymentEntry:
    """`sleepy` with replicas at these addresses; without any it is asleep."""
    replicas = [
        snapshot.ReplicaEntry(id=f"r{number}", url=url, node="n1", slots=slots)
        for number, url in enumerate(urls)
    ]
    given: dict[str, Any] = {"state": "ready" if urls else "asleep", "on_demand": True, **values}
    return snapshot.DeploymentEntry(id=5, name="sleepy", replicas=replicas, **given)
