"""What a person would read of an app under test."""

import re
from typing import Any

from textual import events
from textual.app import App
from textual.pilot import Pilot


def screen_text(app: App[Any]) -> str:
    """The text on the app's screen: a line a row, without trailing blanks."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def plain(line: str) -> str:
    """A line without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


HOPS = 5
"""A key's message passes through no more handlers than this: widget, pane, screen, and what those set off."""


async def press(pilot: Pilot[Any], *keys: str) -> str:
    """Press keys one after the other and wait until the screen shows what they did; returns its text.

    `pilot.press` sleeps for each key until the process is idle; this waits for the messages alone.
    """
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        for _ in range(HOPS):
            await pilot.pause(0)
    await pilot.pause()
    return screen_text(pilot.app)


async def write(pilot: Pilot[Any], text: str) -> str:
    """Put a text into the focused line at once, as pasting does; returns the screen's text."""
    assert pilot.app.focused is not None
    pilot.app.focused.post_message(events.Paste(text))
    return await press(pilot)
