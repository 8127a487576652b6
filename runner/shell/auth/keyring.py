"""Keeps what several runs obtain only once: access tokens, what servers say of themselves, and nonces.

It may be used by any number of threads and event loops at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from os import urandom
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from runner.exchange import TransportFailure
from runner.records import Frozen, field, replace
from runner.shell.auth.digest import Challenge
from runner.shell.auth.loopback import listen
from runner.shell.auth.metadata import Metadata
from runner.shell.auth.tokens import Token
from runner.shell.auth.wish import Wish
from runner.shell.effects import Await, Steps

if TYPE_CHECKING:
    from concurrent.futures import Future

V = TypeVar("V")

PATIENCE = 330.0
"""Seconds that one run waits for another to obtain what both want: somewhat longer than a user is given."""


class Show(Protocol):
    """Tell the user to open a URL and to agree there; `code` is what to type in, where the URL does not hold it."""

    def __call__(self, url: str, code: str | None = None) -> object: ...


class Redirect(Protocol):
    """A place on this machine to which an authorization server sends the user back, with `answer` in the query."""

    @property
    def uri(self) -> str: ...

    @property
    def answer(self) -> Future[dict[str, str]]: ...


Listen: TypeAlias = Callable[[str], AbstractContextManager[Redirect]]
"""Open such a place for the `state` that is given."""


class Got(NamedTuple, Generic[V]):
    """A shared value; `new` where it was made while it was waited for."""

    value: V
    new: bool


class Shelf(Generic[V]):
    """Values by key, each made by whoever wants it first, while all others who want it wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Hashable, V] = {}
        self._making: dict[Hashable, Future[V | TransportFailure | None]] = {}

    def get(
        self,
        key: Hashable,
        good: Callable[[V], bool],
        make: Callable[[V | None], Steps[V | TransportFailure]],
        failures: int = 1,
    ) -> Steps[Got[V] | TransportFailure]:
        """Give a value that is `good`; `make` is given the one that is not.

        A failure is not kept. Who only waited for it has failed, too, when it has seen so many `failures` of others.
        """
        while True:
            with self._lock:
                known = self._values.get(key)
                if known is not None and good(known):
                    return Got(known, False)
                making = self._making.get(key)
                if making is None:
                    self._making[key] = _future()
            if making is None:
                made = yield from self._made(key, make(known))
                return made if isinstance(made, TransportFailure) else Got(made, True)
            yield Await(making, PATIENCE)
            if not making.done():
                return TransportFailure("credentials", "another run has been asking for a token for too long")
            theirs = making.result()
            if isinstance(theirs, TransportFailure):
                failures -= 1
                if not failures:
                    return theirs
            elif theirs is not None:  # else whoever was at it was stopped
                return Got(theirs, True)

    def _made(self, key: Hashable, making: Steps[V | TransportFailure]) -> Steps[V | TransportFailure]:
        made: V | TransportFailure | None = None
        try:
            made = yield from making
            return made
        finally:
            with self._lock:
                if made is not None and not isinstance(made, TransportFailure):
                    self._values[key] = made
                done = self._making.pop(key)
            done.set_result(made)

    def amend(self, key: Hashable, old: V, new: V) -> None:
        """Replace a value, unless somebody did so already."""
        with self._lock:
            if self._values.get(key) is old:
                self._values[key] = new


def _future() -> Future[Any]:
    from concurrent.futures import Future  # late: most runs want no token

    return Future()


class Nonces:
    """The digest challenges that servers gave, and how often each nonce was used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Hashable, tuple[Challenge, int]] = {}

    def use(self, key: Hashable) -> tuple[Challenge, int] | None:
        """Give the challenge to answer and the count of this answer."""
        with self._lock:
            if (known := self._known.get(key)) is None:
                return None
            challenge, count = known[0], known[1] + 1
            self._known[key] = challenge, count
            return challenge, count

    def learn(self, key: Hashable, challenge: Challenge) -> None:
        """Keep a challenge for the requests that follow."""
        with self._lock:
            known = self._known.get(key)
            if known is None or known[0] != challenge:
                self._known[key] = challenge, 0


class Keyring(Frozen):
    """What runs share, and how a user is asked: `show` is None where there is nobody to ask.

    `random` gives that many unpredictable bytes.
    """

    show: Show | None = None
    listen: Listen = listen
    random: Callable[[int], bytes] = urandom
    tokens: Shelf[Token] = field(default_factory=Shelf)
    servers: Shelf[Metadata] = field(default_factory=Shelf)
    nonces: Nonces = field(default_factory=Nonces)
    posting: set[tuple[str, str]] = field(default_factory=set)
    """Token endpoints and clients whose secret goes into the body, since the server refuses it in the header."""
    foreseen: set[Wish] = field(default_factory=set)
    HIDDEN = ("tokens", "servers", "nonces", "posting", "foreseen")
    """Wishes that runs with this keyring will have."""

    def anew(self) -> Keyring:
        """Give an empty one that asks the same user."""
        return Keyring(self.show, self.listen, self.random)

    def all_at_once(self, wish: Wish) -> Wish:
        """Give the wish that a user is asked to grant: with the scopes of all foreseen ones to the same server."""
        if not wish.asks_a_user:
            return wish
        same = (each.scopes for each in tuple(self.foreseen) if replace(each, scopes=wish.scopes) == wish)
        return replace(wish, scopes=tuple(sorted({*wish.scopes, *(scope for scopes in same for scope in scopes)})))
