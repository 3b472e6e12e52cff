"""The directory of a zip file of unknown origin, and its members where they lie: nothing is ever extracted."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from initscope.core.errors import InputError
from initscope.core.files import DEFLATE_LIMIT, LARGE, MAX_RATIO
from initscope.core.weights.mapped import MAX_NAME, MappedFile, Source, Span, printable

MAX_MEMBERS = 200_000
MAX_UNPACKED = 2**32
"""The most bytes that are unpacked into memory at once."""
STORED, DEFLATED = 0, 8
END, END64, LOCATOR, CENTRAL, LOCAL = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2", b"PK\3\4"
MAX_COMMENT = 2**16 - 1
PIECE = 2**16


@dataclass(frozen=True, slots=True, eq=False)
class Deflated:
    """A member of a zip that is packed. Its checksum is verified at its last byte."""

    where: str
    packed: Span
    size: int
    crc: int

    @property
    def offset(self) -> int | None:
        return self.packed.offset

    def whole(self) -> memoryview:
        if self.size > MAX_UNPACKED:
            raise InputError(f"{self.where} unpacks to {self.size:,} bytes: too many to hold; save it unpacked")
        held = bytearray()
        for chunk in self.chunks(PIECE):
            held += chunk
        return memoryview(held)

    def chunks(self, size: int) -> Iterator[memoryview]:
        machine, crc, left = zlib.decompressobj(-15), 0, self.size
        feed, waiting = self.packed.chunks(PIECE), b""
        while left:
            piece = bytearray()
            while len(piece) < min(size, left):
                try:
                    waiting = waiting or bytes(next(feed, b""))
                    got = machine.decompress(waiting, min(size, left) - len(piece))
                except zlib.error as error:
                    raise InputError(f"{self.where}: damaged ({error}); copy the file again") from None
                if not got and (machine.eof or not waiting):
                    raise InputError(f"{self.where}: damaged: it ends before its {self.size:,} bytes; copy it again")
                waiting = machine.unconsumed_tail
                piece += got
            crc, left = zlib.crc32(piece, crc), left - len(piece)
            if not left and crc != self.crc:
                raise InputError(f"{self.where}: damaged: its checksum is wrong; copy the file again")
            yield memoryview(piece)


@dataclass(frozen=True, slots=True)
class _Record:
    """One entry of the directory."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    local: int


def members(file: MappedFile) -> dict[str, Source]:
    """The members of a zip by name, folders left out. Raises InputError unless the whole directory is sound.

    Sound: every member is stored or deflated, not encrypted, named once and plainly, lies in the file before
    the directory, apart from the others, and cannot unpack to more than its bytes can hold.
    """
    first, size, count = _directory(file)
    records = sorted(_records(file, first, size, count), key=lambda record: record.local)
    found: dict[str, Source] = {}
    end = 0
    for record in records:
        if record.local < end:
            raise InputError(f"{file.path}: damaged: '{record.name}' lies inside another member of the zip")
        span = _span(file, record, first)
        end = (span.offset or 0) + span.size
        if record.name in found:
            raise InputError(f"{file.path}: holds '{record.name}' twice")
        if not record.name.endswith("/"):
            found[record.name] = _source(file, record, span)
    return found


def _directory(file: MappedFile) -> tuple[int, int, int]:
    """Where the directory begins, its bytes, its entries. APPNOTE.TXT 4.3.14 to 4.3.16."""
    tail = file.end(22 + MAX_COMMENT)
    place = tail.rfind(END)
    if place < 0 or len(tail) < place + 22:
        raise InputError(f"{file.path}: a zip without its end: cut short; copy it again")
    count, size, first = struct.unpack_from("<HII", tail, place + 10)
    end = file.size - len(tail) + place
    if place >= 20 and tail.startswith(LOCATOR, place - 20):
        where = int(struct.unpack_from("<Q", tail, place - 12)[0])
        record = bytes(file.span(where, 56).data)
        if not record.startswith(END64):
            raise InputError(f"{file.path}: damaged: the zip's 64-bit end is not where it should be")
        count, size, first = struct.unpack_from("<QQQ", record, 32)
        end = where
    if count > MAX_MEMBERS:
        raise InputError(f"{file.path}: promises {count:,} members of a zip; at most {MAX_MEMBERS:,} are read")
    if first + size > end:
        raise InputError(f"{file.path}: damaged: the zip's directory of {size:,} bytes does not fit before its end")
    return first, size, count


