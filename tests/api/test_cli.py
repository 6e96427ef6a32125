"""The command line as a person meets it: in a process of its own, in an empty folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyarrow.parquet
import pytest

from api.services import bulk

ROOT = Path(__file__).parents[2]
COMMANDS = ("demo", "assess", "match", "calibrate", "rescore", "serve", "worker", "migrate", "token", "load")


def environment(folder, **extra):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PASSPORT_")}
    return kept | {"PASSPORT_DATA": str(folder / "data"), "PYTHONPATH": str(ROOT), "COLUMNS": "100"} | extra


def passport(folder, *arguments, timeout=120, **extra):
    return subprocess.run(
        [sys.executable, "-c", "from api.cli import main; main()", *map(str, arguments)],
        cwd=folder,
        env=environment(folder, **extra),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.fixture
def files(tmp_path):
    for name in ("people", "vacancies", "employers"):
        (tmp_path / f"{name}.parquet").write_bytes((bulk.pilot() / f"{name}.parquet").read_bytes())
    return tmp_path


def test_help_lists_every_command_and_imports_nothing_heavy(tmp_path):
    done = passport(tmp_path, "--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)
    heavy = "import sys, api.cli; print([m for m in ('numpy', 'fastapi', 'sqlalchemy', 'pyarrow') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(tmp_path, command):
    done = passport(tmp_path, command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.slow
def test_the_demo_tells_the_whole_story_and_can_be_repeated(tmp_path):
    first, second = passport(tmp_path, "demo", "--no-serve"), passport(tmp_path, "demo", "--no-serve")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert first.stdout == second.stdout
    for words in ("invited", "finished", "Ten vacancies", "not a chance", "have no vacancy", "matches.csv"):
        assert words in first.stdout
    table = pyarrow.parquet.read_table(tmp_path / "matches.parquet")
    assert table.num_rows > 1000
    assert len((tmp_path / "matches.csv").read_text(encoding="utf-8").splitlines()) == table.num_rows + 1
    steps = [json.loads(line) for line in first.stderr.splitlines()]
    assert steps[-1]["done"] == steps[-1]["total"]


def test_the_demo_never_empties_a_folder_it_did_not_make(tmp_path):
    precious = tmp_path / "data" / "demo" / "precious.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("keep me")
    done = passport(tmp_path, "demo", "--no-serve")
    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert "Traceback" not in done.stderr
    assert precious.read_text() == "keep me"


@pytest.mark.parametrize("side", ["vacancies", "people"])
def test_match_ranks_files_without_any_database(files, side):
    done = passport(
        files, "match", "people.parquet", "vacancies.parquet", "--out", "m.csv", "--top", "3", "--side", side
    )
    assert done.returncode == 0, done.stderr
    assert "x 200 vacancies" in done.stdout
    assert "without a passport could not be ranked" in done.stdout
    assert not (files / "data").exists()
    assert (files / "m.csv").exists()


@pytest.mark.parametrize(
    ("people", "message"),
    [
        (b"person;education\np1;3\n", "people.csv: expected the columns mean_teamwork"),
        (b"", "people.csv"),
        (b"\xff\xfe", "expected a CSV file in UTF-8"),
    ],
)
def test_a_broken_file_ends_with_code_2_and_words(files, people, message):
    (files / "people.csv").write_bytes(people)
    done = passport(files, "match", "people.csv", "vacancies.parquet", "--out", "m.csv")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (files / "m.csv").exists()


def test_a_missing_file_and_a_wrong_argument_end_with_code_2(files):
    missing = passport(files, "match", "nobody.parquet", "vacancies.parquet", "--out", "m.csv")
    wrong = passport(files, "match", "people.parquet", "vacancies.parquet", "--out", "m.csv", "--top", "0")
    assert (missing.returncode, wrong.returncode) == (2, 2)
    assert "there is no such file" in missing.stderr
    assert "Traceback" not in missing.stderr + wrong.stderr


def test_calibrate_needs_no_database_and_refuses_a_broken_file(tmp_path):
    (tmp_path / "answers.csv").write_text("person,item,option\np1,teamwork-01,2\np1,teamwork-02,\n")
    done = passport(tmp_path, "calibrate", "answers.csv", "--out", "parameters.csv", "--report", "report")
    assert done.returncode == 0, done.stderr
    assert "0 of" in done.stdout
    assert not (tmp_path / "data").exists()
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"report.json", "report.html"}
    (tmp_path / "answers.csv").write_text("person,item,option\np1,teamwork-01,9\n")
    broken = passport(tmp_path, "calibrate", "answers.csv", "--out", "other.csv")
    assert broken.returncode == 2
    assert "answers.csv: row 1, column option: expected a whole number from 0 to 3, got '9'" in broken.stderr
    assert not (tmp_path / "other.csv").exists()


def test_rescore_wants_an_organisation_it_knows(tmp_path):
    done = passport(tmp_path, "rescore", "--organisation", "Nobody's Town")
    assert done.returncode == 2
    assert "expected the name of an organisation we know" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_token_is_printed_alone_and_only_kept_as_a_hash(tmp_path):
    done = passport(tmp_path, "token", "create", "--role", "caseworker", "--organisation", "Example City")
    assert done.returncode == 0, done.stderr
    token = done.stdout.strip()
    assert len(token) >= 40
    assert done.stdout == token + "\n"
    everything = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.is_file())
    assert token.encode() not in everything


def test_load_loads_all_or_nothing(files):
    arguments = ("load", "--organisation", "Example City", "--people", "people.parquet")
    first = passport(files, *arguments, "--vacancies", "vacancies.parquet", "--employers", "employers.parquet")
    assert first.returncode == 0, first.stderr
    assert "600 people" in first.stdout
    assert "200 vacancies" in first.stdout
    again = passport(files, *arguments)
    assert again.returncode == 2
    assert "600 people are already loaded" in again.stderr


def test_load_wants_something_to_load(tmp_path):
    done = passport(tmp_path, "load", "--organisation", "Example City")
    assert done.returncode == 2
    assert "expected --people, --vacancies or both" in done.stderr


def test_migrate_twice_does_no_harm(tmp_path):
    assert [passport(tmp_path, "migrate").returncode for _ in range(2)] == [0, 0]


@pytest.mark.slow
def test_serve_answers_works_on_jobs_and_stops_kindly(files):
    passport(files, "load", "--organisation", "Example City", "--people", "people.parquet")
    token = passport(files, "token", "create", "--role", "caseworker", "--organisation", "Example City").stdout.strip()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", str(port)],
        cwd=files,
        env=environment(files),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        job = _call(port, "/v1/caseloads", token, {"vacanciesEach": 2})
        deadline = time.monotonic() + 60
        while _call(port, f"/v1/jobs/{job['jobId']}", token)["status"] not in ("succeeded", "failed"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        lines = _call(port, f"/v1/caseloads/{job['jobId']}/results?limit=200", token)["items"]
        assert len(lines) == 200
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(timeout=30)
    assert code in (0, -signal.SIGTERM)


def _wait_for(port):
    for _ in range(150):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the server did not become ready")


def _call(port, path, token, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": "one"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())
