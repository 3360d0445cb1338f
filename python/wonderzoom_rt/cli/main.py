# SPDX-License-Identifier: Apache-2.0
"""Takes the command line apart, runs one command, and turns every error into one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from typing import NoReturn

from ..errors import CancelledError, InputError, WonderzoomError

COMMANDS = (
    "new",
    "zoom",
    "render",
    "fly",
    "info",
    "verify",
    "compact",
    "undo",
    "evaluate",
    "bench",
    "scene",
    "profile",
    "doctor",
    "demo",
)
DONE, FAILED, MISUSED, INTERRUPTED, PIPE_CLOSED, TERMINATED = 0, 1, 2, 130, 141, 143
_DESCRIPTION = "From one photograph, a 3D world that you can zoom into for ever."
_EXAMPLE = """example:
  wonderzoom new street.jpg -o street.wz
  wonderzoom zoom street.wz --at 0.5 0.6 --factor 8
  wonderzoom fly street.wz -o street.mp4

wonderzoom COMMAND --help tells more, with an example. Exit codes: 0 done, 1 failed, 2 asked for wrongly."""


class _Terminated(BaseException):
    """SIGTERM came: half-made files are to be cleared away, as after Ctrl-C."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")


def make_parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of these commands; each command's module adds its own arguments."""
    parser = _Parser(
        prog="wonderzoom",
        description=_DESCRIPTION,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.add_argument("--traceback", action="store_true", help="after an error, print where it arose")
    parsers = parser.add_subparsers(metavar="COMMAND", dest="command")
    for name in commands:
        module = importlib.import_module(f".{name}", __package__)
        command = parsers.add_parser(
            name,
            help=module.HELP,
            description=module.DESCRIPTION,
            epilog=f"example:\n{module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. argv: without the program's name; None takes sys.argv."""
    wants_trace = "--traceback" in (sys.argv if argv is None else argv)
    try:
        with _termination_raises():
            code = _run(argv)
        sys.stdout.flush()
        if argv is None:
            gc.freeze()  # the process ends: what was imported need not be looked through for what could be let go
        return code
    except SystemExit as end:  # --help
        return int(end.code or 0)
    except KeyboardInterrupt:
        _complain("stopped", wants_trace)
        return INTERRUPTED
    except _Terminated:
        _complain("stopped", wants_trace)
        return TERMINATED
    except BrokenPipeError:
        # Who read our output has enough; the interpreter's own flush at exit must not fail on it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except BaseException as problem:
        code, words = _verdict(problem)
        _complain(words, wants_trace)
        return code


@contextlib.contextmanager
def _termination_raises() -> Iterator[None]:
    """SIGTERM becomes an exception meanwhile. Signals belong to the main thread; elsewhere nothing changes."""

    def terminate(number: int, frame: object) -> NoReturn:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(argv: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    # The one that is called, when that is plain: the modules of all others need not be read.
    parser = make_parser(words[:1]) if words and words[0] in COMMANDS else make_parser()
    arguments = parser.parse_args(words)
    if arguments.version:
        from .. import __version__

        print(f"wonderzoom {__version__}")
        return DONE
    if arguments.command is None:
        raise InputError(f"a command is needed, one of {', '.join(COMMANDS)} (see wonderzoom --help)")
    return int(arguments.run(arguments))


def _verdict(problem: BaseException) -> tuple[int, str]:
    if isinstance(problem, InputError):
        return MISUSED, str(problem)
    if isinstance(problem, CancelledError):
        return INTERRUPTED, str(problem)
    if isinstance(problem, WonderzoomError):
        return FAILED, str(problem)
    if isinstance(problem, MemoryError):
        return FAILED, f"there is not enough memory{f': {problem}' if str(problem) else ''}"
    if isinstance(problem, OSError):
        where = f": {problem.filename}" if problem.filename else ""
        what = (
            "no space left on the device"
            if problem.errno == errno.ENOSPC
            else problem.strerror or str(problem)
        )
        return FAILED, f"{what}{where}"
    return FAILED, f"internal error: {type(problem).__name__}: {problem} (add --traceback to see where)"


def _complain(words: str, wants_trace: bool) -> None:
    if wants_trace:
        traceback.print_exc()
    line = " ".join(words.split())
    with contextlib.suppress(OSError):  # when nobody is there to read it, the exit code stays
        print("wonderzoom: stopped" if line == "stopped" else f"wonderzoom: error: {line}", file=sys.stderr)
