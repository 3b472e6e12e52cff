"""`initscope runs`: the runs that were saved, and what can be done with them."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from initscope.core.datasets.folders import user_path
from initscope.core.diagnosis import Verdict, lane_verdict
from initscope.core.errors import InputError, unknown
from initscope.core.exports import FORMATS, export
from initscope.core.runs import Recorder, RunInfo, Store, past
from initscope.core.runs.past import Past
from initscope.tui import background, runsview
from initscope.tui.config import read_config
from initscope.tui.headless import Job, execute
from initscope.tui.printing import print_lines
from initscope.tui.saving import add_store_option, open_store, take_up
from initscope.tui.summary import print_summary

DESCRIPTION = """\
Runs that were saved: those of the lab, of initscope run --save and of --detach.
RUN is an id, a part of one that fits no other (a7, 0512), or `last`.
"""
ACTIONS = """\
what to do:
  list [TEXT]           all of them, newest first; with TEXT those that it fits:
                        data, layers, initializers, status
  show RUN              what it trained, what came of it, and how to repeat it
  compare RUN RUN ...   what differs, and their lanes side by side
  export RUN            write --as FORMAT, to --to PATH
  keep RUN [--not]      never delete it to make room; --not: take that back
  rm RUN ...            delete runs
  resume RUN            go on where it was; --lab in the lab, --detach in the
                        background
  stop RUN              end one that trains in the background
"""


def parser(parser_class: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of what follows `initscope runs`."""
    made = parser_class(
        prog="initscope runs",
        usage="initscope runs [list [TEXT]] | show RUN | compare RUN RUN ... | keep RUN\n"
        "       initscope runs export RUN --as FORMAT [--to PATH]\n"
        "       initscope runs resume RUN [--lab | --detach] [--json FILE]\n"
        "       initscope runs rm RUN ... | stop RUN",
        description=DESCRIPTION,
        epilog=ACTIONS + "\nformats of export:\n" + "".join(f"  {name:12} {FORMATS[name][1]}\n" for name in FORMATS),
    )
    made.add_argument("action", metavar="ACTION", nargs="?", default="list", help="see below (default: list)")
    made.add_argument("runs_", metavar="RUN", nargs="*", default=[], help="which run")
    made.add_argument("--as", dest="format", metavar="FORMAT", default="", help="of export, see below")
    made.add_argument("--to", metavar="PATH", default="", help="of export (default: the run's id, in this folder)")
    made.add_argument("--not", dest="undo", action="store_true", help="of keep: it may be deleted again")
    made.add_argument("--lab", action="store_true", help="of resume: in the lab, paused")
    made.add_argument("--detach", action="store_true", help="of resume: in the background")
    made.add_argument("--json", metavar="FILE|-", help="of list, show, resume: as JSON; - is standard output")
    made.add_argument("--plain", action="store_true", help="no colour, ASCII only")
    add_store_option(made)
    return made


def runs_command(arguments: argparse.Namespace) -> int:
    """Returns the exit code. Raises InputError."""
    store, action = open_store(arguments.runs, read_config()), arguments.action
    if arguments.runs and not store.root.exists():
        raise InputError(f"--runs {arguments.runs}: there is no such folder")
    if action not in DOES:
        raise unknown("runs command", action, DOES)
    least, most, does = DOES[action]
    texts: list[str] = arguments.runs_
    _check_flags(arguments)
    if not least <= len(texts) <= most:
        what = "two runs or more" if least == 2 else "a run" if most == 1 else "one run or more"
        example = ("", "last", "last a7")[least]
        raise InputError(f"runs {action} needs {what}, such as: initscope runs {action} {example}".rstrip())
    return does(store, texts, arguments)


def _check_flags(arguments: argparse.Namespace) -> None:
    """What is for another action is refused, not ignored."""
    owners = {
        "--as": (arguments.format, ("export",)),
        "--to": (arguments.to, ("export",)),
        "--not": (arguments.undo, ("keep",)),
        "--lab": (arguments.lab, ("resume",)),
        "--detach": (arguments.detach, ("resume",)),
        "--json": (arguments.json, ("list", "show", "resume")),
    }
    for flag, (given, actions) in owners.items():
        if given and arguments.action not in actions:
            raise InputError(f"{flag} is for runs {' and '.join(actions)}, not for runs {arguments.action}")


def _list(store: Store, texts: list[str], arguments: argparse.Namespace) -> int:
    found = [run for run in store.runs() if all(runsview.fits(run, text) for text in texts)]
    if arguments.json:
        return _put(arguments.json, [runsview.document(run) for run in found])
    print_lines(runsview.table(found, store, sys.stdout.isatty(), " ".join(texts)), arguments.plain)
    return 0