def _records(file: MappedFile, first: int, size: int, count: int) -> Iterator[_Record]:
    data = file.span(first, size).data
    at = 0
    for number in range(count):
        if at + 46 > size or bytes(data[at : at + 4]) != CENTRAL:
            raise InputError(f"{file.path}: damaged: entry {number} of the zip's directory is broken")
        flags, method, crc, packed, whole = struct.unpack_from("<HH4xIII", data, at + 8)
        lengths = struct.unpack_from("<HHH", data, at + 28)
        local = struct.unpack_from("<I", data, at + 42)[0]
        after = at + 46 + sum(lengths)
        if after > size:
            raise InputError(f"{file.path}: damaged: entry {number} of the zip's directory is cut short")
        raw = bytes(data[at + 46 : at + 46 + lengths[0]])
        extra = bytes(data[at + 46 + lengths[0] : at + 46 + lengths[0] + lengths[1]])
        whole, packed, local = _wide(file, extra, whole, packed, local)
        yield _Record(_plain_name(file, raw), raw, flags, method, crc, packed, whole, local)
        at = after


def _wide(file: MappedFile, extra: bytes, *fields: int) -> tuple[int, int, int]:
    """Those fields that are all ones, by their 64-bit values from the extra field 1 (APPNOTE.TXT 4.5.3)."""
    values = list(fields)
    wanted = [place for place, value in enumerate(values) if value == 0xFFFFFFFF]
    at = 0
    while wanted and at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            if length < 8 * len(wanted) or at + 4 + length > len(extra):
                raise InputError(f"{file.path}: damaged: a 64-bit size in the zip's directory is missing")
            for place, value in zip(wanted, struct.unpack_from(f"<{len(wanted)}Q", extra, at + 4), strict=True):
                values[place] = value
            break
        at += 4 + length
    return values[0], values[1], values[2]


def _plain_name(file: MappedFile, raw: bytes) -> str:
    """A member's name. Nothing is extracted, so a path that climbs could do no harm; an honest file has none."""
    name = raw.decode("utf-8", "backslashreplace")
    if len(name) > MAX_NAME or not name:
        raise InputError(f"{file.path}: a member of the zip has a name of {len(name)} characters")
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or not name.isprintable():
        raise InputError(f"{file.path}: a member of the zip is named '{printable(name)}', which no library writes")
    return name


def _span(file: MappedFile, record: _Record, first: int) -> Span:
    """Where a member's bytes lie, by its own header, which must agree with the directory."""
    what = f"{file.path}: '{record.name}'"
    header = file.span(record.local, 30).data
    name_length, extra_length = struct.unpack_from("<HH", header, 26)
    sound = bytes(header[:4]) == LOCAL and name_length == len(record.raw_name)
    if not sound or bytes(file.span(record.local + 30, name_length).data) != record.raw_name:
        raise InputError(f"{what}: damaged: the zip's directory names a place where it is not")
    start = record.local + 30 + name_length + extra_length
    if start + record.packed > first:
        raise InputError(f"{what}: damaged: its {record.packed:,} bytes would reach into the zip's directory")
    return file.span(start, record.packed)


def _source(file: MappedFile, record: _Record, span: Span) -> Source:
    what = f"{file.path}: '{record.name}'"
    if record.flags & 1:
        raise InputError(f"{what} is encrypted; save it without a password")
    if record.method not in (STORED, DEFLATED):
        raise InputError(f"{what} is packed in a way that is not read (method {record.method}); save it unpacked")
    if record.method == STORED:
        if record.size != record.packed:
            raise InputError(f"{what}: damaged: unpacked, but {record.packed:,} bytes should be {record.size:,}")
        return span
    if record.size > DEFLATE_LIMIT * record.packed:
        raise InputError(f"{what}: damaged: {record.packed:,} bytes cannot unpack to {record.size:,}")
    if record.size > LARGE and record.size > MAX_RATIO * record.packed:
        raise InputError(
            f"{what} would unpack {record.packed:,} bytes to {record.size:,}: more than {MAX_RATIO} times as many"
        )
    return Deflated(what, span, record.size, record.crc)
