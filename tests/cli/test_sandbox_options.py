"""`arazzo sandbox` with all that it can be told, at once."""

from __future__ import annotations

import re
import socket

import httpx
import pytest

from tests.cli.process import arazzo, started

SCENARIO = """
clock: 2026-05-25T15:42:11Z
accounts:
  newcomer: {balance: 20}
"""
WORK = {"steps": [{"$type": "imageGen", "input": {}}]}


def test_scenario_faults_likeness_and_webhooks_go_together(tmp_path):
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    options = ("--scenario", scenario, "--live-like", "--webhooks", "loopback", "--time-scale", "1000")
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        started("sandbox", "--port", "0", *options, "--fault", "status=503,times=1,operation=issueToken") as process,
    ):
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/hook?key=hush"
        taken.close()
        assert process.stdout is not None
        assert process.stderr is not None
        url = re.search(r"http://\S+", process.stdout.readline())[0]
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer newcomer"}, trust_env=False) as client:
            body = {**WORK, "callbackUrl": nobody}
            accepted = client.post("/v2/consumer/workflows", json=body)
            refused = client.post("/v2/consumer/workflows", json={"steps": WORK["steps"] * 2})
            tokens = [client.post("/api/auth/oauth/token").status_code for _ in range(2)]
            state = client.get("/__state").json()
        process.terminate()
        assert process.wait(20) == 0
        told = process.stderr.read()
    assert (accepted.status_code, accepted.json()["createdAt"][:10]) == (202, "2026-05-25")
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert tokens == [503, 400]
    assert state["webhooks"][-1]["url"] == nobody.replace("key=hush", "…")
    assert [row["operation"] for row in state["requests"]][:2] == ["issueToken"] * 2
    assert f"webhook not delivered: workflow unassigned of {accepted.json()['id']}" in told
    assert "hush" not in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--webhooks", "maybe"), "maybe"),
        (("--fault", "status=999"), "status=999"),
        (("--scenario", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_served(options, said):
    ended = arazzo("sandbox", "--port", "0", *options)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
