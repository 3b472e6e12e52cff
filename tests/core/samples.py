"""Small data files of every format, written byte by byte as their definitions say."""

import gzip
import io
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def pictures(n: int, seed: int, shape: tuple[int, ...] = (4, 3)) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def labels(n: int, classes: int = 10) -> Array:
    return (np.arange(n) % classes).astype(np.uint8)


def idx(array: Array, code: int = 8) -> bytes:
    """Big-endian, as http://yann.lecun.com/exdb/mnist/ describes it."""
    sizes = b"".join(struct.pack(">I", size) for size in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def mnist_like(folder: Path, n: int = 40, m: int = 20, packed: bool = True) -> dict[str, bytes]:
    """The four files, and their unpacked content by name."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = (pictures(n, 0), labels(n), pictures(m, 1), labels(m))
    content = {name: idx(array) for name, array in zip(NAMES, arrays, strict=True)}
    for name, raw in content.items():
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(raw, mtime=0) if packed else raw)
    return content


def cifar_records(n: int, seed: int) -> tuple[Array, Array, bytes]:
    """Pictures (n, 32, 32, 3), labels, and the same as records: label, red plane, green plane, blue plane."""
    x, y = pictures(n, seed, (32, 32, 3)), labels(n)
    raw = b"".join(
        bytes([label]) + b"".join(image[:, :, colour].tobytes() for colour in range(3))
        for image, label in zip(x, y, strict=True)
    )
    return x, y, raw


def cifar_like(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, 6):
        (folder / f"data_batch_{number}.bin").write_bytes(cifar_records(10, number)[2])
    (folder / "test_batch.bin").write_bytes(cifar_records(10, 6)[2])


def tar_of(folder: Path, path: Path, **more: bytes) -> None:
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, arcname="cifar-10-batches-bin")
        for name, content in more.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
