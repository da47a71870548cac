"""When a topic is due, and what to install so that the job runs by itself: texts only, nothing is touched."""

from __future__ import annotations

import json
import plistlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from xml.sax.saxutils import escape

_SLACK_SHARE = 0.1
_MOST_SLACK = timedelta(hours=1)


def due(every: Mapping[str, timedelta], last_started: Mapping[str, datetime], now: datetime) -> list[str]:
    """The topics that are due, in their order.

    A topic is due a little before its time has passed since its last finished run began: a daily job that starts
    three seconds earlier than yesterday's must not skip a day. A topic whose last run failed is due at once.
    """
    return [
        topic
        for topic, interval in every.items()
        if topic not in last_started or now - last_started[topic] >= interval - slack(interval)
    ]


def slack(interval: timedelta) -> timedelta:
    """How much earlier than its interval a topic is due."""
    return min(interval * _SLACK_SHARE, _MOST_SLACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """This very installation: which program, which configuration, how often."""

    command: tuple[str, ...]
    """The program with absolute paths: an interpreter with ``-m aggregator``, or a script."""
    config: str
    """The configuration's absolute path."""
    db: str = ""
    """The library's address, where it is not the configuration's."""
    folder: str
    """Where the program is to run."""
    log: str
    """Where schedulers without a log of their own write what the job says."""
    hourly: bool = False
    """Whether a topic wants to be asked more often than once a day."""
    version: str = ""

    @property
    def line(self) -> tuple[str, ...]:
        """The whole command."""
        elsewhere = ("--db", self.db) if self.db else ()
        return (*self.command, "--config", self.config, *elsewhere, "run", "--due")

    @property
    def minute(self) -> int:
        """A minute of its own, so that not all the world asks PubMed at the full hour."""
        return self._number % 60

    @property
    def hour(self) -> int:
        """An hour of the early morning (local time), when NCBI in the east of the US is in its night."""
        return 3 + self._number // 60 % 4

    @property
    def name(self) -> str:
        """A name that two installations on one machine do not share."""
        return f"aggregator-{self._number:08x}"

    @property
    def _number(self) -> int:
        text = "\0".join((*self.command, self.config, self.db))
        return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")


def cron(job: Installation) -> str:
    """A line for ``crontab -e``."""
    when = f"{job.minute} {'*' if job.hourly else job.hour} * * *"
    command = f"cd {shlex.quote(job.folder)} && {shlex.join(job.line)} -q >> {shlex.quote(job.log)} 2>&1"
    escaped = command.replace("%", r"\%")  # cron ends the command at a bare %
    return _CRON.format(name=job.name, when=when, command=escaped)


_CRON = """\
# {name}: add this with `crontab -e`. A run that finds another one at work ends at once (exit 5).
{when} {command}
"""


def systemd(job: Installation) -> str:
    """A service and a timer, each after a line that names its file."""
    when = f"*-*-* *:{job.minute:02}:00" if job.hourly else f"*-*-* {job.hour:02}:{job.minute:02}:00"
    return _SYSTEMD.format(
        name=job.name,
        command=" ".join(_systemd_quoted(word) for word in job.line),
        folder=job.folder.replace("%", "%%"),
        when=when,
    )


def systemd_units(job: Installation) -> dict[str, str]:
    """The same as files: name → text."""
    parts = re.split(r"^# ----- ~/\.config/systemd/user/(\S+)\n", systemd(job), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _systemd_quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


_SYSTEMD = """\
# Write the two files below, then:
#   systemctl --user daemon-reload && systemctl --user enable --now {name}.timer
#   loginctl enable-linger      (so that it runs while you are logged out)
# ----- ~/.config/systemd/user/{name}.service
[Unit]
Description=Ask PubMed for what is new, and appraise it
Documentation=man:systemd.service(5)

[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart={command}
# 6 is "done but incomplete", 5 "another run is at work": the run log tells, and the next run goes on.
SuccessExitStatus=5 6
TimeoutStopSec=60
Nice=10

# ----- ~/.config/systemd/user/{name}.timer
[Unit]
Description=Run {name}.service regularly

[Timer]
OnCalendar={when}
Persistent=true

[Install]
WantedBy=timers.target
"""


def launchd(job: Installation) -> str:
    """A property list for ``~/Library/LaunchAgents``."""
    when = {"Minute": job.minute} if job.hourly else {"Hour": job.hour, "Minute": job.minute}
    label = f"local.{job.name}"
    head, _, rest = (
        plistlib.dumps(
            {
                "Label": label,
                "ProgramArguments": list(job.line),
                "WorkingDirectory": job.folder,
                "StartCalendarInterval": when,
                "StandardOutPath": job.log,
                "StandardErrorPath": job.log,
                "ProcessType": "Background",
            }
        )
        .decode()
        .partition("<plist")
    )
    install = f"~/Library/LaunchAgents/{label}.plist"
    note = f"<!-- Save as {install}, then: launchctl bootstrap gui/$UID {install} -->\n"
    return f"{head}{note}<plist{rest}"


def windows(job: Installation) -> str:
    """A task for the Task Scheduler."""
    repetition = "<Repetition><Interval>PT1H</Interval></Repetition>" if job.hourly else ""
    return _WINDOWS.format(
        name=job.name,
        program=escape(job.line[0]),
        arguments=escape(" ".join(_windows_quoted(word) for word in job.line[1:])),
        folder=escape(job.folder),
        when=f"2026-01-01T{job.hour:02}:{job.minute:02}:00",
        repetition=repetition,
    )


def _windows_quoted(word: str) -> str:
    """A word as the C runtime of Windows reads it: backslashes count only before quotation marks."""
    if word and not re.search(r'[\s"]', word):
        return word
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', word)
    return '"' + re.sub(r"(\\+)$", r"\1\1", escaped) + '"'


_WINDOWS = """\
<?xml version="1.0"?>
<!-- Save as {name}.xml, then: schtasks /Create /TN {name} /XML {name}.xml -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Ask PubMed for what is new, and appraise it</Description></RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      {repetition}<StartBoundary>{when}</StartBoundary>
      <ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>
    <ExecutionTimeLimit>PT12H</ExecutionTimeLimit>
  </Settings>
  <Actions>
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{folder}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def github(job: Installation) -> str:
    """A workflow for GitHub Actions: it installs the released package and keeps the library as an artefact."""
    cron_time = f"{job.minute} {'*' if job.hourly else job.hour} * * *"
    package = f"evidence-aggregator=={job.version}" if job.version else "evidence-aggregator"
    return (
        _GITHUB.replace("@NAME@", job.name)
        .replace("@CRON@", cron_time)
        .replace("@PACKAGE@", json.dumps(package))
    )


_GITHUB = """\
# Save as .github/workflows/@NAME@.yml in a repository that holds your config.toml (with ncbi.email, and
# library.url = "sqlite:///library.db"). An API key goes into the repository's secret NCBI_API_KEY.
name: "@NAME@"
on:
  schedule:
    - cron: "@CRON@"
  workflow_dispatch: {}
permissions:
  contents: read
  actions: read
concurrency:
  group: "@NAME@"
  cancel-in-progress: false
jobs:
  run:
    runs-on: ubuntu-latest
    timeout-minutes: 330
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - name: Install the released package
        run: python -m pip install @PACKAGE@
      - name: Fetch the library of the last run
        env:
          GH_TOKEN: ${{ github.token }}
        run: |
          # A first run begins with no library. A library that is there and does not come is an error: going on
          # without it would begin anew.
          id=$(gh api --paginate "repos/$GITHUB_REPOSITORY/actions/artifacts?name=@NAME@&per_page=100" \\
            --jq '.artifacts[] | select(.expired | not) | [.created_at, .workflow_run.id] | @tsv' | sort | tail -n 1 | cut -f 2)
          if [ -n "$id" ]; then gh run download "$id" --name "@NAME@"; fi
      - name: Run what is due
        env:
          NCBI_API_KEY: ${{ secrets.NCBI_API_KEY }}
        run: |
          code=0
          aggregator --config config.toml run --due || code=$?
          # 6 is "done but incomplete": the run log tells, and the next run asks again.
          if [ "$code" -ne 0 ] && [ "$code" -ne 6 ]; then exit "$code"; fi
      - name: Put the library into one file
        if: always()
        run: rm -rf kept && mkdir kept && aggregator --config config.toml db backup kept/library.db
      - name: Keep the library
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: "@NAME@"
          path: kept/library.db
          retention-days: 90
"""

SCHEDULERS = {"cron": cron, "systemd": systemd, "launchd": launchd, "windows": windows, "github": github}
"""The schedulers there are, each with the text to install."""


def is_hourly(hours: Sequence[int]) -> bool:
    """Whether a schedule must ask every hour to serve these intervals."""
    return any(every < 24 for every in hours)
