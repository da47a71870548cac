"""The program as a person runs it: load, appraise, search, show, explain, summary, report, looking after."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.cli import _hoisted

from ..conftest import Run
from .files import envelope, record

KRATOM = record(
    "101",
    title="Cholestatic liver injury after kratom: a case report",
    abstract="We report a 34-year-old man with jaundice three weeks after starting kratom. He recovered after stopping.",
)
KAVA = record(
    "102",
    title="Kava and the liver: a cohort",
    abstract="Kava users had raised transaminases in 40 patients.",
)
OTHER = record("103", title="On bridges", abstract="Steel and concrete.")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made-up.xml"
    path.write_bytes(envelope(KRATOM, KAVA, OTHER))
    return path


def test_the_demo_prints_both_summaries_and_a_report_that_is_there(run: Run) -> None:
    done = run("demo")

    assert done.returncode == 0, done.stderr
    assert "Kratom and the liver" in done.stdout
    assert "Kratom and pain" in done.stdout
    assert "digest, not the published abstract" in done.stdout
    report = Path(re.search(r"^Report: (.+)$", done.stdout, re.MULTILINE)[1])  # type: ignore[index]
    assert "digest, not the published abstract" in report.read_text()
    assert list(run.folder.iterdir()) == []  # type: ignore[attr-defined]


def test_a_loaded_file_is_found_shown_explained_and_reported(run: Run, file: Path) -> None:
    loaded = run("load", file)
    assert loaded.returncode == 0, loaded.stderr
    assert "made-up.xml: 3 records, 3 new" in loaded.stdout
    assert "topics: hepatotoxicity 1, kratom 1" in loaded.stdout

    found = json.loads(run("search", '"liver injury"', "--format", "json").stdout)
    assert (found["total"], [hit["pmid"] for hit in found["results"]]) == (1, ["101"])
    assert found["results"][0]["design"] == "CASE_REPORT"
    assert found["results"][0]["topics"] == ["hepatotoxicity", "kratom"]

    shown = json.loads(run("show", "101", "--format", "json").stdout)
    assert (shown["n"], shown["species"], shown["origin"]) == (1, "human", "pubmed-xml")
    for finding in shown["findings"]:
        if finding["field"] in ("title", "abstract"):
            assert shown[finding["field"]][finding["start"] : finding["end"]] == finding["quote"]

    assert "case report" in run("explain", "101", "--topic", "hepatotoxicity").stdout
    summary = json.loads(run("summary", "hepatotoxicity", "--format", "json").stdout)
    assert summary["records"]["total"] == 1
    report = run("report", "hepatotoxicity", "--format", "html,md,json", "--out", "out")
    assert report.returncode == 0, report.stderr
    assert sorted(path.suffix for path in (run.folder / "out").iterdir()) == [".html", ".json", ".md"]  # type: ignore[attr-defined]


def test_loading_again_changes_nothing(run: Run, file: Path) -> None:
    run("load", file)
    again = run("load", file, "--format", "json")

    assert json.loads(again.stdout)[0]["counts"]["unchanged"] == 3
    assert json.loads(run("db", "status", "--format", "json").stdout)["sizes"]["revisions"] == 3


def test_a_real_record_takes_the_place_of_its_digest(run: Run, tmp_path: Path) -> None:
    run("load", "--starter")
    digest = json.loads(run("show", "32607084", "--format", "json").stdout)
    path = tmp_path / "real.xml"
    path.write_bytes(
        envelope(record("32607084", title=digest["title"], abstract="Words on kratom as published."))
    )

    run("load", path)

    real = json.loads(run("show", "32607084", "--format", "json").stdout)
    assert digest["abstract_notice"] == "digest, not the published abstract"
    assert (real["id"], real["digest"], real["abstract"]) == (
        digest["id"],
        False,
        "Words on kratom as published.",
    )
    assert json.loads(run("db", "status", "--format", "json").stdout)["sizes"]["records"] == 50


def test_a_new_topic_needs_only_configuration(run: Run, file: Path) -> None:
    run("load", file)
    config = run.folder / "kava.toml"  # type: ignore[attr-defined]
    config.write_text(
        """
        [[intervention]]
        name = "kava"
        terms = ["kava", "Piper methysticum", "kavalactone*"]

        [[topic]]
        name = "kava-liver"
        question = "Can kava injure the liver?"
        kind = "harm"
        intervention = "kava"
        outcomes = ["liver"]
        """
    )

    run("appraise", "--config", config)

    summary = json.loads(run("summary", "--config", config, "--format", "json").stdout)
    assert (summary["topic"], summary["records"]["total"]) == ("kava-liver", 1)


def test_a_record_can_be_assigned_to_a_topic_by_a_person(run: Run, file: Path) -> None:
    run("load", file, "--topic", "analgesia")

    shown = json.loads(run("show", "103", "--format", "json").stdout)

    assert shown["topics"] == {"analgesia": ["person"]}


def test_files_are_appraised_without_storing_anything(run: Run, file: Path) -> None:
    done = run("appraise", file, "--format", "jsonl", "--without-indexing")

    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["pmid"] for one in records] == ["101", "102", "103"]
    assert records[0]["design"] == "CASE_REPORT"
    assert list(run.folder.iterdir()) == []  # type: ignore[attr-defined]


def test_init_writes_a_configuration_and_a_library_once(run: Run) -> None:
    first = run("init", "--email", "name@example.org")
    second = run("init")

    assert first.returncode == 0, first.stderr
    assert 'email = "name@example.org"' in (run.folder / "config.toml").read_text()  # type: ignore[attr-defined]
    assert (run.folder / "library.db").is_file()  # type: ignore[attr-defined]
    assert second.returncode == 2
    assert "there is a configuration already" in second.stderr


def test_topics_rules_and_formats_speak_both_languages(run: Run) -> None:
    topics = json.loads(run("topics", "--format", "json").stdout)
    rules = json.loads(run("rules", "--format", "json").stdout)

    assert {topic["name"]: topic["kind"] for topic in topics} == {
        "hepatotoxicity": "harm",
        "analgesia": "benefit",
        "kratom": "any",
    }
    assert all(rule["manual"] for rule in rules["rules"])
    page = run("rules", rules["rules"][0]["id"])
    assert rules["rules"][0]["title"] in page.stdout
    assert run("rules", "no.such").returncode == 2
    assert "html" in run("formats").stdout


def test_the_doctor_names_what_is_missing_and_what_to_do(run: Run) -> None:
    checks = json.loads(run("doctor", "--offline", "--format", "json").stdout)

    states = {check["check"]: check["state"] for check in checks}
    assert states["configuration"] == "ok"
    assert states["e-mail"] == "note"
    assert states["library"] == "note"
    assert run("doctor", env={"AGGREGATOR_NCBI__BASE_URL": "http://127.0.0.1:9/"}).returncode == 3


def test_backup_check_and_restore_keep_everything(run: Run, file: Path) -> None:
    run("load", file)
    library = run.folder / "library.db"  # type: ignore[attr-defined]

    assert run("db", "backup", "copy.db").returncode == 0
    assert run("db", "restore", "copy.db").returncode == 2  # there is a library
    for leftover in run.folder.glob("library.db*"):  # type: ignore[attr-defined]
        leftover.unlink()
    assert run("db", "restore", "copy.db").returncode == 0
    assert library.is_file()
    assert "all is well (3 papers" in run("db", "check").stdout
    assert json.loads(run("search", "kratom", "--format", "json").stdout)["total"] == 1


def test_the_library_can_be_postgresql(run: Run, file: Path, postgres_url: str) -> None:
    assert run("load", file, "--db", postgres_url).returncode == 0

    assert json.loads(run("search", "kratom", "--format", "json", "--db", postgres_url).stdout)["total"] == 1
    assert run("db", "check", "--db", postgres_url).returncode == 0


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from aggregator.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'httpx', 'alembic', 'Bio', 'lxml', 'jinja2', 'pydantic', 're2'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["search", "kratom", "--db", "x"], ["--db", "x", "search", "kratom"]),
        (["search", "kratom", "--db=x", "-q"], ["--db=x", "-q", "search", "kratom"]),
        (["search", "--", "--db"], ["search", "--", "--db"]),
    ],
)
def test_global_options_may_stand_anywhere(given: list[str], wanted: list[str]) -> None:
    assert _hoisted(given) == wanted


def test_every_command_and_option_has_help_and_stands_in_the_docs() -> None:
    from typer.main import get_command

    from aggregator.cli.app import app

    docs = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text()
    command = get_command(app)
    for name, sub in sorted(command.commands.items()):  # type: ignore[attr-defined]
        for path, one in [(f"{name} {child}", c) for child, c in getattr(sub, "commands", {}).items()] or [
            (name, sub)
        ]:
            assert one.help, path
            assert f"`{path}" in docs, f"{path} is not in docs/commands.md"
            for option in one.params:
                if option.param_type_name == "option" and option.name != "help":
                    assert option.help, f"{path} {option.name}"
                    assert option.opts[0] in docs, f"{path} {option.opts[0]} is not in docs/commands.md"
