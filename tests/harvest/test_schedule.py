"""What is due, and whether what `schedule` prints is what the schedulers read."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from aggregator.schedule import (
    SCHEDULERS,
    Installation,
    cron,
    due,
    github,
    launchd,
    systemd,
    systemd_units,
    windows,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def installation(**given: object) -> Installation:
    defaults: dict[str, object] = {
        "command": ("/opt/agg/bin/aggregator",),
        "config": "/srv/my papers/config.toml",
        "folder": "/srv/my papers",
        "log": "/srv/my papers/aggregator.log",
        "version": "1.2.3",
    }
    return Installation(**(defaults | given))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- due


def test_a_topic_that_never_ran_is_due() -> None:
    assert due({"a": DAY}, {}, NOON) == ["a"]


def test_a_daily_topic_is_due_although_cron_was_some_seconds_early() -> None:
    assert due({"a": DAY}, {"a": NOON - DAY + timedelta(seconds=3)}, NOON) == ["a"]


def test_a_topic_is_not_due_again_the_same_day() -> None:
    assert due({"a": DAY, "b": HOUR}, {"a": NOON - 2 * HOUR, "b": NOON - 2 * HOUR}, NOON) == ["b"]


# ---------------------------------------------------------------------------------------------- texts


@pytest.mark.parametrize("name", SCHEDULERS)
def test_each_names_the_program_and_its_configuration_absolutely(name: str) -> None:
    text = SCHEDULERS[name](installation())

    if name == "github":
        assert 'pip install "evidence-aggregator==1.2.3"' in text
    else:
        assert "/opt/agg/bin/aggregator" in text
        assert "/srv/my papers/config.toml" in text
    assert "run --due" in text or "<string>--due</string>" in text or '"run" "--due"' in text


def test_the_minute_belongs_to_the_installation() -> None:
    minutes = {installation(config=f"/srv/{n}/config.toml").minute for n in range(200)}

    assert len(minutes) > 45
    assert installation().minute == installation().minute


def test_a_shell_reads_the_cron_line_back_word_for_word() -> None:
    job = installation(config="/srv/it's 100% mine/config.toml", folder="/srv/it's 100% mine")

    *_, line = cron(job).strip().splitlines()

    when, command = re.match(r"(\S+ \S+ \S+ \S+ \S+) (.*)", line).groups()  # type: ignore[union-attr]
    assert when == f"{job.minute} {job.hour} * * *"
    assert re.search(r"(?<!\\)%", command) is None
    words = shlex.split(command.replace(r"\%", "%"))
    assert words[:3] == ["cd", job.folder, "&&"]
    assert words[3 : 3 + len(job.line)] == list(job.line)


def test_crontab_takes_the_line(tmp_path: Path) -> None:
    program = shutil.which("crontab")
    if program is None:
        pytest.skip("crontab is not installed")
    file = tmp_path / "table"
    file.write_text(cron(installation(config="/srv/it's 100% mine/config.toml")))

    checked = subprocess.run([program, "-T", str(file)], capture_output=True, text=True, check=False)
    if "invalid option" in checked.stderr:  # an older cron checks what it installs
        checked = _installed_for_nobody(program, file)

    assert checked.returncode == 0, checked.stderr


def _installed_for_nobody(program: str, file: Path) -> subprocess.CompletedProcess[str]:
    """Installs the table for the user nobody, who has none, and takes it away again."""
    nobody = [program, "-u", "nobody"]
    if os.getuid() != 0 or subprocess.run([*nobody, "-l"], capture_output=True, check=False).returncode == 0:
        pytest.skip("this crontab cannot check a table without installing it")
    done = subprocess.run([*nobody, str(file)], capture_output=True, text=True, check=False)
    subprocess.run([*nobody, "-r"], capture_output=True, check=False)
    return done


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    folder = tmp_path / "my papers 100%"
    folder.mkdir()
    script = folder / "aggregator"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    job = installation(command=(str(script),), config=str(folder / "config.toml"), folder=str(folder))
    units = systemd_units(job)
    for name, text in units.items():
        (tmp_path / name).write_text(text)

    checked = subprocess.run(
        [program, "verify", "--man=no", *(str(tmp_path / name) for name in units)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )

    assert sorted(units) == [f"{job.name}.service", f"{job.name}.timer"]
    about_ours = [line for line in checked.stderr.splitlines() if job.name in line or str(tmp_path) in line]
    assert (checked.returncode, about_ours) == (0, [])


def test_systemd_understands_when(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    for job in (installation(), installation(hourly=True)):
        when = re.search(r"^OnCalendar=(.*)$", systemd(job), re.MULTILINE)
        assert when is not None
        subprocess.run([program, "calendar", when[1]], check=True, capture_output=True)


def test_launchd_reads_the_property_list_back() -> None:
    job = installation()

    read = plistlib.loads(launchd(job).encode())

    assert read["ProgramArguments"] == list(job.line)
    assert read["StartCalendarInterval"] == {"Hour": job.hour, "Minute": job.minute}
    assert read["WorkingDirectory"] == job.folder


def test_the_windows_task_is_whole_xml_with_quoted_arguments() -> None:
    job = installation(
        command=("C:\\Program Files\\agg & co\\aggregator.exe",),
        config="C:\\Users\\me\\my papers\\config.toml",
        folder="C:\\Users\\me\\my papers",
        hourly=True,
    )
    ns = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}

    task = ElementTree.fromstring(windows(job))

    assert task.findtext(".//t:Command", namespaces=ns) == "C:\\Program Files\\agg & co\\aggregator.exe"
    assert (
        task.findtext(".//t:Arguments", namespaces=ns)
        == '--config "C:\\Users\\me\\my papers\\config.toml" run --due'
    )
    assert task.findtext(".//t:MultipleInstancesPolicy", namespaces=ns) == "IgnoreNew"
    assert task.findtext(".//t:Repetition/t:Interval", namespaces=ns) == "PT1H"


def test_the_workflow_is_yaml_and_keeps_the_library() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    job = installation()

    read = yaml.safe_load(github(job))

    assert read[True]["schedule"] == [{"cron": f"{job.minute} {job.hour} * * *"}]  # YAML 1.1 reads "on" so
    assert read["concurrency"]["cancel-in-progress"] is False
    steps = read["jobs"]["run"]["steps"]
    assert [step.get("uses", "").split("@")[0] for step in steps if "uses" in step] == [
        "actions/checkout",
        "actions/setup-python",
        "actions/upload-artifact",
    ]
    for step in steps:
        if "run" in step:
            script = re.sub(r"\$\{\{.*?\}\}", "x", step["run"])
            subprocess.run(["bash", "-n", "-c", script], check=True)
