"""The instructions of pickles, protocols 0 to 5, none of which runs anything: what is no plain value becomes a note.

They are those of the standard library's pickletools. What a pickle asks to import stays a `Global`, what it asks
to call goes to `Calls`, which knows a few functions by name and makes plain values of them.
"""

import codecs
import struct
from collections.abc import Callable

from initscope.core.errors import InputError
from initscope.core.weights.inert import Global, Unknown
from initscope.core.weights.machine import MAX_DIGITS, MAX_STEPS, Calls, Machine
from initscope.core.weights.mapped import MAX_NAME, Span

DAMAGE = (LookupError, struct.error, ValueError, TypeError, ArithmeticError, AttributeError)
STOP = ord(".")
MAX_KEY = 2**60
"""Larger numbers are held as text when they are keys: they could be chosen to have one hash, and cost a minute each."""


def run(where: str, source: Span, at: int, calls: Calls) -> tuple[object, int]:
    """The value of the pickle at byte `at`, and the byte after its end. Raises InputError, beginning with `where`."""
    machine = Machine(where, source, at, calls)
    try:
        return _run(machine), machine.at
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(f"{where}: a damaged pickle at byte {machine.at:,} ({type(error).__name__})") from None


def _run(machine: Machine) -> object:
    budget, data = machine.calls.budget, machine.data
    while budget.steps > 0:
        budget.steps -= 1
        if machine.at >= len(data):
            raise machine.error("the pickle has no end: cut short; copy it again")
        code = data[machine.at]
        machine.at += 1
        if code == STOP:
            return machine.stack.pop()
        step = STEPS.get(code)
        if step is None:
            raise machine.error(f"no instruction of a pickle has the code {code}")
        step(machine)
    raise machine.error(f"more than {MAX_STEPS:,} instructions of pickles; save only the weights")


def key_of(machine: Machine, key: object) -> object:
    """A key as it can be held: plain ones as they are, for others one of their own. Tuples must be flat."""
    if isinstance(key, tuple):
        if len(key) > 8 or not all(isinstance(part, str | int | None) for part in key):
            raise machine.error("a key of a dictionary that is no name or number")
        return tuple(key_of(machine, part) for part in key)
    if isinstance(key, Span):
        if key.size > MAX_NAME:
            raise machine.error("a key of a dictionary that is too long to be a name")
        return str(key.data, "latin-1")
    if isinstance(key, list | dict):
        raise machine.error(f"a key of a dictionary that is a {type(key).__name__}")
    if isinstance(key, float | int) and not abs(key) < MAX_KEY:
        return str(key)
    return key


def push(machine: Machine, value: object) -> None:
    machine.stack.append(value)


def text_number(machine: Machine) -> None:
    """INT and LONG: 'I01' and 'I00' are truth values."""
    raw = bytes(machine.line(MAX_DIGITS + 2))
    if raw in (b"00", b"01"):
        push(machine, raw == b"01")
    else:
        push(machine, int(raw.rstrip(b"L")))


def long_number(machine: Machine, size: int) -> None:
    raw = machine.take(size)
    if size > MAX_DIGITS:
        raise machine.error(f"a whole number of {size:,} bytes")
    push(machine, int.from_bytes(raw, "little", signed=True))


def string(machine: Machine) -> None:
    """STRING: a literal of Python 2, which is text or bytes."""
    raw = machine.line()
    if len(raw) < 2 or raw[0] != raw[-1] or raw[0] not in b"\"'":
        raise machine.error("a text without its quotes")
    plain = codecs.escape_decode(bytes(raw[1:-1]))[0]
    push(machine, str(plain, "latin-1") if len(plain) <= 256 else Span(None, memoryview(plain)))


def old_bytes(machine: Machine, size: int) -> None:
    """BINSTRING: text or bytes of Python 2."""
    push(machine, str(machine.take(size), "latin-1") if size <= 256 else machine.span(size))


def append(machine: Machine, values: list[object]) -> None:
    target = machine.stack[-1]
    if isinstance(target, Unknown):
        target = target.elements
    if not isinstance(target, list):
        raise machine.error(f"something is added to a {type(target).__name__}, which is no list")
    target.extend(values)


def set_items(machine: Machine, items: list[object]) -> None:
    target = machine.stack[-1]
    if isinstance(target, Unknown):
        target = target.items
    if not isinstance(target, dict) or len(items) % 2:
        raise machine.error(f"something is named in a {type(target).__name__}, which is no dictionary")
    for key, value in zip(items[::2], items[1::2], strict=True):
        target[key_of(machine, key)] = value


def dictionary(machine: Machine) -> None:
    items = machine.to_mark()
    push(machine, {})
    set_items(machine, items)


def top(machine: Machine, count: int) -> None:
    """TUPLE1 to TUPLE3."""
    values = machine.stack[-count:]
    if len(values) < count:
        raise machine.error("a tuple of more than there is")
    machine.stack[-count:] = [tuple(values)]


def call(machine: Machine, with_words: bool = False) -> None:
    """REDUCE, NEWOBJ and NEWOBJ_EX."""
    if with_words:
        machine.stack.pop()
    args, function = machine.stack.pop(), machine.stack.pop()
    push(machine, machine.calls.call(function, args))


def call_marked(machine: Machine, named: bool) -> None:
    """INST, which names its class in two lines, and OBJ, which has it after the mark."""
    values = machine.to_mark()
    function = global_lines(machine) if named else values.pop(0)
    push(machine, machine.calls.call(function, tuple(values)))


