"""Fuzz one target for a while, guided by what of the code it reaches: `python -m tests.faults.fuzz TARGET SECONDS`.

What crashes, hangs or takes too much memory is written to the folder of the target's crashes, which the tests replay.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

CRASHES = Path(__file__).parent / "crashes"
TIMEOUT, MEMORY = 20, 2048
"""Seconds, and megabytes, that one input may take."""


def is_here() -> bool:
    """Say whether the fuzzer is installed: it is no part of what development needs."""
    return importlib.util.find_spec("atheris") is not None


def fuzz(name: str, seconds: int) -> None:
    """Fuzz until time is up or something is found; ends the process, with 0 where nothing was."""
    import atheris  # late: only for this

    with atheris.instrument_imports(include=["runner"]):
        from tests.faults.targets import TARGETS, seeds
    found = CRASHES / name
    found.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds(name)):
            Path(corpus, str(number)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", f"-timeout={TIMEOUT}", f"-rss_limit_mb={MEMORY}", "-max_len=2048"]
        places = [f"-artifact_prefix={found}/", corpus, str(found)]
        atheris.Setup([sys.argv[0], *options, "-verbosity=0", "-print_final_stats=1", *places], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    fuzz(sys.argv[1], int(sys.argv[2]))
