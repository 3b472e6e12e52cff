"""The few functions that saved weights need, by the names pickles give them; all others stay notes."""

import re
from collections.abc import Callable
from typing import TypeGuard

import numpy as np

from initscope.core.errors import InputError
from initscope.core.plural import plural
from initscope.core.weights.dtypes import STORED, Stored, of_numpy
from initscope.core.weights.inert import Global, NumberType, NumpyArray, Storage, Unknown, View
from initscope.core.weights.machine import Budget, LongText
from initscope.core.weights.mapped import Span
from initscope.core.weights.tensor import MAX_AXES

STORAGES = {
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
}
"""PyTorch's classes of storages, without their ending, and what they hold."""
UNTYPED = ("torch.storage.UntypedStorage", "torch.UntypedStorage", "torch.storage._UntypedStorage")
MAX_SHORT = 256
"""What Python 2 wrote and is longer, in bytes, is kept as bytes by the machine."""
NUMBERS = re.compile(r"[<>=|]?(\?|[biufc][0-9]{1,2})")


class KnownCalls:
    """Makes plain values of a pickle's wishes: dictionaries, arrays, tensors. Raises InputError where they are broken.

    `find_storage` says where the numbers of a PyTorch storage lie, from its class, key and count; `unpack_storage`
    reads one that was pickled as bytes inside.
    """

    def __init__(
        self,
        where: str,
        find_storage: Callable[[Storage], None] | None = None,
        unpack_storage: "Callable[[Span, Budget], Storage] | None" = None,
        budget: Budget | None = None,
        big_endian: bool = False,
    ) -> None:
        self.where = where
        self.budget = budget or Budget()
        self.storages: dict[str, Storage] = {}
        self.find_storage = find_storage
        self.unpack_storage = unpack_storage
        self.big_endian = big_endian
        self.decoded: dict[int, LongText] = {}

    def call(self, function: object, args: object) -> object:
        if not isinstance(function, Global):
            return Unknown("something that is made while it is read", args)
        if function.name == "torch.storage._load_from_bytes" and self.unpack_storage and isinstance(args, tuple):
            span = as_bytes(args[0])
            return Unknown(function.name, args) if span is None else self.unpack_storage(span, self.budget)
        known = KNOWN.get(function.name)
        if known is None or not isinstance(args, tuple):
            return Unknown(function.name, args)
        try:
            return known(self, *args)
        except InputError:
            raise
        except (TypeError, ValueError, LookupError):
            raise InputError(f"{self.where}: damaged: {function.name} cannot be called with what is there") from None

    def build(self, target: object, state: object) -> None:
        if isinstance(target, Unknown):
            target.state = state
        elif isinstance(target, NumpyArray):
            fill(self, target, state)
        elif isinstance(target, NumberType) and target.code and isinstance(state, tuple) and len(state) > 1:
            target.stored = number_type((as_text(state[1]) or "") + target.code.lstrip("<>=|"))

    def persistent(self, key: object) -> object:
        """('storage', class, key, place, count, part of another or None), as torch.save writes it.

        Or ('module', class, file, its program): where older files keep a class.
        """
        if self.find_storage is None:
            raise InputError(f"{self.where}: keeps things outside the file (a persistent id), which are not known")
        if isinstance(key, tuple) and len(key) == 4 and as_text(key[0]) == "module":
            return key[1]
        if not isinstance(key, tuple) or len(key) not in (5, 6) or as_text(key[0]) != "storage":
            raise InputError(f"{self.where}: damaged: a storage is named by something that is not its name")
        kind, name, count = key[1], as_text(key[2]), key[4]
        if not isinstance(kind, Global) or name is None or not is_count(count):
            raise InputError(f"{self.where}: damaged: a storage without class, key or count")
        if len(key) == 6 and key[5] is not None:
            raise InputError(f"{self.where}: was saved by PyTorch before 0.4; load it with PyTorch and save it again")
        stored = self.storage_type(kind.name)
        there = self.storages.get(name)
        if there is None:
            there = self.storages[name] = Storage(name, stored, count)
            self.find_storage(there)
        elif there.count != count or there.stored != stored:
            has = plural(there.count, "value")
            raise InputError(f"{self.where}: damaged: storage {name[:80]!r} has {has} and {count}")
        return there

    def storage_type(self, name: str) -> Stored | None:
        """What a class of storages holds; None for bytes of no type."""
        if name in UNTYPED:
            return None
        kind = STORAGES.get(name.removeprefix("torch.").removesuffix("Storage"))
        if kind is None or not name.endswith("Storage"):
            raise InputError(f"{self.where}: a '{name[:80]}' is no storage that is known; save as float32")
        return self.ordered(STORED[kind])

    def ordered(self, stored: Stored) -> Stored:
        return stored.swapped() if self.big_endian else stored


