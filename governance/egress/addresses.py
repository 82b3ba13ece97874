"""Which URLs and network addresses an outside call may reach. Pure: the SSRF rules of the house.

A call goes to a public address over https, or to exactly a host, port and scheme that the partner listed. Cloud
metadata addresses are out of reach even when listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from yarl import URL

from governance.egress.errors import Blocked

DEFAULT_PORTS: Final = {"https": 443, "http": 80, "sftp": 22, "postgresql": 5432}
# The last label of a host name decides: resolvers read 127.1, 0x7f.1, 0177.0.0.1 and 2130706433 as addresses.
_NUMERIC_LABEL: Final = re.compile(r"^(?:[0-9]+|0[xX][0-9a-fA-F]*)$")
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")


def _networks(*texts: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


# fmt: off
# Beyond what `ipaddress` calls not global; the library's own lists differ between Python versions.
_NEVER_PUBLIC: Final = _networks(
    "0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/96", "::ffff:0:0/96", "64:ff9b::/96",
    "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7",
    "fec0::/10",
)
_METADATA: Final = _networks(
    "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fe80::/10", "fd00:ec2::/32",
    "fd20:ce::254/128",
)
_CARRIES_IPV4: Final = _networks("64:ff9b::/96", "::/96")
# fmt: on


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL. `host` is in lower case, without brackets or a trailing dot."""

    scheme: str
    host: str
    port: int
    url: URL = field(compare=False)


@dataclass(frozen=True, slots=True)
class AllowList:
    """What a partner listed: (host, port, scheme). Exact, no patterns."""

    rows: frozenset[tuple[str, int, str]] = frozenset()

    def permits(self, target: Target) -> bool:
        return (target.host, target.port, target.scheme) in self.rows


NOTHING_LISTED: Final = AllowList()


@lru_cache(maxsize=512)
def target_of(url: str) -> Target:
    """Parse as the clients will. Raises Blocked for what is no plain http(s), sftp or postgresql URL."""
    if _UNSAFE.search(url):
        raise Blocked("the URL holds spaces, control characters or a backslash")
    try:
        parsed = URL(url, encoded=url.isascii())
        host, port = parsed.host, parsed.port or DEFAULT_PORTS.get(parsed.scheme)
    except ValueError as exc:
        raise Blocked("the URL cannot be read") from exc
    if parsed.scheme not in DEFAULT_PORTS or not host or not port:
        raise Blocked("only http, https, sftp and postgresql URLs with a host are called")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise Blocked("the URL holds a user name")
    return Target(parsed.scheme, plain_host(host), port, parsed)


def plain_host(host: str) -> str:
    return host.lower().rstrip(".")


def literal_address(host: str) -> str | None:
    """The address a host spells, or None for a name. Raises Blocked for an address in disguise."""
    if ":" in host:
        return _canonical(host)
    if _NUMERIC_LABEL.match(host.rpartition(".")[2]):
        return _canonical(host)
    return None


def _canonical(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError as exc:
        raise Blocked("the host is an address written in an unusual form") from exc


@lru_cache(maxsize=4096)
def refusal(address: str, *, listed: bool) -> str:
    """Why this address must not be reached; "" when it may. `listed`: the partner allowed its host."""
    try:
        ip = ip_address(address)
    except ValueError:
        return "not an address"
    if any(_in(form, _METADATA) for form in _forms(ip)):
        return "a metadata or link-local address"
    if listed:
        return "" if not (ip.is_multicast or ip.is_unspecified) else "not a host's address"
    if not ip.is_global or ip.is_multicast or ip.is_reserved or _in(ip, _NEVER_PUBLIC):
        return "not a public address"
    return ""


def _in(ip: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)


def _forms(ip: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address itself and every IPv4 address that it carries inside."""
    if isinstance(ip, IPv4Address):
        return [ip]
    inside: list[IPv4Address | IPv6Address | None] = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if _in(ip, _CARRIES_IPV4):
        inside.append(IPv4Address(int(ip) & 0xFFFFFFFF))
    return [IPv6Address(int(ip)), *(form for form in inside if form is not None)]
