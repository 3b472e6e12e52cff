"""Data sets that everybody knows: whose they are, where they are downloaded, and which file is the right one.

Where sha256 sums come from: those of the unpacked MNIST files were computed from the data itself; the others are
those that TensorFlow Datasets publishes (tensorflow_datasets/url_checksums/{fashion_mnist,cifar10}.txt).
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from initscope.core.datasets import datafiles, idx
from initscope.core.datasets.contents import Contents
from initscope.core.datasets.folders import data_folders
from initscope.core.errors import InputError


@dataclass(frozen=True)
class RemoteFile:
    """A file to download, and the sha256 of it as it is or of what it unpacks to."""

    name: str
    sha256: str
    unpacked: bool = False
    """Whether the sum is of the content behind the gzip, which every mirror has alike."""


@dataclass(frozen=True)
class Published:
    """A known data set."""

    name: str
    description: str
    credit: str
    mirrors: tuple[str, ...]
    """Addresses before a file's name, best first."""
    files: tuple[RemoteFile, ...]
    total: int
    """Bytes to download, about."""
    places: tuple[str, ...]
    """Where in a data folder it may lie, the first that exists is taken; NAME.npz comes before."""
    shape: tuple[int, ...]
    """Of all examples for training."""
    class_names: tuple[str, ...] = ()
    test_examples: int = 10_000


_FASHION = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def _idx_files(*sums: str, unpacked: bool) -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(f"{stem}.gz", s, unpacked) for stem, s in zip(idx.STEMS.values(), sums, strict=True))


PUBLISHED: dict[str, Published] = {
    known.name: known
    for known in (
        Published(
            "mnist",
            "70,000 handwritten digits of 28x28 pixels, to be fetched",
            "MNIST (Y. LeCun, C. Cortes, C. Burges)",
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "http://yann.lecun.com/exdb/mnist/",
            ),
            _idx_files(
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                unpacked=True,
            ),
            11_594_722,
            ("mnist", "MNIST/raw", "."),
            (60000, 28, 28),
        ),
        Published(
            "fashion_mnist",
            "70,000 articles of clothing of 28x28 pixels, to be fetched",
            "Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf; Zalando SE; MIT)",
            (
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            ),
            _idx_files(
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                unpacked=False,
            ),
            30_878_645,
            ("fashion_mnist", "FashionMNIST/raw"),
            (60000, 28, 28),
            _FASHION,
        ),
        Published(
            "cifar10",
            "60,000 colour pictures of 32x32 pixels, 10 classes, to be fetched",
            "CIFAR-10 (A. Krizhevsky, V. Nair, G. Hinton)",
            (
                "https://www.cs.toronto.edu/~kriz/",
                "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
            ),
            (
                RemoteFile(
                    "cifar-10-binary.tar.gz", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
                ),
            ),
            170_052_171,
            (
                "cifar10/cifar-10-batches-bin",
                "cifar10/cifar-10-binary.tar.gz",
                "cifar-10-batches-bin",
                "cifar-10-binary.tar.gz",
                "cifar10",
            ),
            (50000, 32, 32, 3),
        ),
    )
}


def find(known: Published) -> Path | None:
    """The file or folder of a data folder that has it."""
    for folder in data_folders():
        if os.path.exists(folder / f"{known.name}.npz"):
            return folder / f"{known.name}.npz"
        for place in known.places:
            path = folder / place
            if _holds(path, known):
                return path
    return None


def _holds(path: Path, known: Published) -> bool:
    if os.path.isfile(path):
        return True
    try:
        names = os.listdir(path)
    except (OSError, ValueError):
        return False
    if len(known.files) > 1:
        return any(name.removesuffix(".gz").replace(".idx", "-idx") in idx.STEMS.values() for name in names)
    return any(name.startswith("data_batch_") for name in names)


def by_hand(known: Published, folder: Path) -> str:
    """What to do without a network, in one sentence."""
    names = " ".join(file.name for file in known.files)
    npz = f", or {known.name}.npz (x_train, y_train, x_test, y_test) into '{folder}'" if len(known.files) > 1 else ""
    return (
        f"by hand: on a machine with a network download {names} from {' or '.join(known.mirrors[:2])} "
        f"and put {'them' if len(known.files) > 1 else 'it'} into '{folder / known.name}'{npz}"
    )


def read(known: Published) -> Contents:
    """The data set from a data folder. Raises InputError with what to do where it is not there."""
    path = find(known)
    if path is None:
        folders = data_folders()
        places = " and ".join(f"'{folder}'" for folder in folders)
        raise InputError(
            f"{known.name} is not in {places}: fetch it with `initscope data fetch {known.name}`, put "
            f"{known.name}.npz or its own files there, or set INITSCOPE_DATA_DIR to the folder that has them. "
            "--data digits needs no download"
        )
    contents = datafiles.read(path, {})[0]
    names = known.class_names or contents.class_names
    return replace(contents, title=f"{known.credit}; {contents.title}", class_names=names)
