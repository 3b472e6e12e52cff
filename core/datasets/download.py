"""One file from the first mirror that has it: resumed where it broke off, checked, and put in place whole.

Written with urllib because that is all it takes; pooch neither resumes nor tries a second mirror, and needs requests.
"""

import fcntl
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from initscope.core import __version__
from initscope.core.errors import InputError

TIMEOUT = 30.0
"""Seconds without a byte before a mirror is given up."""
TRIES = 4
"""How often a transfer that breaks off is resumed from one mirror."""
CHUNK = 2**16

Progress = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes there are, and how many there will be, if known."""
Check = Callable[[Path], None]
"""Raises InputError unless the file is the right one."""


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """What fails in it is the disk's fault, not the network's: no other mirror would help."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


class _Broken(Exception):
    """A transfer that broke off; what came is kept."""


class _Refused(Exception):
    """A mirror that does not have the file."""


def download(urls: Sequence[str], target: Path, check: Check, most: int, progress: Progress) -> str:
    """Put the file of the first good one of `urls` at `target`; returns that address.

    What arrives is kept beside it as NAME.part, where the next call goes on, also from another mirror. A file
    that fails `check` is thrown away and fetched once more from the start, if it was put together from pieces.
    At most `most` bytes are taken. Raises InputError, with every mirror's fault, if none has it.
    """
    part = target.with_name(f"{target.name}.part")
    faults = []
    with _alone(target):
        for url in urls:
            try:
                _from_mirror(url, part, check, most, progress)
            except (_Broken, _Refused) as fault:
                faults.append(f"{urlsplit(url).netloc} {fault}")
            else:
                with _disk(target):
                    os.replace(part, target)
                return url
    raise InputError(f"{target.name} could not be downloaded: {'; '.join(faults)}")


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Raises InputError if the folder cannot be written or another process fetches the same file."""
    lock = target.with_name(f".{target.name}.lock")
    with ExitStack() as stack:
        with _disk(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(open(lock, "w"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{target}: is being fetched by another process; wait for it") from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _from_mirror(url: str, part: Path, check: Check, most: int, progress: Progress) -> None:
    """Leaves the right file at `part`. Raises _Broken with a piece kept, or _Refused with none."""
    whole = False
    while not whole:
        resumed = _held(part) > 0
        _complete(url, part, most, progress)
        try:
            check(part)
            whole = True
        except InputError as error:
            part.unlink()
            if not resumed:  # otherwise the pieces may be of two versions
                raise _Refused(f"sent another file: {error}") from None


def _complete(url: str, part: Path, most: int, progress: Progress) -> None:
    """Resume until the transfer reaches its end, as long as each try brings more."""
    for attempt in range(TRIES):
        before = _held(part)
        try:
            return _transfer(url, part, most, progress)
        except _Broken:
            if attempt == TRIES - 1 or _held(part) <= before:
                raise


def _held(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _transfer(url: str, part: Path, most: int, progress: Progress) -> None:
    """One request for what is lacking. Servers that cannot resume send all of it again."""
    held = _held(part)
    headers = {"User-Agent": f"initscope/{__version__}", "Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            _receive(response, part, held, most, progress)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and held:  # there is no more: all of it is here, or it was another file
            return
        raise _Refused(f"answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise _Broken(f"cannot be reached ({error.reason})") from None
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(f"broke off ({str(error) or type(error).__name__})") from None


def _receive(
    response: http.client.HTTPResponse, part: Path, held: int, most: int, progress: Progress
) -> None:
    """Append the answer to what is held, or replace it. Raises _Broken if it is shorter than announced."""
    resumed = response.status == 206
    if resumed and not (response.headers.get("Content-Range") or "").startswith(f"bytes {held}-"):
        raise _Refused("resumed at another place than asked for")
    held = held if resumed else 0
    length = response.headers.get("Content-Length", "")
    total = held + int(length) if length.isascii() and length.isdigit() else None
    if (total or 0) > most:
        raise _Refused(f"has a file of {total:,} bytes, more than {most:,}")
    with ExitStack() as stack:
        with _disk(part):
            file = stack.enter_context(open(part, "ab" if resumed else "wb"))
        while chunk := response.read(CHUNK):
            held += len(chunk)
            if held > most:
                part.unlink()
                raise _Refused(f"sent more than {most:,} bytes")
            with _disk(part):
                file.write(chunk)
            progress(part.name.removesuffix(".part"), held, total)
        with _disk(part):
            file.flush()
            os.fsync(file.fileno())
    if total is not None and held < total:
        raise _Broken(f"broke off after {held:,} of {total:,} bytes")
