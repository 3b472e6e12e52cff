"""From the plain values of a pickle to its tensors: names by their places, wrappings taken off."""

from dataclasses import dataclass, field

import numpy as np

from initscope.core.errors import InputError
from initscope.core.weights.dtypes import STORED
from initscope.core.weights.inert import NumpyArray, Storage, Unknown, View
from initscope.core.weights.mapped import MAX_NAME, Span, printable
from initscope.core.weights.tensor import MAX_TENSORS, Tensor, c_order, checked

MAX_DEPTH = 60
MAX_PLACES = 500_000
"""The most places of a nested structure that are looked at: parts that are shared count wherever they occur."""
WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "params", "weights")
"""Names under which people put the whole network; left off where nothing else holds tensors."""
NOT_WEIGHTS = ("optim", "scheduler", "lr_sched", "random_state", "rng", "grad_scaler", "loss_scaler")
"""How the names begin of what is saved beside the weights, if it is not a tensor itself."""
NEVER_WEIGHTS = ("rng_state", "cuda_rng_state", "torch_rng_state", "grads", "velocity", "momentum", "history", "amp")
SKLEARN = ("best_coefs", "best_intercepts", "label_binarizer", "classes_")
LARGEST_WHOLE = 2**53
"""Whole numbers below it are exact in float64."""
PARTS_OF_MODULE = ("_parameters", "_buffers", "_modules")


@dataclass
class Found:
    """Tensors in the order of the file, and what was not looked into."""

    tensors: list[Tensor] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    wrapper: str = ""


def collect(where: str, root: object) -> Found:
    """The tensors of what a pickle held. Raises InputError, beginning with `where`, if one cannot be had or none is."""
    found = Found()
    root = _unwrapped(root, found)
    _Walker(where, found).walk(root, "", 0)
    if not found.tensors:
        raise InputError(
            f"{where}: holds no tensors{_what_instead(root, found)}; save the weights with "
            "torch.save(model.state_dict(), path) or np.savez(path, *weights)"
        )
    return found


def found_in(where: str, root: object, name: str = "") -> Found:
    """The same, but maybe none; their names begin with `name`. Raises InputError if one cannot be had."""
    found = Found()
    _Walker(where, found).walk(_unwrapped(root, found), name, 0)
    return found


def _what_instead(root: object, found: Found) -> str:
    if isinstance(root, Unknown):
        return f", only an object of {printable(root.name)}"
    return f" besides {', '.join(found.left_out[:5])}" if found.left_out else ""


def _unwrapped(root: object, found: Found) -> object:
    """A checkpoint's network, without its optimizer: {'model': ..., 'optimizer': ...} and the like."""
    for _ in range(MAX_DEPTH):
        if not isinstance(root, dict):
            return root
        kept = {key: value for key, value in root.items() if not _is_other(key, value)}
        found.left_out += [printable(str(key)) for key in root if key not in kept]
        nested = [key for key, value in kept.items() if isinstance(value, dict | list | tuple | Unknown) and value]
        plain = any(isinstance(value, View | NumpyArray) for value in kept.values())
        names = [key for key in nested if isinstance(key, str) and key.lower() in WRAPPERS]
        if plain or len(names) != 1 or not all(key in names or _is_bare(kept[key]) for key in nested):
            return kept
        found.wrapper = printable(names[0])
        root = kept[names[0]]
    return root


def _is_other(key: object, value: object) -> bool:
    """Whether something is by its name no part of a network: what an optimizer keeps, random states."""
    if not isinstance(key, str):
        return False
    name = key.lower().lstrip("_")
    if name in (*NEVER_WEIGHTS, *SKLEARN):
        return True
    return name.startswith(NOT_WEIGHTS) and not isinstance(value, View | NumpyArray)


def _is_bare(value: object) -> bool:
    """Whether no tensor is in it, as far as one look shows."""
    if isinstance(value, Unknown):
        value = value.state if isinstance(value.state, dict) else ()
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
    return all(part is None or isinstance(part, str | int | float) for part in parts)


