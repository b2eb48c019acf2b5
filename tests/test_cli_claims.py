"""`socklab claims`: listed, judged by Records, and put to this kernel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from socklab.claims import Verdict, said
from tests.commands import socklab


def judged(*arguments: str | Path) -> dict[int, dict[str, Any]]:
    done = socklab("claims", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return {claim["number"]: claim for claim in json.loads(done.stdout)["claims"]}


def verdicts(*arguments: str | Path) -> dict[int, str]:
    return {number: claim["verdict"] for number, claim in judged(*arguments).items()}


def test_every_claim_is_listed_with_its_verdict_its_evidence_and_a_sentence() -> None:
    listed = socklab("claims")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert max(map(len, listed.stdout.splitlines())) <= 80
    text = " ".join(listed.stdout.split())
    for claim in said():
        assert claim.answer in text
        for evidence in claim.evidence:
            assert f"{evidence.lab}: {evidence.shows[0]}" in text
    assert f"{len(said())} claims: " in text
    assert "Observed on Linux 6.18." in text


def test_what_was_observed_decides_every_claim_as_they_are_phrased_now() -> None:
    for claim in judged().values():
        assert claim["verdict"] != Verdict.UNDECIDED.value, claim["says"]
        assert all(evidence["met"] for evidence in claim["evidence"]), claim["says"]


def test_one_claim_can_be_asked_for() -> None:
    assert verdicts("-n", "12", "-n", "2") == {2: "false", 12: "true"}


@pytest.mark.kernel
def test_records_decide_the_claims_of_their_labs_and_no_other(tmp_path: Path) -> None:
    record = tmp_path / "half-close.json"
    assert socklab("run", "half-close", "--record", record).returncode == 0
    found = verdicts(record)
    assert found[2] == "false"
    assert found[12] == "true"
    assert found[15] == "undecided"


@pytest.mark.kernel
def test_a_run_that_went_another_way_decides_otherwise(tmp_path: Path) -> None:
    record = tmp_path / "control.json"
    assert socklab("run", "half-close", "--control", "--record", record).returncode == 0
    assert verdicts("-n", "12", record) == {12: "true"}  # that came before the cause was missed
    claim = judged("-n", "2", record)[2]
    met = [evidence["shows"] for evidence in claim["evidence"] if evidence["met"]]
    assert ["client recv() b'still here'"] not in met


@pytest.mark.kernel
def test_claims_are_put_to_this_kernel() -> None:
    put = socklab("claims", "--run", "-n", "2", "-n", "26", "--json")
    assert put.returncode == 0, put.stderr
    found = {claim["number"]: claim["verdict"] for claim in json.loads(put.stdout)["claims"]}
    assert found == {2: "false", 26: "partly"}


@pytest.mark.kernel
def test_quick_leaves_out_what_takes_seconds_and_does_not_complain() -> None:
    put = socklab("claims", "--run", "--quick", "-n", "5", "-n", "21", "--json")
    assert put.returncode == 0, put.stderr
    found = {claim["number"]: claim["verdict"] for claim in json.loads(put.stdout)["claims"]}
    assert found == {5: "undecided", 21: "false"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--number", "0"], "there is no claim 0; they go from 1 to 27"),
        (["--number", "28"], "there is no claim 28"),
        (["--quick"], "say --run, too"),
        (["--run", "x.json"], "leave it out, or leave out the files"),
        (["--run", "--jobs", "0"], "--jobs wants a number above 0"),
        (["nothing.json"], "nothing.json can't be read: No such file or directory"),
    ],
)
def test_what_can_not_be_is_told_in_a_sentence(arguments: list[str], told: str) -> None:
    refused = socklab("claims", *arguments)
    assert refused.returncode == 2
    assert told in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert refused.stdout == ""
