"""Parses commands with the real Azure CLI, up to the point where it would call Azure.

Reads a JSON list of argument lists, and prints a JSON list with the error of each, or null. Arguments are parsed and
validated as in a call: options, choices, types, files, and the command's validators. Runs in the CLI's own environment.
"""

import contextlib
import io
import json
import re
import sys
from typing import Any

from azure.cli.core import get_default_cli
from azure.cli.core.commands import AzCliCommandInvoker

# Errors of validators that call Azure, without an account and without the Internet.
BEYOND = re.compile(r"az login|az account set|Failed to resolve|Name or service not known|Max retries exceeded|SubscriptionNotFound")


class Parsed(Exception):
    """Raised when the command would run."""


def stop(*_: Any, **__: Any) -> None:
    raise Parsed


AzCliCommandInvoker._run_jobs_serially = stop
AzCliCommandInvoker._run_jobs_concurrently = stop
AzCliCommandInvoker.resolve_confirmation = lambda *_: None


def fault(words: list[str]) -> str | None:
    """Returns the CLI's error for a command that it rejects."""
    cli = get_default_cli()
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr), contextlib.redirect_stdout(io.StringIO()):
            invocation = cli.invocation_cls(
                cli_ctx=cli, parser_cls=cli.parser_cls, commands_loader_cls=cli.commands_loader_cls, help_cls=cli.help_cls
            )
            cli.invocation = invocation
            invocation.data["query_active"] = False
            invocation.execute(words)
    except Parsed:
        return None
    except SystemExit as end:
        return f"exits with {end.code}: {stderr.getvalue().strip()}"
    except Exception as error:  # A caller would see any exception of a validator.
        text = f"{type(error).__name__}: {error}"
        return None if BEYOND.search(text) else text
    return "was neither parsed nor rejected"


json.dump([fault(words) for words in json.load(sys.stdin)], sys.stdout)