class _Walker:
    """Goes through a structure, in order, within limits of depth, places and tensors."""

    def __init__(self, where: str, found: Found) -> None:
        self.where = where
        self.found = found
        self.places = 0
        self.names: set[str] = set()
        self.inside: set[int] = set()

    def walk(self, value: object, name: str, depth: int) -> None:
        """Looks at a value and what is in it; a thing inside itself is passed over."""
        if id(value) in self.inside:
            return
        self.inside.add(id(value))
        self.look(value, name, depth)
        self.inside.discard(id(value))

    def count(self, places: int, depth: int = 0) -> None:
        self.places += places
        if depth > MAX_DEPTH or self.places > MAX_PLACES:
            raise InputError(
                f"{self.where}: is nested more than {MAX_DEPTH} deep or has more than {MAX_PLACES:,} places; "
                "save only the weights"
            )

    def look(self, value: object, name: str, depth: int) -> None:
        self.count(1, depth)
        if isinstance(value, View):
            self.add(of_view(self.where, name or "tensor", value))
        elif isinstance(value, NumpyArray):
            self.array(value, name, depth)
        elif isinstance(value, dict):
            self.entries(value, name, depth)
        elif isinstance(value, list | tuple):
            for number, part in enumerate(value):
                self.walk(part, self.join(name, number), depth + 1)
        elif isinstance(value, Unknown):
            self.thing(value, name, depth)

    def join(self, name: str, part: object) -> str:
        joined = f"{name}.{part}" if name else str(part)
        if len(joined) > MAX_NAME:
            raise InputError(f"{self.where}: a name of more than {MAX_NAME} characters: '{printable(joined[:60])}...'")
        return joined

    def entries(self, value: dict[object, object], name: str, depth: int) -> None:
        for key, part in value.items():
            label = key if isinstance(key, str | int) else type(key).__name__
            self.walk(part, self.join(name, label), depth + 1)

    def array(self, value: NumpyArray, name: str, depth: int) -> None:
        if isinstance(value.data, list):
            self.count(len(value.data))  # one list can be the numbers of many arrays
            if value.data and all(map(_is_number, value.data)):
                self.add(of_numbers(self.where, name or "array", value.shape, value.data))
            else:
                self.walk(value.data, name, depth + 1)
        elif value.type is None or value.type.stored is None:
            self.found.left_out.append(f"{printable(name)} (not numbers)")
        else:
            self.add(of_numpy(self.where, name or "array", value))

    def thing(self, value: Unknown, name: str, depth: int) -> None:
        """An object that was not made: the parts of a module of PyTorch, or whatever it keeps by name."""
        if _needs_tensors(value.args):
            raise InputError(
                f"{self.where}: '{printable(name)}' is made by {printable(value.name)}, which is not known and never "
                "run; save plain tensors, torch.save({name: t.detach().to_dense().float() for ...}, path)"
            )
        state = value.state
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
            state = state[0] if isinstance(state[0], dict) and state[0] else state[1]  # with __slots__
        if isinstance(state, dict) and "_parameters" in state:
            for part in PARTS_OF_MODULE:
                if isinstance(inside := state.get(part), dict):
                    self.entries(inside, name, depth)
        elif isinstance(state, dict):
            self.entries({key: part for key, part in state.items() if not _is_other(key, part)}, name, depth)
        self.entries(value.items, name, depth)
        self.walk(value.elements, name, depth + 1)

    def add(self, tensor: Tensor) -> None:
        if tensor.name in self.names:
            raise InputError(f"{self.where}: two tensors are named '{tensor.name}'")
        if len(self.names) == MAX_TENSORS:
            raise InputError(f"{self.where}: holds more than {MAX_TENSORS:,} tensors")
        self.names.add(tensor.name)
        self.found.tensors.append(tensor)


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST_WHOLE)


def _needs_tensors(args: object) -> bool:
    """Whether tensors are among the arguments, or in lists among them."""
    parts = args if isinstance(args, tuple | list) else ()
    inner = [piece for part in parts[:50] if isinstance(part, tuple | list) for piece in part[:50]]
    return any(isinstance(part, View | Storage) for part in (*parts[:50], *inner))


def of_view(where: str, name: str, view: View) -> Tensor:
    """A PyTorch tensor. Raises InputError unless all of it lies in its storage."""
    source = view.storage.source
    if source is None:
        raise InputError(f"{where}: damaged: the numbers of '{printable(name)}' are not in the file")
    start = view.offset * view.stored.itemsize
    return checked(where, name, view.shape, view.stored, source, start, view.strides)


def of_numbers(where: str, name: str, shape: tuple[int, ...], values: list[object]) -> Tensor:
    """An array of Python numbers, as NumPy makes of matrices of one shape if it is told to make objects of them."""
    held = np.array(values, dtype="<f8").tobytes()
    return checked(where, name, shape, STORED["float64"], Span(None, memoryview(held)))


def of_numpy(where: str, name: str, array: NumpyArray) -> Tensor:
    """A NumPy array. Raises InputError unless its bytes are as many as its shape needs."""
    if not isinstance(array.data, Span) or array.type is None or array.type.stored is None:
        raise InputError(f"{where}: '{printable(name)}' is no array of numbers")
    strides = c_order(array.shape[::-1])[::-1] if array.fortran else None
    tensor = checked(where, name, array.shape, array.type.stored, array.data, 0, strides)
    if tensor.nbytes != array.data.size:
        raise InputError(
            f"{where}: damaged: '{tensor.name}' of shape {array.shape} needs {tensor.nbytes:,} bytes, "
            f"{array.data.size:,} are there"
        )
    return tensor
