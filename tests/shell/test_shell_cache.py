"""The cache gives back what was put there by this user, and nothing else, whatever anybody does to its folder."""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.shell.cache import DiskCache, Places, user_cache, user_places

KEY, OTHER = "a" * 64, "b" * 64
CONTENT = b'{"value": 1}'

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX")
not_root = pytest.mark.skipif(sys.platform != "win32" and os.geteuid() == 0, reason="root may write everywhere")


class Told:
    """A cache in a folder of the test, and what it said."""

    def __init__(self, folder: Path, limit: int = 1_000_000) -> None:
        self.places = Places(folder / "cache", folder / "state" / "secret")
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self.limit = limit
        self.cache = self.again()

    def again(self) -> DiskCache:
        """Open it as the next process would."""
        return DiskCache(self.places, self.warnings.append, self.notes.append, self.limit)

    @property
    def names(self) -> set[str]:
        return {path.name for path in self.places.folder.iterdir()}

    def entry(self, key: str = KEY) -> Path:
        """Where an entry is, by the secret of this moment."""
        name = hmac.digest(self.places.secret.read_bytes(), key.encode(), "sha256").hex()
        return self.places.folder / f"{name}.arazzo"


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


@pytest.fixture
def filled(told: Told) -> Told:
    told.cache.put(KEY, CONTENT)
    assert told.again().get(KEY) == CONTENT
    return told


def test_what_was_put_there_is_there_for_the_next_process(told: Told) -> None:
    assert told.cache.get(KEY) is None
    told.cache.put(KEY, CONTENT)
    told.cache.put(OTHER, b"")
    assert (told.cache.get(KEY), told.again().get(KEY), told.again().get(OTHER)) == (CONTENT, CONTENT, b"")
    told.cache.put(KEY, b"new")
    assert told.again().get(KEY) == b"new"
    assert told.names == {told.entry(KEY).name, told.entry(OTHER).name}
    assert told.warnings == told.notes == []


def test_who_sees_the_name_of_an_entry_cannot_try_out_its_key(filled: Told, tmp_path: Path) -> None:
    other = Told(tmp_path / "other")
    other.cache.put(KEY, CONTENT)
    assert len(filled.names | other.names) == 2
    assert KEY not in str(filled.names)


def test_nothing_is_looked_at_before_something_is_asked_for(told: Told) -> None:
    assert list(told.places.folder.parent.iterdir()) == []


@posix
def test_folders_and_files_are_for_this_user_only(filled: Told) -> None:
    modes = {
        path: path.stat().st_mode & 0o777 for path in (*filled.places, filled.places.secret.parent, filled.entry())
    }
    assert set(modes.values()) == {0o700, 0o600}
    assert modes[filled.places.folder] == modes[filled.places.secret.parent] == 0o700


def flip(place: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:place] + bytes([content[place] ^ 1]) + content[place + 1 or len(content) :]


TAMPERED: dict[str, Callable[[bytes], bytes]] = {
    "another version": flip(13),
    "another HMAC": flip(20),
    "another content": flip(50),
    "another end": flip(-1),
    "more": lambda content: content + b" ",
    "less": lambda content: content[:-1],
    "no content": lambda content: content[:47],
    "half a head": lambda content: content[:20],
    "nothing": lambda _: b"",
    "text": lambda _: CONTENT,
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED.keys())
def test_an_entry_that_was_tampered_with_is_removed_and_made_anew(
    filled: Told, change: Callable[[bytes], bytes]
) -> None:
    content = filled.entry().read_bytes()
    filled.entry().write_bytes(change(content))
    assert change(content) != content
    assert filled.again().get(KEY) is None
    assert not filled.entry().exists()
    filled.again().put(KEY, CONTENT)
    assert filled.entry().read_bytes() == content


def test_an_entry_under_another_key_is_no_entry(filled: Told) -> None:
    filled.entry(OTHER).write_bytes(filled.entry().read_bytes())
    assert filled.again().get(OTHER) is None
    assert filled.again().get(KEY) == CONTENT


def test_the_cache_of_somebody_else_is_no_cache(filled: Told, tmp_path: Path) -> None:
    mine = Told(tmp_path / "mine")
    mine.cache.put(OTHER, b"mine")
    mine.entry().write_bytes(filled.entry().read_bytes())
    assert mine.again().get(KEY) is None
    assert mine.again().get(OTHER) == b"mine"


def as_link(path: Path, elsewhere: Path) -> None:
    path.replace(elsewhere)
    path.symlink_to(elsewhere)


