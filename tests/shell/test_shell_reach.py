"""Who may be reached: what an address is, by whom it is reached, and that every transport holds to it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from runner.errors import UsageError
from runner.exchange import Reply, Request, Response, TransportFailure
from runner.records import replace
from runner.shell.address import AddressKind, kind_of, literal
from runner.shell.options import HttpOptions
from runner.shell.reach import Reach, allowance
from tests.shell.conftest import QUIET, SendAll
from tests.shell.server import always, answer, serve

KINDS: dict[AddressKind, str] = {
    "public": "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.167.1.1 198.17.255.255"
    " 223.255.255.255 2606:4700::1111 2001:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1",
    "private": "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1 100.127.255.255 198.18.0.1"
    " 192.0.2.1 fc00::1 fdff::1 fec0::1 2001:db8::1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1::1 ::192.168.0.1",
    "loopback": "127.0.0.1 127.255.255.254 ::1 0.0.0.0 :: ::ffff:127.0.0.1 ::ffff:0.0.0.0 64:ff9b::7f00:1"
    " 2002:7f00:1:: ::ffff:0:127.0.0.1 2001:0:4136:e378:8000:63bf:80ff:fffe",
    "link-local": "169.254.0.1 169.254.169.254 fe80::1 febf::1 fe80::1%1 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe"
    " 2002:a9fe:a9fe::1 fd00:ec2::254 fd20:ce::254 100.100.100.200 192.0.0.192 168.63.129.16",
    "reserved": "0.0.0.1 192.0.0.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 ff02::1 ff0e::1"
    " 64:ff9b:1::a9fe:a9fe 100::1 2001:2::1 4000::1 5f00::1 ::ffff:224.0.0.1",
}  # fmt: skip


@pytest.mark.parametrize(("address", "kind"), [(each, kind) for kind in KINDS for each in KINDS[kind].split()])
def test_an_address_is_of_a_kind(address: str, kind: AddressKind) -> None:
    assert kind_of(address) == kind


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("localhost", "127.0.0.1"),
        ("LocalHost.", "127.0.0.1"),
        ("app.localhost", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("::1", "::1"),
        ("metadata.google.internal", "169.254.169.254"),
        ("api.example", None),
        ("1.example", None),
        ("localhost.example", None),
    ],
)
def test_a_host_may_be_an_address_by_itself(host: str, address: str | None) -> None:
    assert literal(host) == address


REACHED = {"public": (True, True), "private": (True, False), "loopback": (True, False)}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_reached_depends_on_where_the_document_came_from(kind: AddressKind) -> None:
    address = KINDS[kind].split()[0]
    for fetched, may in zip((False, True), REACHED.get(kind, (False, False)), strict=True):
        reach = Reach(HttpOptions(fetched=fetched))
        assert (reach.refusal("h", 80, address) is None) == may
        assert Reach(HttpOptions(fetched=fetched, allow_hosts=("h",))).refusal("h", 80, address) is None


def test_what_the_user_named_is_reached_as_a_document_of_this_machine_reaches_it() -> None:
    reach = Reach(HttpOptions(fetched=True, named=frozenset({"h:80"})))
    told = [reach.refusal(*each) is None for each in (("h", 80, "10.0.0.1"), ("h", 81, "10.0.0.1"))]
    assert told == [True, False]
    assert reach.refusal("h", 80, "169.254.169.254")


@pytest.mark.parametrize(
    ("text", "covered", "others"),
    [
        ("api.lan", "api.lan:1 API.lan.:2", "www.api.lan:1 lan:1"),
        ("api.lan:80", "api.lan:80", "api.lan:81"),
        ("api.lan:080", "api.lan:80", "api.lan:81"),
        ("Bücher.example", "xn--bcher-kva.example:1", "bücher:1"),
        ("10.0.0.5", "any.name:1 10.0.0.5:1", ""),
        ("10.0.0.5:80", "any.name:80", "any.name:81"),
        ("10.0.0.0/8", "any.name:80", ""),
        ("10.0.0.6", "", "10.0.0.5:1 any.name:1"),
        ("0.0.0.0/0", "any.name:1", ""),
        ("fd00::/8", "", "any.name:1"),
    ],
)
def test_a_host_or_a_network_is_allowed(text: str, covered: str, others: str) -> None:
    for expected, places in ((True, covered), (False, others)):
        for place in places.split():
            host, _, port = place.rpartition(":")
            assert allowance(text).covers(host, int(port), "10.0.0.5") is expected, place


@pytest.mark.parametrize(
    ("text", "port"), [("::1", 80), ("[::1]:80", 80), ("::1", 81), ("fe80::/10", 1), ("[fe80::1]:1", 1)]
)
def test_an_address_of_ipv6_is_allowed(text: str, port: int) -> None:
    assert allowance(text).covers("h", port, "fe80::1%1" if "fe80" in text else "::1")


def test_a_network_covers_what_is_mapped_into_it() -> None:
    assert allowance("10.0.0.0/8").covers("h", 80, "::ffff:10.0.0.5")


@pytest.mark.parametrize(
    "text",
    ["", "*", "*.example", "https://h", "h/path", "10.0.0.1/8", "10.0.0.0/33", "h:port", "h:99999", "u@h", "a b"],
)
def test_what_is_no_host_is_not_allowed(text: str) -> None:
    with pytest.raises(UsageError, match="allow-host") as refused:
        allowance(text)
    assert refused.value.hint == "write HOST, HOST:PORT, or a network such as 10.0.0.0/8"


# Every transport

FETCHED = replace(QUIET, fetched=True)


def get(url: str) -> Request:
    return Request("GET", url)


def refused(reply: Reply) -> str:
    assert isinstance(reply, TransportFailure)
    assert reply.kind == "not-allowed"
    return reply.message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_a_fetched_document_does_not_reach_this_machine(host: str, send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        [reply] = send_all(get(server.url(host=host)), options=FETCHED)
        assert "this machine, which a document that was fetched may not reach" in refused(reply)
        assert (server.connections, server.received) == (0, [])


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:{port}", "127.0.0.0/8"])
def test_what_is_allowed_is_reached(allowed: str, send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        options = replace(FETCHED, allow_hosts=(allowed.format(port=server.port),))
        [reply] = send_all(get(server.url()), options=options)
        assert isinstance(reply, Response)


def test_a_port_that_is_not_the_allowed_one_is_not_reached(send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        [reply] = send_all(get(server.url()), options=replace(FETCHED, allow_hosts=(f"127.0.0.1:{server.port + 1}",)))
        message = "'127.0.0.1' is this machine, which a document that was fetched may not reach; allow it with"
        assert refused(reply) == f"{message} --allow-host 127.0.0.1:{server.port}"


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://0xa9fea9fe/"])
@pytest.mark.parametrize("options", [QUIET, FETCHED], ids=["local", "fetched"])
def test_nobody_reaches_a_link_local_address(url: str, options: HttpOptions, send_all: SendAll) -> None:
    [reply] = send_all(get(url), options=options)
    assert "a link-local address, where clouds keep credentials, which no document may reach" in refused(reply)


def test_a_name_that_leads_elsewhere_the_next_time_is_judged_each_time(
    send_all: SendAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is public, and so is what is connected to; the second is not (DNS rebinding)."""
    with serve(always(answer("Connection: close"))) as server:
        turns = iter(["127.0.0.1", "127.0.0.2"])
        resolve(monkeypatch, lambda: [(next(turns), server.port)])
        options = replace(FETCHED, kind_of=lambda address: "public" if address == "127.0.0.1" else kind_of(address))
        first, second = send_all(*[get(server.url(host="rebound.example"))] * 2, options=options)
        assert isinstance(first, Response)
        assert refused(second).startswith("'rebound.example' is at 127.0.0.2, and that is this machine")
        assert len(server.received) == 1