def as_text(value: object) -> str | None:
    """Text, also where Python 2 wrote it as bytes."""
    if isinstance(value, Span) and value.size <= 500 and not isinstance(value, LongText):
        return str(value.data, "latin-1")
    return value if isinstance(value, str) else None


def as_bytes(value: object) -> Span | None:
    """Bytes, also where Python 2 wrote them as text."""
    if isinstance(value, str) and len(value) <= MAX_SHORT:
        try:
            return Span(None, memoryview(value.encode("latin-1")))
        except UnicodeEncodeError:
            return None
    return value if isinstance(value, Span) and not isinstance(value, LongText) else None


def is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def counts(value: object) -> tuple[int, ...]:
    """A shape or strides. Raises ValueError."""
    parts = value if isinstance(value, tuple | list) else (value,)
    whole = tuple(part for part in parts[: MAX_AXES + 1] if is_count(part))
    if len(whole) != len(parts) or len(parts) > MAX_AXES:
        raise ValueError
    return whole


def number_type(code: str) -> Stored | None:
    """'<f4' as a type; None where it is not one of numbers."""
    if not NUMBERS.fullmatch(code):
        return None
    try:
        return of_numpy("", np.dtype(code))
    except (TypeError, InputError):
        return None


def dtype(calls: KnownCalls, kind: object, *rest: object) -> object:
    """numpy.dtype('f4', False, True); ml_dtypes gives its class."""
    if isinstance(kind, Global):
        return NumberType("", STORED.get(kind.name.removeprefix("ml_dtypes.")))
    code = as_text(kind) or ""
    return NumberType(code, number_type(code))


def fill(calls: KnownCalls, target: NumpyArray, state: object) -> None:
    """numpy.ndarray.__setstate__: (version, shape, dtype, Fortran order, bytes or list of objects)."""
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise InputError(f"{calls.where}: damaged: an array without shape, type and numbers")
    shape, kind, fortran, data = state[-4:]
    held = data if isinstance(data, list) else as_bytes(data)
    if held is None or not isinstance(kind, NumberType):
        raise InputError(f"{calls.where}: damaged: an array whose numbers are no bytes")
    try:
        target.shape = counts(shape)
    except ValueError:
        raise InputError(f"{calls.where}: damaged: an array whose shape is no list of counts") from None
    target.type, target.fortran, target.data = kind, fortran is True or fortran == 1, held


def from_buffer(calls: KnownCalls, data: object, kind: object, shape: object, order: object, *rest: object) -> object:
    """numpy's _frombuffer, of protocol 5."""
    target = NumpyArray()
    fill(calls, target, (shape, kind, as_text(order) == "F", data))
    return target


def jax_array(calls: KnownCalls, function: object, args: object, state: object, *rest: object) -> object:
    """A JAX array, which keeps a NumPy one."""
    made = calls.call(function, args)
    calls.build(made, state)
    return made


def encode(calls: KnownCalls, text: object, encoding: object = "utf-8", *rest: object) -> object:
    """_codecs.encode(text, 'latin1'): how protocols 0 to 2 write bytes. Each text of the file is turned once."""
    if as_text(encoding) not in ("latin1", "latin-1") or not isinstance(text, str | LongText):
        raise ValueError
    if isinstance(text, str):
        calls.budget.text -= len(text)
        if calls.budget.text < 0:
            raise InputError(f"{calls.where}: repeats its texts; save the weights with np.savez(path, *weights)")
        return Span(None, memoryview(text.encode("latin-1")))
    if id(text) in calls.decoded:
        raise InputError(f"{calls.where}: repeats a long text; save the weights with np.savez(path, *weights)")
    calls.decoded[id(text)] = text
    return Span(None, memoryview(str(text.data, "utf-8").encode("latin-1")))