def as_pipe(path: Path, _: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@posix
@pytest.mark.parametrize("change", [as_link, as_pipe])
def test_an_entry_that_is_no_file_is_removed_and_neither_followed_nor_waited_for(
    filled: Told, tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    change(filled.entry(), tmp_path / "elsewhere")
    assert filled.again().get(KEY) is None
    assert not filled.entry().is_symlink()
    assert not filled.entry().exists()


@posix
def test_a_link_in_the_place_of_an_entry_is_replaced_and_its_target_left_alone(told: Told, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    told.cache.get(KEY)
    told.entry().symlink_to(target)
    told.cache.put(KEY, CONTENT)
    assert target.read_text() == "precious"
    assert told.again().get(KEY) == CONTENT


def test_a_folder_in_the_place_of_an_entry_is_in_the_way_and_no_more(filled: Told) -> None:
    filled.entry().unlink()
    filled.entry().mkdir()
    cache = filled.again()
    assert cache.get(KEY) is None
    cache.put(KEY, CONTENT)
    cache.put(KEY, CONTENT)
    assert len(filled.notes) == 1
    assert filled.names == {filled.entry().name}


def group_writable(path: Path) -> None:
    path.chmod(0o770)


def world_writable(path: Path) -> None:
    path.chmod(0o702)


def linked(path: Path) -> None:
    as_link(path, path.parent / "real")


def given_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to somebody else")
    os.chown(path, 12345, 12345)


UNSAFE = {
    "the group": (group_writable, "others can write to"),
    "all others": (world_writable, "others can write to"),
    "a link": (linked, "is a symbolic link"),
    "another owner": (given_away, "belongs to another user"),
}


@posix
@pytest.mark.parametrize("which", ["cache", "state"])
@pytest.mark.parametrize(("change", "reason"), UNSAFE.values(), ids=UNSAFE.keys())
def test_a_folder_that_others_control_is_not_used_and_that_is_said_once(
    filled: Told, tmp_path: Path, which: str, change: Callable[[Path], None], reason: str
) -> None:
    change(tmp_path / which)
    cache = filled.again()
    assert cache.get(KEY) is None
    cache.put(OTHER, CONTENT)
    assert cache.get(OTHER) is None
    (warning,) = filled.warnings
    assert warning.startswith("parsed documents are not kept: ")
    assert str(tmp_path / which) in warning
    assert reason in warning
    assert filled.names == {filled.entry().name}


@posix
def test_a_secret_that_others_may_know_is_replaced_and_with_it_all_entries(filled: Told) -> None:
    known = filled.places.secret.read_bytes()
    filled.places.secret.chmod(0o640)
    assert filled.again().get(KEY) is None
    assert filled.names == set()
    assert filled.places.secret.read_bytes() != known
    assert filled.places.secret.stat().st_mode & 0o777 == 0o600


@posix
@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_secret_that_is_none_is_made_anew(filled: Told, content: bytes) -> None:
    filled.places.secret.write_bytes(content)
    filled.again().put(KEY, CONTENT)
    assert len(filled.places.secret.read_bytes()) == 32
    assert filled.again().get(KEY) == CONTENT


@posix
def test_a_secret_that_is_a_link_is_replaced_and_its_target_left_alone(filled: Told, tmp_path: Path) -> None:
    as_link(filled.places.secret, tmp_path / "planted")
    planted = (tmp_path / "planted").read_bytes()
    assert filled.again().get(KEY) is None
    assert not filled.places.secret.is_symlink()
    assert filled.places.secret.read_bytes() != planted == (tmp_path / "planted").read_bytes()


WRITER = """
import sys
from pathlib import Path
from typing import Any
from runner.shell.cache import DiskCache, Places
folder = Path(sys.argv[1])
wrong = []
for round in range(60):
    cache = DiskCache(Places(folder / "cache", folder / "state" / "secret"), wrong.append, wrong.append, 400_000)
    key = f"{round % 5}" * 64
    found = cache.get(key)
    if found is not None and found != key.encode() * 1_000:
        wrong.append("not what was put there")
    cache.put(key, key.encode() * 1_000)
sys.exit(f"{wrong}" if wrong else 0)
"""


def test_many_processes_share_a_cache_from_its_first_moment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 4
    assert [process.returncode for process in processes] == [0] * 4
    told = Told(tmp_path)
    assert [told.cache.get(f"{number}" * 64) for number in range(5)] == [
        f"{number}".encode() * 64_000 for number in range(5)
    ]


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    told = Told(tmp_path, limit=3_500)
    keys = [f"{number}" * 64 for number in range(3)]
    for age, key in enumerate(keys):
        told.cache.put(key, b"x" * 1_000)
        os.utime(told.entry(key), (age, age))
    assert told.cache.get(keys[0]) is not None, "it is used, and so the youngest"
    told.cache.put(KEY, b"x" * 1_000)
    assert told.names == {told.entry(key).name for key in (keys[0], keys[2], KEY)}


def test_what_is_larger_than_the_whole_cache_is_not_kept(filled: Told) -> None:
    filled.cache.put(OTHER, b"x" * 1_000_000)
    assert filled.names == {filled.entry().name}


def test_what_somebody_left_half_written_goes_in_time(filled: Told) -> None:
    old, new = (filled.places.folder / f".{digit * 16}.arazzo-new" for digit in "12")
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 7_200,) * 2)
    filled.again().put(KEY, CONTENT)
    assert filled.names == {filled.entry().name, new.name}


def test_who_keeps_many_small_entries_stays_within_the_limit(tmp_path: Path) -> None:
    told = Told(tmp_path, limit=20_000)
    for number in range(200):
        told.cache.put(f"{number:064}", b"x" * 300)
        assert sum(path.stat().st_size for path in told.places.folder.iterdir()) <= 20_000


def test_entries_are_counted_once_in_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []
    look = os.scandir

    def scandir(path: str) -> Any:
        looks.append(path)
        return look(path)

    monkeypatch.setattr(os, "scandir", scandir)
    told = Told(tmp_path, limit=1_000_000)
    for number in range(200):
        told.cache.put(f"{number:064}", b"x" * 300)
    assert 0 < len(looks) < 10


def test_clearing_removes_what_is_ours_and_nothing_else(filled: Told) -> None:
    others = ["notes.txt", f"{KEY}.json", "x.arazzo", ".hidden"]
    for name in others:
        (filled.places.folder / name).touch()
    (filled.places.folder / f".{'1' * 16}.arazzo-new").touch()
    assert filled.again().clear() == 1
    assert filled.names == set(others)
    assert filled.again().clear() == 0


def test_clearing_what_is_not_there_is_nothing(told: Told) -> None:
    assert told.cache.clear() == 0
    assert not told.places.folder.exists()


@posix
def test_clearing_follows_no_link(filled: Told, tmp_path: Path) -> None:
    linked(filled.places.folder)
    assert filled.again().clear() == 0
    assert (tmp_path / "real" / filled.entry().name).exists()


def test_a_disk_that_fails_is_noted_once_and_nobody_is_harmed(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the place of the folder")
    told = Told(tmp_path)
    told.cache.put(KEY, CONTENT)
    told.cache.put(KEY, CONTENT)
    assert told.cache.get(KEY) is None
    assert [note.partition(": ")[0] for note in told.notes] == ["parsed documents are not kept"]
    assert told.warnings == []


@posix
@not_root
@pytest.mark.parametrize("which", ["cache", "state", "."])
def test_a_folder_that_cannot_be_written_to_is_noted(told: Told, tmp_path: Path, which: str) -> None:
    (tmp_path / which).mkdir(exist_ok=True)
    (tmp_path / which).chmod(0o500)
    try:
        told.cache.put(KEY, CONTENT)
        assert told.cache.get(KEY) is None
        assert len(told.notes) == 1
    finally:
        (tmp_path / which).chmod(0o700)


# A file that may grow no further fails as a full disk does.
FULL = """
import resource, sys
from pathlib import Path
from typing import Any
from runner.shell.cache import DiskCache, Places
folder = Path(sys.argv[1])
cache = DiskCache(Places(folder / "cache", folder / "state" / "secret"), print, print)
cache.put("a" * 64, b"small")
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
cache.put("b" * 64, b"x" * 1_000_000)
print(cache.get("a" * 64), cache.get("b" * 64))
"""


@posix
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-B", "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True)
    note, found = done.stdout.splitlines()
    assert note.startswith("parsed documents are not kept: File too large")
    assert found == "b'small' None"
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {Told(tmp_path).entry().name}


PLACES = [
    ("linux", {"HOME": "/h"}, "/h/.cache/arazzo", "/h/.local/state/arazzo/cache-secret"),
    ("linux", {"HOME": "/h", "XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "/s"}, "/c/arazzo", "/s/arazzo/cache-secret"),
    ("linux", {"HOME": "/h", "XDG_CACHE_HOME": "c", "XDG_STATE_HOME": ""}, "/h/.cache/arazzo",
     "/h/.local/state/arazzo/cache-secret"),
    ("linux", {"HOME": "/h", "ARAZZO_CACHE_DIR": "/d"}, "/d", "/h/.local/state/arazzo/cache-secret"),
    ("freebsd14", {"HOME": "/h"}, "/h/.cache/arazzo", "/h/.local/state/arazzo/cache-secret"),
    ("darwin", {"HOME": "/h"}, "/h/Library/Caches/arazzo", "/h/Library/Application Support/arazzo/cache-secret"),
    ("win32", {"USERPROFILE": "/u"}, "/u/AppData/Local/arazzo/cache", "/u/AppData/Local/arazzo/state/cache-secret"),
    ("win32", {"USERPROFILE": "/u", "LOCALAPPDATA": "/l"}, "/l/arazzo/cache", "/l/arazzo/state/cache-secret"),
]  # fmt: skip


@posix
@pytest.mark.parametrize(("platform", "environ", "folder", "secret"), PLACES)
def test_the_cache_is_where_the_platform_has_caches(
    platform: str, environ: dict[str, str], folder: str, secret: str
) -> None:
    assert user_places(environ, platform) == (Path(folder), Path(secret))


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "h"}, {"ARAZZO_CACHE_DIR": "/d"}])
def test_without_a_home_there_is_no_cache(environ: dict[str, str]) -> None:
    assert user_places(environ, "linux") is None


def test_a_caller_of_the_library_asks_for_a_cache(tmp_path: Path) -> None:
    variables = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "ARAZZO_CACHE_DIR": str(tmp_path / "c")}
    cache = user_cache(variables)
    assert cache is not None
    cache.put(KEY, CONTENT)
    assert cache.get(KEY) == CONTENT
    assert user_cache({}) is None
