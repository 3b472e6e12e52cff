"""Opening a file of weights of any format that is read: what it is shows in its bytes, not in its name."""

from pathlib import Path

from initscope.core.datasets.npyfile import is_npy
from initscope.core.errors import InputError
from initscope.core.weights import foreign, jsonfile, keras, numpyfile, picklefile, safetensors, torchfile, zipdir
from initscope.core.weights.mapped import MappedFile
from initscope.core.weights.tensor import Weights

KNOWN = "known are .npy, .npz, .safetensors, .pt and .pth of PyTorch, .pkl, .h5 and .keras of Keras"


def open_weights(path: Path) -> Weights:
    """The weights of a file. Close them, or use them in a `with`.

    Nothing of the file is ever run or imported, and no numbers are read before they are asked for.
    Raises InputError where it is missing, damaged, not weights, or of a format that is not read.
    """
    file = MappedFile(path)
    try:
        return _read(file)
    except BaseException:
        file.close()
        raise


def _read(file: MappedFile) -> Weights:
    start, end = file.start(300), file.end(16)
    if is_npy(start):
        return numpyfile.read_one(file)
    if start.startswith((b"PK\3\4", b"PK\5\6")):
        return _read_zip(file)
    if keras.is_hdf5(start):
        return keras.read(file)
    if torchfile.is_legacy(start):
        return torchfile.read_legacy(file)
    if safetensors.begins(start, file.size):
        return safetensors.read(file)
    if (reason := foreign.why_not(file.path.name, start, end)) is not None:
        raise InputError(f"{file.path}: {reason}")
    if picklefile.is_pickle(start, end):
        return picklefile.read(file)
    if start.lstrip().startswith(b"{"):
        return jsonfile.read(file)
    raise InputError(f"{file.path}: is no file of weights that is known; {KNOWN}")


def _read_zip(file: MappedFile) -> Weights:
    members = zipdir.members(file)
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in members):
        return torchfile.read_zip(file, members)
    if keras.MEMBER in members:
        return keras.read_zip(file, members[keras.MEMBER])
    if any(name.endswith(".npy") for name in members):
        return numpyfile.read_many(file, members)
    names = ", ".join(list(members)[:4]) or "nothing"
    raise InputError(f"{file.path}: is a zip without weights that are known (it holds {names}); {KNOWN}")
