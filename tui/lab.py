"""`initscope`: checks that there is a terminal and opens the lab in it."""

import argparse
import logging
import os
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from initscope.core.errors import InputError
from initscope.tui.app import BAD_INPUT, LabApp, terminal_trouble
from initscope.tui.config import Config, read_config
from initscope.tui.options import asks
from initscope.tui.remembered import memory

if TYPE_CHECKING:
    from initscope.core.runs import Store


def open_lab(arguments: argparse.Namespace, first: str = "") -> int:
    """`first` names an action of the lab that is to be done at once, such as "sample".

    Returns the exit code: 0, 2 for bad input or no terminal, 128 and the signal that ended it."""
    need_terminal()
    config, remembered = settings(arguments.slow), memory()
    given = asks(arguments)
    last = remembered.last if arguments.last else None
    if arguments.last and given:
        raise InputError("--last opens the last setup as it was: leave out what else says what to train")
    if arguments.last and last is None:
        raise InputError("--last: no setup is remembered yet; `initscope` alone opens rand and randn on digits")

    def read() -> tuple[Any, ...]:
        from initscope.core.datasets.data import load
        from initscope.tui.comparison import read_comparison

        if last:
            comparison, datasets = last, {name: load(name) for name in last.data_names()}
        else:
            comparison, datasets = read_comparison(arguments)
        comparison.specs(datasets)
        return comparison, datasets

    if arguments.runs:
        if arguments.no_save:
            raise InputError("--runs says where runs are kept, --no-save that none is: leave one out")
        _store(arguments, config)  # what is wrong with it is said before the screen is taken
    if given or last or arguments.detach:
        prepared = read()  # what was typed is checked before the screen is taken
        if arguments.detach:
            return _detached(prepared, arguments)

        def prepare() -> tuple[Any, ...]:
            return prepared
    else:
        prepare = read
    app = LabApp(prepare, first, config, remembered, None if arguments.no_save else partial(_store, arguments, config))
    return show(app, mouse=config.mouse and not arguments.no_mouse)


def settings(slow: bool) -> Config:
    """The person's, with what this command says besides."""
    config = read_config()
    return replace(config, slow=True) if slow else config


def need_terminal() -> None:
    """Raises InputError where the lab cannot be shown."""
    trouble = terminal_trouble()
    if trouble:
        raise InputError(f"{trouble}, which the lab needs; `initscope run` does the same without a screen")


def _store(arguments: argparse.Namespace, config: Config) -> "Store":
    from initscope.tui.saving import open_store

    return open_store(arguments.runs, config)


def _detached(prepared: tuple[Any, ...], arguments: argparse.Namespace) -> int:
    """Begin in the background and look on."""
    from initscope.tui import background
    from initscope.tui.attach import attach

    if arguments.no_save:
        raise InputError("--detach --no-save: what trains in the background is found by what it saves; leave one out")
    store = _store(arguments, read_config())
    run = store.info(background.begin(store, *prepared))
    code = attach(store, run, arguments.no_mouse, arguments.slow)
    if store.info(run.id).in_progress:
        print(background.words(run.id, person=True), file=sys.stderr)
    return code


def show(app: LabApp, mouse: bool) -> int:
    """Give the terminal to the app until it ends; returns the exit code."""
    # Warnings from the training thread would be written across the screen.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(logging.NullHandler())
    for name in ("COLUMNS", "LINES"):  # Vim's terminal sets them: the size that it had at first, whatever becomes of it
        os.environ.pop(name, None)
    app.run(mouse=mouse)
    if app.complaint:
        print(f"initscope: {app.complaint}", file=sys.stderr)
        return BAD_INPUT
    return app.return_code or 0
