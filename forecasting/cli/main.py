"""The command line: ``python -m forecasting import | refresh | worker | export | backup | status …``.

Exit codes: 0 success, 1 a refresh failed, 2 bad input or state (one message, no traceback), 130 Ctrl-C.
"""

import argparse
import sys
from collections.abc import Sequence

from forecasting.bootstrap import Storecast
from forecasting.cli import file_commands, refresh_commands, state_commands
from forecasting.cli.file_commands import Commands
from forecasting.config import logs
from forecasting.config.settings import Settings
from forecasting.core.errors import StorecastError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments
        The command and its options; by default those of this process.
    """
    parsed = _parser().parse_args(arguments)
    logs.configure_from_env("info" if parsed.command == "worker" else "warning")
    try:
        settings = Settings.from_env()
        if parsed.command == "restore":  # a restore needs an empty state folder, so nothing is opened
            return state_commands.restore_backup(settings, parsed)
        with Storecast(settings) as storecast:
            return int(parsed.run(storecast, parsed))
    except StorecastError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was published stays", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m forecasting", description=(__doc__ or "").splitlines()[0]
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    file_commands.add_imports(commands)
    file_commands.add_sample(commands)
    refresh_commands.add_refresh(commands)
    refresh_commands.add_worker(commands)
    file_commands.add_export(commands)
    state_commands.add_prune(commands)
    state_commands.add_backup_and_restore(commands)
    state_commands.add_status(commands)
    _add_aws(commands)
    return parser


def _add_aws(commands: Commands) -> None:
    aws = commands.add_parser(
        "aws",
        help="set up, inspect, train and remove AWS Forecast",
        add_help=False,
        prefix_chars="\0",  # `aws_commands` parses the options
    )
    aws.add_argument("rest", nargs=argparse.REMAINDER)
    aws.set_defaults(run=_aws)


def _aws(storecast: Storecast, parsed: argparse.Namespace) -> int:
    from forecasting.cli import aws_commands  # noqa: PLC0415 – few need it

    context = aws_commands.CommandContext(refresh_commands.wait_for)
    return aws_commands.run(storecast, Settings.from_env(), parsed.rest, context)
