"""The doctor: what it finds is tried, and what it says is what a run then does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from socklab import doctor
from socklab.doctor import Check, Examination
from socklab.errors import MachineError
from tests.commands import in_shell, socklab
from tests.stand import is_root
from tests.test_cli_run import put_first

LEAST = {"kernel", "ss", "ip", "namespaces", "settings", "TUN", "veth", "IPv6"}


@pytest.mark.kernel
def test_what_the_doctor_says_is_what_a_run_uses() -> None:
    done = socklab("doctor", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    me = told["users"][0]
    assert told["ok"] and me["ok"]
    assert {check["name"] for check in me["checks"]} == LEAST
    record = json.loads(socklab("run", "half-close", "--json").stdout)
    assert (record["bench"], record["link"]) == (me["bench"], me["link"])
    assert told["kernel"] == record["machine"]["kernel"]


@pytest.mark.kernel
@pytest.mark.skipif(not is_root(), reason="needs root, who can become somebody else")
def test_root_learns_what_a_plain_user_may() -> None:
    root, plain = json.loads(socklab("doctor", "--json").stdout)["users"]
    assert (root["user"], plain["user"]) == ("root", "a plain user")
    found = {check["name"]: check for check in plain["checks"]}
    everybody_may = bool(Path("/dev/net/tun").stat().st_mode & 0o006 == 0o006)
    if plain["bench"] == "wire":
        assert found["TUN"]["ok"] is everybody_may


@pytest.mark.kernel
def test_it_is_told_in_lines_that_fit() -> None:
    done = socklab("doctor", env={"COLUMNS": "60"})
    assert done.returncode == 0
    assert "`socklab run` uses a held wire" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 60


@pytest.mark.kernel
def test_an_ss_that_cannot_be_used_is_3_with_its_cure(tmp_path: Path) -> None:
    env = put_first(tmp_path / "bin", "ss", "echo ss utility, iproute2-6.1.0")
    done = socklab("doctor", "--json", env=env)
    assert done.returncode == 3
    me = json.loads(done.stdout)["users"][0]
    checks = {check["name"]: check for check in me["checks"]}
    assert (me["bench"], me["link"]) == ("none", "none")
    assert not checks["ss"]["ok"]
    assert "iproute2 5.2 or newer" in checks["ss"]["cure"]
    assert checks["ip"]["ok"]


@pytest.mark.kernel
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare of util-linux")
def test_without_namespaces_it_is_3_loopback_and_a_cure() -> None:
    inside = (
        "echo 0 > /proc/sys/user/max_user_namespaces && "
        "exec setpriv --inh-caps=-all --bounding-set=-all $S doctor --json"
    )
    done = in_shell(f'export S; unshare --user --map-root-user sh -c "{inside}"')
    assert done.returncode == 3, done.stderr
    me = json.loads(done.stdout)["users"][0]
    (refused,) = [check for check in me["checks"] if not check["ok"]]
    assert me["bench"] == "loopback"
    assert refused["name"] == "namespaces"
    assert refused["cure"].startswith("sudo sysctl -w user.max_user_namespaces=")


@pytest.mark.parametrize(
    ("version", "too_old"),
    [
        ("iproute2-4.9.0", True),
        ("iproute2-5.1.0", True),
        ("iproute2-5.2.0", False),
        ("iproute2-6.1.0", False),
        ("iproute2-7.1", False),
        ("iproute2-ss170501", True),
        ("no version", False),
    ],
)
def test_versions_are_compared_as_numbers(version: str, too_old: bool) -> None:
    assert doctor._before(version, doctor.OLDEST_IPROUTE2) is too_old


def test_an_error_is_taken_apart_where_its_cure_begins() -> None:
    refused = MachineError("it is so; cure: make it otherwise, or not; as you like")
    assert doctor._failed("this", refused) == Check(
        "this", False, "it is so", "make it otherwise, or not; as you like"
    )


def test_the_document_has_everything_that_was_found() -> None:
    check = Check("TUN", False, "no", "do", needed=False)
    document = doctor.to_json([Examination("me", (check,), "loopback", "none")])
    assert document["ok"] is False
    assert document["users"] == [
        {
            "user": "me",
            "checks": ({"name": "TUN", "ok": False, "found": "no", "cure": "do", "needed": False},),
            "bench": "loopback",
            "link": "none",
            "ok": False,
        }
    ]