def _show(store: Store, texts: list[str], arguments: argparse.Namespace) -> int:
    run = store.find(texts[0])
    if arguments.json:
        return _put(arguments.json, {**runsview.document(run), "findings": run.findings()})
    print_lines(runsview.facts(run), arguments.plain)
    if run.description and run.summary:
        _print(past.load(run), arguments.plain)
    return 0


def _compare(store: Store, texts: list[str], arguments: argparse.Namespace) -> int:
    runs = [store.find(text) for text in texts]
    print_lines(runsview.differences(runs), arguments.plain)
    loaded = [past.load(run) for run in runs]
    whole = past.together(loaded)
    verdicts = [verdict for one in loaded for verdict in _verdicts(one)]
    print_summary(whole, whole.step, verdicts, arguments.plain)
    return 0


def _print(one: Past, plain: bool) -> None:
    print_summary(one.snapshot, one.snapshot.step, _verdicts(one), plain)


def _verdicts(one: Past) -> list[Verdict]:
    data = one.data_by_name()
    return [lane_verdict(lane, data[lane.spec.data]) for lane in one.snapshot.lanes]


def _export(store: Store, texts: list[str], arguments: argparse.Namespace) -> int:
    run, kind = store.find(texts[0]), arguments.format
    if kind not in FORMATS:
        raise unknown("format", kind, FORMATS) if kind else InputError(f"--as is missing: one of {', '.join(FORMATS)}")
    path = user_path(arguments.to or f"{run.id}{FORMATS[kind][0]}")
    one = past.load(run)
    weights = one.weights() if kind in ("tensorboard", "npz", "safetensors") else ()
    verdicts = _verdicts(one) if kind in ("json", "markdown", "html") else ()
    written = export(kind, path, one.snapshot, one.data_by_name(), weights, verdicts, comparison=one.comparison)
    print_lines([f"wrote {place}" for place in written], arguments.plain)
    return 0


def _keep(store: Store, texts: list[str], arguments: argparse.Namespace) -> int:
    for run in [store.find(text) for text in texts]:
        store.keep(run.id, not arguments.undo)
        print_lines([f"{run.id} {'may be deleted to make room' if arguments.undo else 'is kept'}"], arguments.plain)
    return 0


def _remove(store: Store, texts: list[str], arguments: argparse.Namespace) -> int:
    for run_id in dict.fromkeys(store.find(text).id for text in texts):
        store.remove(run_id)
        print_lines([f"removed {run_id}"], arguments.plain)
    return 0


def _resume(store: Store, texts: list[str], arguments: argparse.Namespace) -> int:
    run = store.find(texts[0])
    described = run.sound()
    if run.summary and run.summary.ended:
        raise InputError(f"run {run.id} has ended ({run.status}); initscope runs show {run.id} tells what came of it")
    if run.in_progress:
        raise InputError(f"run {run.id} is in progress in another process: initscope attach {run.id} shows it")
    if arguments.lab and arguments.detach:
        raise InputError("runs resume: --lab and --detach: give one of them; initscope attach shows the other")
    if arguments.lab:
        return _resume_in_lab(store, run)
    datasets = described.load_datasets()
    described.comparison.specs(datasets)
    if arguments.detach:
        background.go_on(store, run)
        print_lines([background.words(run.id, sys.stdout.isatty())], arguments.plain)
        return 0
    taken = take_up(store, run.id)
    recorder = Recorder(store, described.comparison, datasets, described.source, taken.folder)
    return execute(Job(described.comparison, datasets, recorder, taken.saved), arguments.json, arguments.plain)


def _resume_in_lab(store: Store, run: RunInfo) -> int:
    """What cannot be restored is said here, not by the lab."""
    from initscope.tui.attach import open_resumed
    from initscope.tui.runsopening import resumed

    opened = resumed(store, run.id)
    if opened.resumed is None:
        raise InputError(f"run {run.id} has just begun to train in another process: initscope attach {run.id} shows it")
    return open_resumed(store, opened.comparison, opened.datasets, opened.resumed)


def _stop(store: Store, texts: list[str], arguments: argparse.Namespace) -> int:
    run = store.find(texts[0])
    run.ask("stop")
    print_lines([f"{run.id} was asked to stop"], arguments.plain)
    return 0


def _put(target: str, content: Any) -> int:
    text = json.dumps(content, indent=1, allow_nan=False)
    if target == "-":
        print(text)
        return 0
    try:
        user_path(target).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"--json {target}: cannot be written ({error.strerror}); name another file") from None
    return 0


Does = Callable[[Store, list[str], argparse.Namespace], int]
MANY = 1000
DOES: dict[str, tuple[int, int, Does]] = {
    "list": (0, MANY, _list),
    "show": (1, 1, _show),
    "compare": (2, MANY, _compare),
    "export": (1, 1, _export),
    "keep": (1, MANY, _keep),
    "rm": (1, MANY, _remove),
    "resume": (1, 1, _resume),
    "stop": (1, 1, _stop),
}
"""By name: least and most runs, and what does it."""
