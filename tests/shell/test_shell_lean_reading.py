"""What is read from an answer does not depend on how its bytes come in pieces."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.exchange import TransportFailure
from runner.shell.codings import TooLargeError
from runner.shell.lean.head import NotHttpError
from runner.shell.lean.reading import LONGEST_HEAD, CutOffError, Progress, Whole, read
from runner.shell.wire import _made_legal, legal_url, place_of
from tests.shell.server import answer

CHUNKED = "Transfer-Encoding: chunked"

ANSWERS: dict[str, tuple[bytes, bytes, bool]] = {
    "counted": (answer("A: b", body=b"hello"), b"hello", True),
    "empty": (answer(status="204 No Content"), b"", True),
    "in chunks": (answer(CHUNKED, body=b"2\r\nhe\r\n003;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n"), b"hello", True),
    "without a trailer": (answer(CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"), b"hello", True),
    "to the end": (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello", False),
    "after others": (b"HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 100\n\n" + answer(body=b"hello"), b"hello", True),
    "closing": (answer("connection: TE, close", body=b"hello"), b"hello", False),
    "of two lengths": (answer(CHUNKED, "Content-Length: 9", body=b"5\r\nhello\r\n0\r\n\r\n"), b"hello", False),
}


def received(pieces: list[bytes], method: str = "GET", max_body: int = 1000) -> Whole:
    """Read an answer from pieces, and its end."""
    reading = read(method, Progress(), max_body)
    next(reading)
    for piece in [*pieces, b""]:
        try:
            reading.send(piece)
        except StopIteration as stop:
            whole: Whole = stop.value
            return whole
    raise AssertionError("it waits for more after the end")


@pytest.mark.parametrize(("data", "body", "persists"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_the_same_wherever_it_is_cut(data: bytes, body: bytes, persists: bool) -> None:
    whole = received([data])
    assert (whole.body, whole.persists) == (body, persists)
    for at in range(1, len(data)):
        assert received([data[:at], data[at:]]) == whole, data[:at]
    assert received([data[at : at + 1] for at in range(len(data))]) == whole


@pytest.mark.parametrize(("data", "_body", "_persists"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(data: bytes, _body: bytes, _persists: bool) -> None:
    end = data.index(b"\r\n\r\nhello") + 4 if b"OK\r\n\r\nhello" in data else len(data)
    for at in range(end):
        with pytest.raises(CutOffError):
            received([data[:at]] if at else [])


@pytest.mark.parametrize(("data", "body", "_"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_comes_after_an_answer_ends_the_connection(data: bytes, body: bytes, _: bool) -> None:
    if b"OK\r\n\r\nhello" not in data:
        whole = received([data + b"HTTP/1.1 200 OK\r\n"])
        assert (whole.body, whole.persists) == (body, False)


@given(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from(["GET", "HEAD", "CONNECT"]))
def test_whatever_comes_is_an_answer_or_is_refused(first: bytes, second: bytes, method: str) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", answer(CHUNKED), answer(CHUNKED, body=b"3\r\nabc\r\n")):
        with suppress(NotHttpError, CutOffError, TooLargeError):
            received([piece for piece in (start + first, second) if piece], method, 100)


@pytest.mark.parametrize(
    "data", [answer("Content-Length: 1001"), answer(CHUNKED, body=b"3e9\r\n"), answer(f"Content-Length: {10**19}")]
)
def test_a_body_that_will_be_too_large_is_not_waited_for(data: bytes) -> None:
    with pytest.raises(TooLargeError):
        received([data])


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nA: ", answer(CHUNKED, body=b"1;"), answer(CHUNKED, body=b"0\r\nA: ")]
)
def test_a_line_without_an_end_is_not_kept_for_ever(start: bytes) -> None:
    with pytest.raises(NotHttpError, match="its head is longer than 100 KiB"):
        received([start, b"x" * LONGEST_HEAD, b"x" * LONGEST_HEAD, b"x"])


URLS = st.one_of(
    st.text(max_size=30),
    st.from_regex(
        r"https?://[a-z0-9.:\[\]@_-]{0,12}(:[0-9]{0,6})?(/[a-z.%/;=-]{0,12})?(\?[a-z&=%\[\]?]{0,9})?", fullmatch=True
    ),
)


@given(URLS)
def test_a_url_that_is_legal_already_is_known_at_a_glance(url: str) -> None:
    assert legal_url(url) == _made_legal(url)
    legal = legal_url(url)
    if isinstance(legal, TransportFailure):
        assert place_of(url) == legal
    else:
        assert legal_url(legal) == legal
        place = place_of(url)
        assert isinstance(place, TransportFailure) or f"{place.scheme}://{place.authority}{place.target}" == legal