def global_lines(machine: Machine) -> Global:
    module, name = (str(machine.line(500), "utf-8") for _ in range(2))
    return machine.globally(module, name)


def stack_global(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    push(machine, machine.globally(module, name))


def build(machine: Machine) -> None:
    state = machine.stack.pop()
    machine.calls.build(machine.stack[-1], state)


def mark(machine: Machine) -> None:
    machine.marked.append(machine.stack)
    machine.stack = []


def pop(machine: Machine) -> None:
    """POP takes a mark too, if nothing lies on it."""
    if machine.stack:
        machine.stack.pop()
    else:
        machine.stack = machine.marked.pop()


def refused(what: str) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        raise machine.error(what)

    return step


def keep(machine: Machine, place: int) -> None:
    machine.memo[place] = machine.stack[-1]


def persistent(machine: Machine, key: object) -> None:
    push(machine, machine.calls.persistent(key))


def popped_pair(machine: Machine) -> list[object]:
    value, key = machine.stack.pop(), machine.stack.pop()
    return [key, value]


ELSEWHERE = refused("its numbers lie outside the file; save it with protocol 4 or with np.savez(path, *weights)")
REGISTERED = refused("it names classes by numbers of a registry (copyreg.add_extension), which is not read")
STEPS: dict[int, Callable[[Machine], object]] = {
    ord("("): mark,
    ord("0"): pop,
    ord("1"): lambda m: m.to_mark(),
    ord("2"): lambda m: push(m, m.stack[-1]),
    ord("F"): lambda m: push(m, float(bytes(m.line(100)))),
    ord("I"): text_number,
    ord("L"): text_number,
    ord("J"): lambda m: push(m, m.number("<i")),
    ord("K"): lambda m: push(m, m.number("<B")),
    ord("M"): lambda m: push(m, m.number("<H")),
    ord("N"): lambda m: push(m, None),
    ord("P"): lambda m: persistent(m, str(m.line(500), "utf-8")),
    ord("Q"): lambda m: persistent(m, m.stack.pop()),
    ord("R"): call,
    ord("S"): string,
    ord("T"): lambda m: old_bytes(m, m.number("<i")),
    ord("U"): lambda m: old_bytes(m, m.number("<B")),
    ord("V"): lambda m: push(m, m.decoded(m.line(), "raw-unicode-escape")),
    ord("X"): lambda m: push(m, m.decoded(m.take(m.number("<I")))),
    ord("a"): lambda m: append(m, [m.stack.pop()]),
    ord("b"): build,
    ord("c"): lambda m: push(m, global_lines(m)),
    ord("d"): dictionary,
    ord("}"): lambda m: push(m, {}),
    ord("e"): lambda m: append(m, m.to_mark()),
    ord("g"): lambda m: push(m, m.memo[int(bytes(m.line(MAX_DIGITS)))]),
    ord("h"): lambda m: push(m, m.memo[m.number("<B")]),
    ord("i"): lambda m: call_marked(m, named=True),
    ord("j"): lambda m: push(m, m.memo[m.number("<I")]),
    ord("l"): lambda m: push(m, m.to_mark()),
    ord("]"): lambda m: push(m, []),
    ord("o"): lambda m: call_marked(m, named=False),
    ord("p"): lambda m: keep(m, int(bytes(m.line(MAX_DIGITS)))),
    ord("q"): lambda m: keep(m, m.number("<B")),
    ord("r"): lambda m: keep(m, m.number("<I")),
    ord("s"): lambda m: set_items(m, popped_pair(m)),
    ord("t"): lambda m: push(m, tuple(m.to_mark())),
    ord(")"): lambda m: push(m, ()),
    ord("u"): lambda m: set_items(m, m.to_mark()),
    ord("G"): lambda m: push(m, struct.unpack(">d", m.take(8))[0]),
    ord("B"): lambda m: push(m, m.span(m.number("<I"))),
    ord("C"): lambda m: push(m, m.span(m.number("<B"))),
    0x80: lambda m: m.take(1),
    0x81: call,
    0x82: REGISTERED,
    0x83: REGISTERED,
    0x84: REGISTERED,
    0x85: lambda m: top(m, 1),
    0x86: lambda m: top(m, 2),
    0x87: lambda m: top(m, 3),
    0x88: lambda m: push(m, True),
    0x89: lambda m: push(m, False),
    0x8A: lambda m: long_number(m, m.number("<B")),
    0x8B: lambda m: long_number(m, m.number("<i")),
    0x8C: lambda m: push(m, m.decoded(m.take(m.number("<B")))),
    0x8D: lambda m: push(m, m.decoded(m.take(m.number("<Q")))),
    0x8E: lambda m: push(m, m.span(m.number("<Q"))),
    0x8F: lambda m: push(m, []),
    0x90: lambda m: append(m, m.to_mark()),
    0x91: lambda m: push(m, tuple(m.to_mark())),
    0x92: lambda m: call(m, with_words=True),
    0x93: stack_global,
    0x94: lambda m: keep(m, len(m.memo)),
    0x95: lambda m: m.take(8),
    0x96: lambda m: push(m, m.span(m.number("<Q"))),
    0x97: ELSEWHERE,
    0x98: ELSEWHERE,
}
"""What each instruction does, by its code."""
