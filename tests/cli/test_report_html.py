"""`--report html=PATH` of the real command: the pictures are the plans', and no secret is on the page."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.process import arazzo

SECRET = 'tok/3n "of+mine'


def test_a_page_has_each_workflow_with_the_ways_that_were_not_taken(tmp_path: Path) -> None:
    flows = ("civitai-vault-toggle-verify", "civitai-image-generation-poll")
    inputs = ("-i", "modelVersionId=3200012")
    ended = arazzo("run", flows[0], *inputs, flows[1], "--report", "html=out/run.html", cwd=tmp_path)
    assert ended.code == 1
    text = (tmp_path / "out/run.html").read_text(encoding="utf-8")
    assert [name for name in flows if f'aria-label="case {name}: ' in text] == list(flows)
    assert "1 of 2 failed" in text
    assert 'aria-label="step add: failed"' in text
    assert "^^^^^^^^^^^^^^^^^^ 403 is not 200" in text
    assert 'data-way="2&gt;4&gt;there-already"' in text  # the run took the other one


def test_no_form_of_a_secret_is_on_the_page(tmp_path: Path) -> None:
    env = {"ARAZZO_AUTH_BEARERAUTH": SECRET}
    flow = ("civitai-vault-toggle-verify", "-i", "modelVersionId=3200012")
    arazzo("run", *flow, "--report", "html=run.html", cwd=tmp_path, env=env)
    text = (tmp_path / "run.html").read_text(encoding="utf-8")
    forms = [SECRET, quote(SECRET), quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode(), "tok/3n"]
    assert [form for form in forms if form in text] == []
    assert "Bearer ***" in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing-of-this-name"], 2, "there is no file and no bundled workflow"),
        (["bad.arazzo.yaml"], 3, "arazzo"),
    ],
)
def test_a_run_that_never_began_says_why(arguments: list[str], code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.arazzo.yaml").write_text("arazzo: 1.0.1\nworkflows: 7\n", encoding="utf-8")
    ended = arazzo("run", *arguments, "--report", "html=run.html", cwd=tmp_path)
    assert ended.code == code
    text = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "nothing ran" in text
    assert said in text
    assert 'class="drawing"' in text