def test_of_several_addresses_those_that_may_be_are_tried(send_all: SendAll, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(always(answer())) as server:
        found = [("169.254.169.254", server.port), ("127.0.0.1", server.port)]
        resolve(monkeypatch, lambda: found)
        [reply] = send_all(get(server.url(host="several.example")))
        assert isinstance(reply, Response)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "169.254.169.254", "inner.example", "xn--bcher-kva.example"]
)
def test_a_proxy_is_where_the_user_put_it_and_its_targets_are_judged(
    host: str, send_all: SendAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup = socket.getaddrinfo

    def found(name: str | bytes, *rest: Any, **more: Any) -> Any:
        inner = name in ("inner.example", "xn--bcher-kva.example")
        return lookup("10.0.0.1" if inner else name, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with serve(always(answer())) as proxy:
        options = replace(FETCHED, proxy=proxy.url())
        [reply] = send_all(get(f"http://{host}:1/"), options=options)
        assert f"--allow-host {host}:1" in refused(reply)
        assert proxy.received == []
        [reply] = send_all(get(f"http://{host}:1/"), options=replace(options, allow_hosts=(host,)))
        assert isinstance(reply, Response)


def test_a_name_that_only_the_proxy_knows_goes_through_it(send_all: SendAll, monkeypatch: pytest.MonkeyPatch) -> None:
    lookup, asked = socket.getaddrinfo, []

    def unknown(name: Any, *rest: Any, **more: Any) -> Any:
        if name == "127.0.0.1":
            return lookup(name, *rest, **more)
        asked.append(name)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with serve(always(answer())) as proxy:
        replies = send_all(*[get("http://outer.example/")] * 2, options=replace(FETCHED, proxy=proxy.url()))
        assert all(isinstance(reply, Response) for reply in replies)
    assert asked == ["outer.example"], "it is asked for once"


def resolve(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    lookup = socket.getaddrinfo

    def resolved(host: str | bytes, *rest: Any, **more: Any) -> Any:
        if not str(host).endswith(("example", "example'")):
            return lookup(host, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in found()]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
