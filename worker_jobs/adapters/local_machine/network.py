"""Network interfaces and how fast they say they are."""

import socket
from pathlib import Path
from typing import Any

import psutil

from worker_jobs.adapters.local_machine.files import read_text

INTERFACES = Path("/sys/class/net")
VIRTUAL = ("veth", "docker", "br-", "virbr", "tun", "tap", "wg", "tailscale", "cni", "flannel")


def read_network(unknown: dict[str, str]) -> list[dict[str, Any]]:
    """The shape of `apps.nodes.schemas.NetworkOut`; the loopback is left out."""
    try:
        states, addresses = psutil.net_if_stats(), psutil.net_if_addrs()
    except OSError as error:
        unknown["network"] = f"The kernel does not list interfaces: {error.strerror}"
        return []
    return [
        _interface(name, states.get(name), addresses.get(name, []))
        for name in sorted(set(states) | set(addresses))
        if name != "lo"
    ]


def _interface(name: str, state: Any, addresses: list[Any]) -> dict[str, Any]:
    return {
        "name": name,
        "kind": _kind(name),
        "mac": next((a.address for a in addresses if a.family == socket.AF_PACKET), ""),
        "addresses": [
            a.address.split("%")[0]
            for a in addresses
            if a.family in {socket.AF_INET, socket.AF_INET6}
        ],
        "is_up": bool(state and state.isup),
        "speed_mbps": _speed(state),
    }


def _speed(state: Any) -> int | None:
    """None when the driver does not say: virtual interfaces answer 0 or 65535."""
    return state.speed if state and 0 < state.speed < 65_535 else None


def _kind(name: str) -> str:
    if (INTERFACES / name / "wireless").exists() or name.startswith("wl"):
        return "wifi"
    if name.startswith(VIRTUAL) or read_text(INTERFACES / name / "tun_flags"):
        return "virtual"
    return "ethernet"
