"""The verbs. Each module parses arguments, calls the pipeline, and prints; what is heavy is imported inside a verb."""

import contextlib
import gc
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import click

from generator import __version__
from generator.cli import (
    capacity,
    certificate,
    check,
    cost,
    debug,
    diff,
    doctor,
    due,
    explain,
    generate,
    history,
    init,
    progress,
    promote,
    publish,
    release,
    render,
    report,
    schema,
    status,
    tenants,
    upgrade,
    validate,
    verify,
)
from generator.findings.finding import Exit, Refused, TenantryError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: tenantry add company-101 --plan silver --addon search && tenantry generate && tenantry verify",
)
@click.version_option(__version__, prog_name="tenantry", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "directory",
    default=".",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Run as if started in DIR.",
)
@click.pass_context
def cli(context: click.Context, directory: Path) -> None:
    """Run every customer of a SaaS safely from git.

    A tenant is one small file in tenants/; platform.yaml holds the provider's numbers; base/ is plain Kustomize.
    tenantry generates overlays and Argo CD entries from them, and proves on the rendered manifests what it promises.
    """
    context.obj = directory


for _verbs in (
    init,
    validate,
    schema,
    generate,
    check,
    diff,
    publish,
    render,
    verify,
    tenants,
    release,
    promote,
    due,
    certificate,
    explain,
    capacity,
    cost,
    report,
    history,
    debug,
    status,
    doctor,
    upgrade,
):
    for _command in _verbs.COMMANDS:
        cli.add_command(_command)


_SELDOM: Final = (100_000, 10, 10)
"""When Python looks for rings of records that nobody holds: most live until the end, and looking costs a fifth."""


def main() -> NoReturn:
    """Run the command line; every way to end has its exit code (`generator.findings.finding.Exit`)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what is printed is UTF-8 like the files, whatever the locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    gc.set_threshold(*_SELDOM)
    sys.exit(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: What stands behind `tenantry`; by default, that of this process.
    """
    try:
        with progress.shown():
            code = cli.main(arguments, prog_name="tenantry", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        return Exit.INTERRUPTED
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Refused as refused:
        from generator.findings.formats import counted, text

        click.echo(text(refused.findings), nl=False, err=True)
        click.echo(f"{counted(refused.findings)}; nothing was written", err=True)
        return refused.exit_code
    except TenantryError as error:
        click.echo(f"error: {error.fact}", err=True)
        if error.hint:
            click.echo(f"  hint: {error.hint}", err=True)
        return error.exit_code
    except BrokenPipeError:
        # the reader of a pipe went away; writing what is left must not fail again when Python ends
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.REFUSED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except OSError as error:
        click.echo(f"error: {error.filename or 'tenantry'}: {error.strerror or error}", err=True)
        return Exit.ENVIRONMENT
    except Exception:  # noqa: BLE001 -- the last handler: whatever arrives here is a bug of ours
        click.echo(traceback.format_exc(), nl=False, err=True)
        click.echo(f"This is a bug in tenantry {__version__}: please report it with the lines above.", err=True)
        return Exit.BUG
    return code if isinstance(code, int) else Exit.FINE
