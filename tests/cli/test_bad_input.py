"""Whatever a person gives it: one clear line with a way out, the right exit code, nothing lost, never a traceback."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import ROOT, Run
from .files import envelope, record

GOOD = envelope(*(record(str(pmid), title=f"Paper number {pmid} about kratom") for pmid in range(1, 4)))


def refused(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: "), done.stderr
    assert "\nhint: " in done.stderr


def _folder(path: Path) -> None:
    path.mkdir()


BAD: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "a folder": _folder,
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 50),
    "no XML": lambda path: path.write_bytes(b"Dear all, please find attached"),
    "other XML": lambda path: path.write_bytes(b"<?xml version='1.0'?><rss><channel/></rss>"),
    "a web page": lambda path: path.write_bytes(b"<!DOCTYPE html><html><body>429</body></html>"),
    "truncated gzip": lambda path: path.write_bytes(gzip.compress(GOOD)[:-40]),
    "damaged gzip": lambda path: path.write_bytes(b"\x1f\x8b\x08\x00" + b"\xff" * 400),
    "truncated XML": lambda path: path.write_bytes(GOOD[:-60]),
    "entities": lambda path: path.write_bytes(
        b'<?xml version="1.0"?><!DOCTYPE PubmedArticleSet [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        b"<PubmedArticleSet>" + record("1", title="&b;") + b"</PubmedArticleSet>"
    ),
    "an external entity": lambda path: path.write_bytes(
        b'<?xml version="1.0"?><!DOCTYPE PubmedArticleSet [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        b"<PubmedArticleSet>" + record("1", title="&a;") + b"</PubmedArticleSet>"
    ),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_refused_in_one_line_and_leaves_the_library_as_it_was(
    run: Run, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(envelope(record("99", title="A paper that is there")))
    run("load", good)
    make(bad)

    refused(run("load", bad), 2)

    sizes = json.loads(run("db", "status", "--format", "json").stdout)["sizes"]
    assert (sizes["records"], sizes["revisions"]) == (1, 1)
    assert run("db", "check").returncode == 0


def test_a_file_that_breaks_late_keeps_the_units_before(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "late.xml"
    path.write_bytes(envelope(*(record(str(pmid), title=f"Paper {pmid}") for pmid in range(1, 1502)))[:-60])

    done = run("load", path)

    assert done.returncode == 6, done.stderr
    assert "hint: " in done.stderr
    assert json.loads(run("db", "status", "--format", "json").stdout)["sizes"]["records"] == 1000


def test_one_broken_record_is_counted_kept_and_shown_and_the_rest_goes_on(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    broken = record("2", title="Broken").replace(b"</ArticleTitle>", b"")
    path.write_bytes(envelope(record("1", title="First"), broken, record("3", title="Third")))

    done = run("load", path)

    assert done.returncode == 6
    assert "3 records, 2 new, 1 unreadable" in done.stdout
    assert "PMID 2" in done.stderr
    status = json.loads(run("db", "status", "--format", "json").stdout)
    assert [one["pmid"] for one in status["unreadable"]] == ["2"]


def test_a_good_file_beside_a_bad_one_is_still_loaded(run: Run, tmp_path: Path) -> None:
    good = tmp_path / "good.xml"
    good.write_bytes(GOOD)

    done = run("load", tmp_path / "missing.xml", good)

    assert done.returncode == 2
    assert "good.xml: 3 records, 3 new" in done.stdout


@pytest.mark.skipif(
    os.getuid() == 0 and not Path("/usr/bin/setpriv").exists(), reason="root may read everything"
)
def test_a_file_without_permission_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "closed.xml"
    path.write_bytes(GOOD)
    path.chmod(0)
    if os.getuid() != 0:
        refused(run("load", path), 2)
        return
    code = "import sys; from aggregator.sources.files import open_source; from pathlib import Path; open_source(Path(sys.argv[1]))"
    command = ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", code, str(path)]
    for folder in path.parents:
        folder.chmod(folder.stat().st_mode | 0o055) if folder.stat().st_uid == 0 and folder != Path(
            "/"
        ) else None
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}, cwd="/"
    )
    if "InputError" not in done.stderr and "No module named" in done.stderr:
        pytest.skip("the interpreter itself cannot be read by another user here")
    assert "no permission to read" in done.stderr


def test_a_full_disk_stops_with_a_way_out_and_nothing_half_stored(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "many.xml"
    path.write_bytes(
        envelope(*(record(str(pmid), title=f"Paper {pmid} " + "x y " * 300) for pmid in range(1, 3001)))
    )
    run("db", "upgrade")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = run("load", path, preexec_fn=small_files)

    refused(done, 4)
    assert run("db", "check").returncode == 0
    assert run("load", path).returncode == 0
    assert json.loads(run("db", "status", "--format", "json").stdout)["sizes"]["records"] == 3000


def test_a_library_of_a_newer_program_is_left_alone(run: Run, tmp_path: Path) -> None:
    import sqlite3

    good = tmp_path / "good.xml"
    good.write_bytes(GOOD)
    run("load", good)
    with sqlite3.connect(run.folder / "library.db") as connection:  # type: ignore[attr-defined]
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    for command in (("load", good), ("search", "kratom"), ("db", "upgrade")):
        refused(run(*command), 4)


def test_a_library_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    (run.folder / "library.db").write_bytes(b"this is no database at all, only text" * 100)  # type: ignore[attr-defined]

    refused(run("search", "kratom"), 4)


def test_two_processes_loading_at_once_end_well(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "many.xml"
    path.write_bytes(envelope(*(record(str(pmid), title=f"Paper {pmid}") for pmid in range(1, 6001))))
    run("db", "upgrade")
    command = [sys.executable, "-m", "aggregator", "load", str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}

    first = subprocess.Popen(command, cwd=run.folder, env=environment, stderr=subprocess.PIPE, text=True)  # type: ignore[attr-defined]
    while not (run.folder / "library.db.lock").exists() or not _locked(run.folder / "library.db.lock"):  # type: ignore[attr-defined]
        assert first.poll() is None
        time.sleep(0.01)
    second = run("load", path)
    first.communicate()

    refused(second, 5)
    assert first.returncode == 0
    assert json.loads(run("db", "status", "--format", "json").stdout)["sizes"]["records"] == 6000


def _locked(path: Path) -> bool:
    import fcntl

    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("[library\n", "not valid TOML"),
        ("[library]\nurk = 1\n[ncbi]\nlookback_days = 'x'\n", "library.urk: no such key"),
        (
            '[[topic]]\nname = "x"\nkind = "harm"\nintervention = "nothing"\noutcomes = ["liver"]',
            "no vocabulary is named",
        ),
        ('[ncbi]\napi_key = "secret-key"\n', "API key"),
        ("[library]\nurl = 'oracle://x'\n", "no such kind of library"),
    ],
)
def test_mistakes_in_the_configuration_are_named_with_their_key(run: Run, config: str, words: str) -> None:
    (run.folder / "config.toml").write_text(config)  # type: ignore[attr-defined]

    done = run("search", "kratom")

    refused(done, 2)
    assert words in done.stderr
    assert "secret-key" not in done.stderr


def test_all_mistakes_are_reported_at_once(run: Run) -> None:
    (run.folder / "config.toml").write_text("[library]\nurk = 1\n[ncbi]\nlookback_days = 'x'\n")  # type: ignore[attr-defined]

    assert "2 mistakes" in run("topics").stderr


@pytest.mark.parametrize(
    ("query", "place"), [('"liver injury', 0), ("liver AND pain", 6), ("liver[ti]", 5), ("   ", 0)]
)
def test_a_search_that_cannot_be_read_shows_the_place(run: Run, query: str, place: int) -> None:
    done = run("search", query)

    refused(done, 2)
    if query.strip():
        assert f"\n  {query}\n  {' ' * place}^\n" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("no-such-command",), ("search",), ("search", "x", "--limit", "none"), ("show", "1")]
)
def test_a_slip_of_the_hand_is_the_users_mistake(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_error(run: Run) -> None:
    command = f"{sys.executable} -m aggregator rules | head -n 1"
    done = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert done.stderr == ""


def test_hostile_text_neither_steers_the_terminal_nor_becomes_markup(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hostile.xml"
    path.write_bytes(
        envelope(
            record(
                "1",
                title="Kratom &lt;script&gt;alert(1)&lt;/script&gt; liver [bold]injury[/bold]",
                abstract="A man &lt;img src=x onerror=alert(1)&gt; &#x9b;31m and \u202egnihtemos about the liver.",
            )
        )
    )
    run("load", path)

    shown = run("show", "1").stdout + run("search", "liver").stdout + run("explain", "1").stdout
    run("report", "hepatotoxicity", "--out", "report.html")
    page = (run.folder / "report.html").read_text()  # type: ignore[attr-defined]

    assert "[bold]injury[/bold]" in shown
    assert not any(sign in shown for sign in ("\x1b", "\x9b", "\u202e"))
    assert "<script" not in page.lower()
    assert "<img" not in page.lower()
