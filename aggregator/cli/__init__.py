"""The command line. One file for each group of commands; heavy modules are imported inside commands only.

Results go to stdout, everything else to stderr. Only `main` prints errors and picks exit codes.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn, Protocol, runtime_checkable

from ..errors import InputError
from .desk import Desk, report_error

EXIT_BROKEN_PIPE = 141
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

_GLOBAL_WITH_VALUE = ("--config", "--db")
_GLOBAL_FLAGS = ("-v", "--verbose", "-q", "--quiet", "--log-json")


class _Terminated(BaseException):
    """SIGTERM arrived."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process with the exit code of docs/interface (0, 1, 2, 3, 4, 5, 6, 130, 143)."""
    signal.signal(signal.SIGTERM, _terminate)
    gc.set_threshold(50_000, 20, 100)  # papers come by the thousand and hold no cycles: a sixth less time
    given = list(sys.argv[1:] if arguments is None else arguments)
    desk = Desk()
    try:
        code = _run(_hoisted(given), desk)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        code = EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        print("interrupted; everything finished so far is kept", file=sys.stderr)  # noqa: T201  # the command line speaks
        code = EXIT_INTERRUPTED
    except _Terminated:
        print("terminated; everything finished so far is kept", file=sys.stderr)  # noqa: T201
        code = EXIT_TERMINATED
    except Exception as error:  # noqa: BLE001  # the outer edge: a person gets a line, never a traceback
        code = report_error(error, desk)
    finally:
        desk.close()
    sys.exit(code)


def _run(arguments: list[str], desk: Desk) -> int:
    from typer import Abort, Exit
    from typer.main import get_command

    from .app import app

    try:
        result = get_command(app).main(
            args=arguments, prog_name="aggregator", standalone_mode=False, obj=desk
        )
    except Exit as ended:
        if ended.exit_code == EXIT_INTERRUPTED:  # typer's word for Ctrl-C
            raise KeyboardInterrupt from None
        return ended.exit_code
    except Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if not isinstance(error, _Usage):
            raise
        if desk.log_json:
            return report_error(InputError(error.format_message(), hint="aggregator COMMAND --help"), desk)
        error.show()
        return error.exit_code
    if result == EXIT_INTERRUPTED:  # newer typers answer Ctrl-C themselves, without a word
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


@runtime_checkable
class _Usage(Protocol):
    """A mistake in the arguments: click's own class, or the one of a typer that brings its own click."""

    exit_code: int

    def show(self) -> None: ...

    def format_message(self) -> str: ...


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise _Terminated


def _silence_stdout() -> None:
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _hoisted(arguments: list[str]) -> list[str]:
    """The global options first, so that they may stand anywhere: ``search kratom --db …`` works too."""
    first, rest = [], []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in _GLOBAL_WITH_VALUE:
            first += [argument, *(value for value in (next(waiting, None),) if value is not None)]
        elif (
            argument.startswith(tuple(f"{name}=" for name in _GLOBAL_WITH_VALUE)) or argument in _GLOBAL_FLAGS
        ):
            first.append(argument)
        else:
            rest.append(argument)
    return [*first, *rest]
