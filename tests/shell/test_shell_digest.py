"""Digest authentication: the arithmetic of RFC 7616, and when a nonce is used again."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import pytest

from runner.engine.flow import Send
from runner.exchange import Headers, Reply, Request, Response, header
from runner.records import replace
from runner.shell.auth import Credentials, Keyring
from runner.shell.auth.digest import Challenge, Login, Target, answered, challenges, renewed
from runner.shell.auth.keyring import Nonces
from runner.shell.clock import VirtualClock
from runner.shell.deliver import carry, deliver
from tests.shell.authorizing import START, Script, chance, status
from tests.shell.operations import operation
from tests.shell.server import Connection, Received, answer, serve
from tests.shell.test_shell_deliver import Relay

# RFC 7616, 3.9.1: the values are those of the example
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
MUFASA = Login("Mufasa", "Circle of Life")
CHALLENGE = Challenge("http-auth@example.org", NONCE, "MD5", "auth", OPAQUE)
PAGE = Target("GET", "/dir/index.html")


def fields(value: str) -> dict[str, str]:
    scheme, _, rest = value.partition(" ")
    assert scheme == "Digest"
    pairs = (pair.partition("=") for pair in rest.split(", "))
    return {name: text.strip('"') for name, _, text in pairs}


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_are_answered_as_it_says(algorithm: str, response: str) -> None:
    value = answered(replace(CHALLENGE, algorithm=algorithm), MUFASA, PAGE, 1, CNONCE)
    assert fields(value) == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": NONCE,
        "nc": "00000001",
        "cnonce": CNONCE,
        "qop": "auth",
        "response": response,
        "opaque": OPAQUE,
    }


def test_the_example_of_rfc_2617_is_answered_as_it_says() -> None:
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", named=False)
    value = answered(challenge, Login("Mufasa", "Circle Of Life"), PAGE, 1, "0a4f113b")
    assert fields(value)["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in fields(value)


def test_a_session_hashes_the_secret_with_both_nonces() -> None:
    for name, hashed in (("MD5-sess", md5), ("SHA-256-sess", sha256)):
        challenge = replace(CHALLENGE, algorithm=name)
        secret = hashed(f"{hashed('Mufasa:http-auth@example.org:Circle of Life')}:{NONCE}:{CNONCE}")
        expected = hashed(f"{secret}:{NONCE}:0000001a:{CNONCE}:auth:{hashed('GET:/dir/index.html')}")
        found = fields(answered(challenge, MUFASA, PAGE, 26, CNONCE))
        assert (found["response"], found["nc"], found["algorithm"]) == (expected, "0000001a", name)


def test_auth_int_protects_the_body() -> None:
    target = Target("POST", "/x?a=1", b"body")
    found = fields(answered(replace(CHALLENGE, qop="auth-int"), MUFASA, target, 1, CNONCE))
    secret = md5("Mufasa:http-auth@example.org:Circle of Life")
    request = md5(f"POST:/x?a=1:{md5('body')}")
    assert found["response"] == md5(f"{secret}:{NONCE}:00000001:{CNONCE}:auth-int:{request}")
    assert found["qop"] == "auth-int"


def test_a_server_that_knows_no_qop_is_answered_without_one() -> None:
    found = fields(answered(replace(CHALLENGE, qop=None), MUFASA, PAGE, 1, CNONCE))
    secret = md5("Mufasa:http-auth@example.org:Circle of Life")
    assert found["response"] == md5(f"{secret}:{NONCE}:{md5('GET:/dir/index.html')}")
    assert found.keys() & {"qop", "nc", "cnonce"} == set()


@pytest.mark.parametrize(
    ("challenge", "name", "value"),
    [
        (replace(CHALLENGE, utf8=True), "username*", "UTF-8''J%C3%A4s%C3%B8n%20Doe"),
        (CHALLENGE, "username", "Jäsøn Doe"),
        (replace(CHALLENGE, userhash=True), "username", md5("Jäsøn Doe:http-auth@example.org")),
    ],
)
def test_a_user_is_named_as_the_server_can_read_it(challenge: Challenge, name: str, value: str) -> None:
    found = fields(answered(challenge, Login("Jäsøn Doe", "Secret, or not?"), PAGE, 1, CNONCE))
    assert found[name] == value
    assert found.get("userhash") == ("true" if challenge.userhash else None)


def test_quotes_and_backslashes_are_escaped() -> None:
    value = answered(replace(CHALLENGE, realm='a "b"'), Login('x\\"y', "p"), PAGE, 1, CNONCE)
    assert r'username="x\\\"y"' in value
    assert r'realm="a \"b\""' in value


def asking(*values: str) -> Headers:
    return tuple(("WWW-Authenticate", value) for value in values)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (asking('Digest realm="r", nonce="n"'), [Challenge("r", "n", qop=None, named=False)]),
        (asking('digest nonce=n,realm=r , QOP="auth,auth-int"'), [Challenge("r", "n", named=False)]),
        (asking('Digest realm="r", nonce="n", qop=auth-int'), [Challenge("r", "n", qop="auth-int", named=False)]),
        (
            asking('Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256-sess, charset=UTF-8, userhash=true'),
            [Challenge("r", "n", "SHA-256-sess", "auth", utf8=True, userhash=True)],
        ),
        (
            asking(
                'Digest realm="r", nonce="1", algorithm=SHA-512-256, Digest realm="r", nonce="2", algorithm=SHA-256'
            ),
            [Challenge("r", "2", "SHA-256", None)],
        ),
        (
            asking('Basic realm="x, Digest nonce=1"', 'Bearer abc==, Digest realm="a\\"b", nonce="n", opaque=""'),
            [Challenge('a"b', "n", qop=None, opaque="", named=False)],
        ),
        (
            asking('Digest realm="r", nonce="1", algorithm=MD5', 'Digest realm="r", nonce="2", algorithm=SHA-256'),
            [Challenge("r", "1", "MD5", None), Challenge("r", "2", "SHA-256", None)],
        ),
        (asking('Digest realm="r"', "Negotiate", 'Digest realm="r", nonce="n", qop="new"'), []),
        (asking(""), []),
        ((), []),
    ],
)
def test_of_several_challenges_those_are_read_that_can_be_answered(headers: Headers, expected: list[Challenge]) -> None:
    assert list(challenges(headers)) == expected


@pytest.mark.parametrize(
    ("value", "nonce"),
    [('qop=auth, nextnonce="new", nc=00000001', "new"), ("qop=auth", NONCE), ('nextnonce=""', NONCE)],
)
def test_a_server_names_the_nonce_that_it_wants_next(value: str, nonce: str) -> None:
    assert renewed(CHALLENGE, (("Authentication-Info", value),)).nonce == nonce


def test_a_nonce_is_counted_by_all_who_use_it() -> None:
    nonces = Nonces()
    assert nonces.use("here") is None
    nonces.learn("here", CHALLENGE)
    counted: list[int] = []

    def use() -> None:
        for _ in range(50):
            found = nonces.use("here")
            assert found is not None
            counted.append(found[1])

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    nonces.learn("here", CHALLENGE)  # told once more: the count goes on
    assert sorted(counted) == list(range(1, 201))
    assert nonces.use("here") == (CHALLENGE, 201)
    nonces.learn("here", replace(CHALLENGE, nonce="new"))
    assert nonces.use("here") == (replace(CHALLENGE, nonce="new"), 1)


# Requests

DIGEST = operation([["Digest"]], {"Digest": {"type": "http", "scheme": "digest"}})
ASKED = Response(401, asking('Digest realm="r", nonce="1", qop="auth"'))
STALE = Response(401, asking('Digest realm="r", nonce="2", qop="auth", stale=true'))
OK = Response(200)


def ann() -> Credentials:
    return Credentials({"DIGEST": "ann:s3cret"}, keyring=Keyring(random=chance))


def sent(script: Script) -> list[tuple[str, str] | None]:
    """Give the nonce and count of every request, None of one without."""
    values = [header(request.headers, "authorization") for request in script.sent]
    return [(fields(value)["nonce"], fields(value)["nc"][-1]) if value else None for value in values]


def test_a_challenge_is_answered_once_and_its_nonce_used_again() -> None:
    script, credentials = Script(), ann()
    first = script.deliver(DIGEST, credentials, [ASKED, OK])
    second = script.deliver(DIGEST, credentials, [OK])
    assert sent(script) == [None, ("1", "1"), ("1", "2")]
    assert (status(first), status(second), first.took, second.took) == (200, 200, 1.0, 0.5)
    assert first.sent == script.sent[1]
    assert [(hop.sent, hop.response) for hop in first.hops] == [(script.sent[0], ASKED)]


def test_a_stale_nonce_is_replaced_by_the_new_one() -> None:
    script, credentials = Script(), ann()
    script.deliver(DIGEST, credentials, [ASKED, OK])
    assert status(script.deliver(DIGEST, credentials, [STALE, OK])) == 200
    assert sent(script)[2:] == [("1", "2"), ("2", "1")]


def test_a_wrong_password_is_not_tried_again() -> None:
    script = Script()
    assert status(script.deliver(DIGEST, ann(), [ASKED, ASKED])) == 401
    assert len(script.sent) == 2


def test_a_refusal_without_a_challenge_is_the_answer() -> None:
    script = Script()
    assert status(script.deliver(DIGEST, ann(), [Response(401, asking('Basic realm="r"'))])) == 401


def test_the_next_nonce_of_a_response_is_the_one_that_is_used_next() -> None:
    script, credentials = Script(), ann()
    script.deliver(DIGEST, credentials, [ASKED, Response(200, (("Authentication-Info", 'nextnonce="2"'),))])
    script.deliver(DIGEST, credentials, [OK])
    assert sent(script) == [None, ("1", "1"), ("2", "1")]


def test_a_digest_is_of_the_url_with_all_that_was_added_to_it() -> None:
    both = operation(
        [["Digest", "Key"]],
        {"Digest": {"type": "http", "scheme": "digest"}, "Key": {"type": "apiKey", "in": "query", "name": "key"}},
    )
    script = Script()
    credentials = Credentials({"DIGEST": "ann:s3cret", "KEY": "k"}, keyring=Keyring(random=chance))
    request = Request("GET", "https://api.example/a b?x=1")
    script.deliver(both, credentials, [ASKED, OK], request=request)
    value = header(script.sent[1].headers, "authorization")
    assert script.sent[1].url == "https://api.example/a%20b?x=1&key=k"
    assert value is not None
    assert fields(value)["uri"] == "/a%20b?x=1&key=k"


def test_another_origin_gets_no_answer_to_its_challenge() -> None:
    script = Script()
    moved = Response(302, (("Location", "https://other.example/"),))
    assert status(script.deliver(DIGEST, ann(), [moved, ASKED])) == 401
    assert sent(script) == [None, None]


def guarded(connection: Connection) -> None:
    """Let in who can digest `ann` and `s3cret`, with a nonce that was given out."""
    while (received := connection.request()) is not None:
        if _knows(received):
            connection.send(answer(body=received.body))
        else:
            connection.send(answer('WWW-Authenticate: Digest realm="r", nonce="n", qop="auth-int"', status="401 No"))


def _knows(received: Received) -> bool:
    value = received.field("authorization")
    if value is None:
        return False
    found = fields(value)
    method, uri, _ = received.line.split(" ")
    request = md5(f"{method}:{uri}:{hashlib.md5(received.body).hexdigest()}")
    expected = md5(f"{md5('ann:r:s3cret')}:n:{found['nc']}:{found['cnonce']}:auth-int:{request}")
    return found["response"] == expected and found["uri"] == uri


@pytest.mark.parametrize(("password", "expected"), [("s3cret", 200), ("wrong", 401)])
def test_a_real_server_lets_in_who_knows_the_password(
    send_all: Callable[..., list[Reply]], password: str, expected: int
) -> None:
    with serve(guarded) as server:
        session = Script().session(Credentials({"DIGEST": f"ann:{password}"}))
        for _ in range(2):
            request = Request("POST", server.url("/a?b=c d"), (), b"body")
            exchange = carry(deliver(Send(request, DIGEST, 5.0), session), Relay(send_all), VirtualClock(START))
            assert status(exchange) == expected
        assert len(server.received) == (3 if expected == 200 else 4)