def no_bytes(calls: KnownCalls) -> object:
    """bytes(): how protocols 0 to 2 write none."""
    return Span(None, memoryview(b""))


def tensor(calls: KnownCalls, storage: object, offset: object, shape: object, strides: object, *rest: object) -> object:
    """torch._utils._rebuild_tensor and _rebuild_tensor_v2."""
    stored = storage.stored if isinstance(storage, Storage) else None
    if not isinstance(storage, Storage) or stored is None or not is_count(offset):
        raise ValueError
    return View(storage, stored, offset, counts(shape), counts(strides))


def typed_tensor(
    calls: KnownCalls, storage: object, offset: object, shape: object, strides: object,
    grad: object, hooks: object, kind: object, *rest: object,
) -> object:  # fmt: skip
    """torch._utils._rebuild_tensor_v3: the type is given, the storage holds bytes."""
    if not isinstance(storage, Storage) or not is_count(offset) or not isinstance(kind, Global):
        raise ValueError
    stored = STORED.get(kind.name.removeprefix("torch."))
    if stored is None:
        raise InputError(f"{calls.where}: tensors of type '{kind.name[:80]}', which is not known; save them as float32")
    return View(storage, calls.ordered(stored), offset, counts(shape), counts(strides))


def first(calls: KnownCalls, value: object = None, *rest: object) -> object:
    """What is only wrapped: torch.nn.Parameter and its like."""
    return value


def subclass(calls: KnownCalls, function: object, kind: object, args: object, *rest: object) -> object:
    """torch._tensor._rebuild_from_type_v2: a tensor of a class of its own, or with attributes."""
    return calls.call(function, args)


def ordered(calls: KnownCalls, pairs: object = (), *rest: object) -> object:
    """collections.OrderedDict, in protocol 2 of Python 2 with its pairs."""
    made: dict[object, object] = {}
    pairs = pairs if isinstance(pairs, list | tuple) else ()
    calls.budget.steps -= len(pairs)  # one list could be turned again and again
    for pair in pairs[: max(0, calls.budget.steps)]:
        key, value = pair
        name = as_text(key)
        made[key if name is None and isinstance(key, int) else str(name)] = value
    return made


def as_tuple(calls: KnownCalls, values: object = (), *rest: object) -> object:
    return counts(values)


def made_of(calls: KnownCalls, kind: object, *rest: object) -> object:
    """copyreg._reconstructor(class, object, None): an object of protocols 0 and 1."""
    return Unknown(kind.name if isinstance(kind, Global) else "object", ())


def empty_array(calls: KnownCalls, *rest: object) -> object:
    return NumpyArray()


def _numpy(name: str) -> tuple[str, ...]:
    return f"numpy.core.{name}", f"numpy._core.{name}"


KNOWN: dict[str, Callable[..., object]] = {
    "collections.OrderedDict": ordered,
    "collections.defaultdict": lambda calls, *rest: {},
    "torch.Size": as_tuple,
    **dict.fromkeys(("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"), tensor),
    "torch._utils._rebuild_tensor_v3": typed_tensor,
    **dict.fromkeys(("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"), first),
    **dict.fromkeys(("torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"), first),
    "torch._tensor._rebuild_from_type_v2": subclass,
    "numpy.dtype": dtype,
    **dict.fromkeys(_numpy("multiarray._reconstruct"), empty_array),
    **dict.fromkeys(_numpy("numeric._frombuffer"), from_buffer),
    "jax._src.array._reconstruct_array": jax_array,
    "_codecs.encode": encode,
    **dict.fromkeys(("__builtin__.bytes", "builtins.bytes"), no_bytes),
    **dict.fromkeys(("copy_reg._reconstructor", "copyreg._reconstructor"), made_of),
}
