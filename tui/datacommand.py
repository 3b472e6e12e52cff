"""`initscope data`: what data there are, how to get them, and what is wrong with them."""

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from initscope.core.errors import InputError, unknown
from initscope.core.plural import plural
from initscope.tui.options import DATA_HELP, add_data_options, data_flags
from initscope.tui.printing import print_lines, width

if TYPE_CHECKING:
    from initscope.core.datasets.inspection import Inspection

ACTIONS = ("list", "fetch", "show")
UNUSABLE = 2
"""Exit code of `data show` for data that cannot be trained on."""
WIDTH = 100

DESCRIPTION = """\
Check your inputs first: initscope data show NAME|FILE describes data as they
would be trained on, warns of what hurts training, and names the remedy.
"""


def parser(parser_class: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of what follows `initscope data`."""
    made = parser_class(
        prog="initscope data",
        usage="initscope data list\n"
        "       initscope data show NAME|FILE [--limit N] [--split X] [--scale NAME]\n"
        "       initscope data fetch NAME [--to FOLDER] [--mirror URL]",
        description=DESCRIPTION,
        epilog=DATA_HELP,
    )
    made.add_argument("action", metavar="list|show|fetch", nargs="?", default="list", help="what to do (default: list)")
    made.add_argument("name", metavar="NAME|FILE", nargs="?", default="", help="the data set")
    add_data_options(made.add_argument_group("for show"))
    fetch = made.add_argument_group("for fetch")
    fetch.add_argument("--to", default="", metavar="FOLDER", help="the data folder to put it in (default: yours)")
    fetch.add_argument(
        "--mirror", action="append", default=[], metavar="URL", help="where to get it instead; repeat it for more"
    )
    return made


def data_command(arguments: argparse.Namespace) -> int:
    """Returns the exit code: 0, or 2 if what is shown cannot be trained on. Raises InputError."""
    action, name = arguments.action, arguments.name
    if action not in ACTIONS:
        raise unknown("data command", action, ACTIONS)
    fetching = [option for option, given in (("--to", arguments.to), ("--mirror", arguments.mirror)) if given]
    if fetching and action != "fetch":
        raise InputError(f"{fetching[0]} is for data fetch, not for data {action}")
    if data_flags(arguments) and action != "show":
        raise InputError(f"--{next(iter(data_flags(arguments)))} is for data show, not for data {action}")
    if action == "list":
        if name:
            raise InputError(f"data list takes no name; see one data set with: initscope data show {name}")
        print_lines(_listed())
        return 0
    if not name:
        raise InputError(f"data {action} needs a name, such as: initscope data {action} mnist")
    return _show(name, data_flags(arguments)) if action == "show" else _fetch(name, arguments)


def _listed() -> Iterator[str]:
    from initscope.core.datasets import published
    from initscope.core.datasets.data import CATALOGUE, data_folders, names_in_folders

    width = max(map(len, CATALOGUE))
    for name, entry in CATALOGUE.items():
        words = entry.description
        known = published.PUBLISHED.get(name)
        if known:
            place = published.find(known)
            there = f"in {place}" if place else f"get it with: initscope data fetch {name}"
            words = f"{words.removesuffix(', to be fetched')}; {there}"
        yield f"{name:{width}}  {words}"
    for name in names_in_folders():
        yield f"{name:{width}}  in a data folder"
    yield ""
    yield f"data folders: {', '.join(map(str, data_folders()))}"
    yield "and any file or folder by its path; see initscope data --help"


def _show(name: str, flags: dict[str, str]) -> int:
    from initscope.core.datasets.dataname import with_flags
    from initscope.core.datasets.inspection import inspect

    found = inspect(with_flags(name, flags))
    print_lines(_report(found))
    return 0 if found.usable else UNUSABLE


def _report(found: "Inspection") -> Iterator[str]:
    """Facts, then the checklist: troubles last, where they are still on the screen."""
    yield found.name
    wide = width(WIDTH)
    yield from textwrap.wrap(found.title, wide, initial_indent="  ", subsequent_indent="  ")
    for name, value in found.facts:
        yield from textwrap.wrap(f"{name:13} {value}", wide, initial_indent="  ", subsequent_indent=" " * 16)
    yield ""
    order = ("ok", "note", "warn", "stop")
    for finding in sorted(found.findings, key=lambda finding: order.index(finding.level)):
        text = finding.what + (f". Remedy: {finding.remedy}" if finding.remedy else "")
        mark = f"[{finding.level:^4}]"
        yield from textwrap.wrap(f"{mark} {text}", wide, initial_indent="  ", subsequent_indent=" " * 9)
    warned = sum(finding.level == "warn" for finding in found.findings)
    yield ""
    if not found.usable:
        yield "This cannot be trained on."
    else:
        yield f"{plural(warned, 'warning')}." if warned else "Nothing here hurts training."


def _fetch(name: str, arguments: argparse.Namespace) -> int:
    from initscope.core.datasets.data import data_folders
    from initscope.core.datasets.fetch import fetch, published
    from initscope.core.datasets.folders import user_path

    known = published(name)
    folder = user_path(arguments.to) if arguments.to else data_folders()[0]
    with _progress() as progress:
        fetched = fetch(known, folder, progress, arguments.mirror)
    came = [source for source in fetched.sources if source]
    origin = f"from {came[0].rpartition('/')[0]}/" if came else "was there already"
    print_lines([f"{known.name} {origin}: {fetched.folder}", fetched.summary])
    return 0


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """Bytes so far on standard error, one line that is written over, where somebody can see it."""
    if not sys.stderr.isatty():
        yield lambda name, done, total: None
        return
    shown = [""]

    def show(name: str, done: int, total: int | None) -> None:
        share = f"{100 * done // total:3d} %" if total else f"{done:,} bytes"
        line = f"{name} {share}"
        if line != shown[0]:
            sys.stderr.write(f"\r{line}".ljust(len(shown[0]) + 1))
            sys.stderr.flush()
            shown[0] = line

    try:
        yield show
    finally:
        sys.stderr.write("\r" + " " * len(shown[0]) + "\r")
        sys.stderr.flush()
