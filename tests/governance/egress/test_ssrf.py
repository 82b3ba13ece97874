"""Where a call may not go, however the address is dressed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from governance.egress.addresses import NOTHING_LISTED, AllowList, refusal, target_of
from governance.egress.client import Egress
from governance.egress.errors import Blocked, Interrupted, NotConnected
from governance.egress.resolver import Lookup
from tests.governance.egress.raw_server import Peer, Tls, Wire, polite, serving

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "0.0.0.0",
    "0.1.2.3",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fc00::1",
    "fd12::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "::ffff:8.8.8.8",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
]
METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fe80::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::",
    "::169.254.169.254",
    "fe80::1%1",
]


def resolving(*addresses: str) -> Lookup:
    async def lookup(host: str, port: int) -> list[str]:
        return list(addresses)

    return lookup


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    client = Egress()
    yield client
    await client.close()


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(tmp_path)


async def blocked(client: Egress, url: str, allow: AllowList = NOTHING_LISTED) -> Blocked:
    with pytest.raises(Blocked) as caught:
        await client.request("GET", url, deadline=2, allow=allow)
    assert not caught.value.sent
    return caught.value


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert refusal(address, listed=False) == ""


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_the_allow_list(address: str) -> None:
    assert refusal(address, listed=False)


@pytest.mark.parametrize("address", METADATA)
def test_metadata_addresses_are_blocked_even_when_listed(address: str) -> None:
    assert refusal(address, listed=False) and refusal(address, listed=True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "0",
        "127.0.0.1.",
        "0X7F.0.0.1",
        "00000127.0.0.1",
        "127.0.0.0x1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1%25eth0]",
        "127。0。0。1",
        "１２７.0.0.1",
        "169.254.169.254",
        "10.1",
        "1.2.3.4.5",
    ],
)
async def test_address_literals_are_checked_before_connecting(egress: Egress, host: str) -> None:
    await blocked(egress, f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example@127.0.0.1/",
        "https://user:pw@shop.example/",
        "https://shop.example\\@127.0.0.1/",
        "https://shop.example /",
        "https://shop.example/\r\nX: y",
        "http://shop.example/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//shop.example/",
        "https:///path",
        "https://[::1/",
        "https://shop.example:99999/",
        "",
    ],
)
async def test_urls_that_are_not_plain_https_are_blocked(egress: Egress, url: str) -> None:
    await blocked(egress, url)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
async def test_a_name_that_answers_with_a_private_address_is_blocked(address: str) -> None:
    client = Egress(lookup=resolving(address))
    error = await blocked(client, "https://shop.example/")
    assert address in error.reason
    await client.close()


async def test_one_private_address_among_public_ones_blocks_the_name() -> None:
    client = Egress(lookup=resolving("8.8.8.8", "127.0.0.1"))
    await blocked(client, "https://shop.example/")
    await client.close()


async def test_a_listed_name_that_answers_with_metadata_is_blocked() -> None:
    client = Egress(lookup=resolving("169.254.169.254"))
    await blocked(client, "http://erp.example/", AllowList(frozenset({("erp.example", 80, "http")})))
    await client.close()


async def test_the_allow_list_is_exact_in_host_port_and_scheme(egress: Egress) -> None:
    async with serving(polite) as wire:
        for row in (("127.0.0.1", wire.port + 1, "http"), ("127.0.0.1", wire.port, "https"), ("x", wire.port, "http")):
            await blocked(egress, wire.url(), AllowList(frozenset({row})))
        await egress.request("GET", wire.url(), deadline=2, allow=wire.allow)
    assert len(wire.requests) == 1


async def test_a_kept_connection_of_a_listed_host_serves_no_call_without_the_row(tls: Tls) -> None:
    """One partner's list opened it; another partner calls the same name over the same process."""
    client = Egress(lookup=resolving("127.0.0.1"), ssl_context=tls.client)
    async with serving(polite, tls=tls.server) as wire:
        url = f"https://shop.test:{wire.port}/"
        await client.request("GET", url, deadline=2, allow=AllowList(frozenset({("shop.test", wire.port, "https")})))
        await blocked(client, url)
    assert len(wire.requests) == 1
    await client.close()


async def test_a_peer_is_checked_after_connecting_too(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the resolver's check were passed by, the connected socket still tells where it ended."""
    client = Egress(lookup=resolving("127.0.0.1"), ssl_context=tls.client)
    async with serving(polite, tls=tls.server) as wire:
        monkeypatch.setattr("governance.egress.resolver.refusal", lambda address, listed: "")
        await blocked(client, f"https://shop.test:{wire.port}/")
    assert wire.requests == []
    await client.close()


async def test_tls_that_cannot_be_verified_says_nothing_was_sent(tls: Tls) -> None:
    async with serving(polite, tls=tls.server) as wire:
        for name, context in (("shop.test", None), ("other.test", tls.client)):
            client = Egress(lookup=resolving("127.0.0.1"), ssl_context=context)
            with pytest.raises(NotConnected):
                await client.request(
                    "POST",
                    f"https://{name}:{wire.port}/",
                    body=b"x",
                    deadline=2,
                    allow=AllowList(frozenset({(name, wire.port, "https")})),
                )
            await client.close()
    assert wire.requests == []


async def test_a_tls_handshake_that_hangs_says_nothing_was_sent() -> None:
    async def silent(peer: Peer) -> None:
        await peer.reader.read()

    client = Egress(lookup=resolving("127.0.0.1"))
    async with serving(silent) as wire:
        with pytest.raises(NotConnected) as caught:
            await client.request(
                "POST",
                f"https://shop.test:{wire.port}/",
                body=b"x",
                deadline=0.1,
                allow=AllowList(frozenset({("shop.test", wire.port, "https")})),
            )
    assert caught.value.timed_out
    await client.close()


async def test_a_request_over_tls_that_gets_no_answer_counts_as_sent(tls: Tls) -> None:
    async def vanishes(peer: Peer) -> None:
        await peer.request()
        peer.reset()

    client = Egress(lookup=resolving("127.0.0.1"), ssl_context=tls.client)
    async with serving(vanishes, tls=tls.server) as wire:
        with pytest.raises(Interrupted):
            await client.request(
                "POST",
                f"https://shop.test:{wire.port}/",
                body=b"x",
                deadline=2,
                allow=AllowList(frozenset({("shop.test", wire.port, "https")})),
            )
    assert len(wire.requests) == 1
    await client.close()


def test_hosts_compare_in_lower_case_without_a_trailing_dot() -> None:
    assert target_of("https://Shop.Example.:8443/a").host == "shop.example"
    assert target_of("https://SHOP.example/").port == 443


async def test_a_name_that_does_not_resolve_says_nothing_was_sent() -> None:
    client = Egress(lookup=resolving())
    with pytest.raises(NotConnected):
        await asyncio.wait_for(client.request("GET", "https://shop.example/", deadline=2), 3)
    await client.close()


def test_the_lists_above_hold_what_they_say() -> None:
    assert all(ip_address(address.split("%")[0]) for address in PUBLIC + PRIVATE + METADATA)
    assert isinstance(Wire().allow, AllowList)
