"""Where a download may lead.

People with the right to add models choose the address, and the answer never reaches them unless it
is a GGUF. Still, an address must not be a way to poke at what only this machine can reach: the
metadata services of clouds (link-local) are always refused, and so is a redirect from a public
address to a private one. Private addresses themselves are fine by default, because mirrors inside
the building are the normal case here; HEARTH_PRIVATE_SOURCES=refuse forbids them.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from worker_jobs.adapters.downloads.problems import DownloadFailed, host_of, unknown_host

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_destination(url: str, *, came_from: str = "") -> None:
    """Raises DownloadFailed when the address leads where no download may go.

    `came_from` is the address that redirected here.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _refused(url, "is not an http or https address")
    if came_from.startswith("https:") and parts.scheme == "http":
        raise _refused(url, "would leave the encrypted connection")
    addresses = _resolve(url)
    for address in addresses:
        _check_address(url, address)
    if came_from and _any_private(addresses) and not _any_private(_resolve(came_from)):
        raise _refused(url, "is inside this network, and a public address redirected to it")


def check_peer(url: str, response: httpx.Response) -> None:
    """The same for the address that was really connected to, which a name may hide.

    Behind a proxy that is the proxy, which has rules of its own.
    """
    stream = response.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None else None
    if peer and not _uses_proxy(url):
        _check_address(url, ipaddress.ip_address(peer[0].split("%")[0]))


def _check_address(url: str, address: Address) -> None:
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise _refused(url, f"leads to {address}, which no model source has")
    if settings.MODEL_SOURCES_PRIVATE == "refuse" and not address.is_global:
        raise _refused(url, f"leads to {address} inside this network, which is not allowed here")


def _resolve(url: str) -> list[Address]:
    """The host's addresses; none when a proxy resolves it for us."""
    parts = urlsplit(url)
    if _uses_proxy(url):
        return []
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise unknown_host(host_of(url)) from None
    return [ipaddress.ip_address(str(entry[4][0]).split("%")[0]) for entry in found]


def _any_private(addresses: list[Address]) -> bool:
    return any(not address.is_global for address in addresses)


def _uses_proxy(url: str) -> bool:
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    return parts.scheme in getproxies() and not proxy_bypass(parts.hostname or "")


def _refused(url: str, why: str) -> DownloadFailed:
    return DownloadFailed(
        f"{host_of(url)} {why}.", fix="Use another address, or import the file by path."
    )
