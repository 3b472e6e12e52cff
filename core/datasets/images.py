"""A folder of class folders of pictures: cats/1.jpg, dogs/1.jpg, or train/cats/1.jpg and test/cats/1.jpg."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from initscope.core.datasets.contents import Array, Contents, Part, Rows, two_parts
from initscope.core.datasets.npzfile import MAX_CLASSES
from initscope.core.errors import InputError
from initscope.core.files import MAX_NAMES, MAX_VALUES, listing, size_of_regular

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")
"""What is decoded. Not EPS and the like, for which Pillow would run another program."""
GRAY = ("1", "L", "LA", "I;16", "I")
MAX_PIXELS = 2**26
"""The most pixels of one picture, which must be decoded whole before it can be made smaller."""
TRAIN, TEST = ("train", "training"), ("test", "testing", "val", "valid", "validation")


@dataclass(frozen=True)
class Pictures:
    """Pictures of one shape, decoded when they are asked for: bytes (n, height, width) or (n, height, width, 3)."""

    files: tuple[Path, ...]
    example: tuple[int, ...]
    resized: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.files), *self.example)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.files)

    def rows(self, rows: Rows) -> Array:
        """(len(rows), ...) pictures. Raises InputError for one that is damaged, or if they are too many."""
        values = len(rows) * int(np.prod(self.example))
        if values > MAX_VALUES:
            raise InputError(
                f"{self.files[0].parent.parent}: {len(rows):,} pictures of {'x'.join(map(str, self.example))} "
                f"are {values:,} values; at most {MAX_VALUES:,} can be loaded: make them smaller (size=32) "
                "or fewer (limit=1000)"
            )
        pixels = np.empty((len(rows), *self.example), np.uint8)
        for place, row in enumerate(rows):
            pixels[place] = self._decode(self.files[row])
        return pixels

    def _decode(self, path: Path) -> Array:
        from PIL import Image

        height, width = self.example[:2]
        mode = "L" if len(self.example) == 2 else "RGB"
        with _opened(path) as picture:
            if picture.mode.startswith("I"):  # 16 bits a pixel, which `convert` would cut off at 255
                wide = np.asarray(picture, np.int64)
                picture = Image.fromarray((wide >> 8).clip(0, 255).astype(np.uint8))
            elif self.resized:
                picture.draft(mode, (width, height))  # a JPEG is decoded at less than its full size
            picture = picture.convert(mode)
            if self.resized:
                picture = picture.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
            return np.asarray(picture)


@contextmanager
def _opened(path: Path) -> Iterator["Image"]:
    """A picture whose header has been read. Whatever is wrong with its file, here or later, is an InputError."""
    from PIL import Image

    size_of_regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd EXIF data and the like, which change no pixel
            with Image.open(path, formats=FORMATS) as picture:
                yield picture
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: does not fit in this machine's memory; take a smaller picture") from None
    except Exception as error:  # decoders raise OSError, ValueError, SyntaxError, struct.error, IndexError, ...
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: is not a picture that can be read ({reason}); replace or remove it") from None


def read_folder(folder: Path, size: int = 0) -> Contents:
    """The pictures of a folder's class folders; the sorted names of these are the classes.

    They must have one size unless `size` makes them all size x size. They are gray if all files are, else RGB.
    With subfolders train and test (or validation) these are the two parts, and both have the same classes.
    Raises InputError.
    """
    if find_spec("PIL") is None:
        raise InputError(f"{folder}: pictures need Pillow: pip install 'initscope[images]'")
    folders = listing(folder)[1]
    train, test = ([name for name in folders if name.lower() in names] for names in (TRAIN, TEST))
    split = len(train) == 1 and len(test) >= 1
    roots = [folder / train[0], folder / test[0]] if split else [folder]
    classes = _classes(roots[0])
    if split and _classes(roots[1]) != classes:
        raise InputError(f"{folder}: {train[0]} and {test[0]} have not the same class folders")
    found = [_files(root, classes) for root in roots]
    example = _example(folder, [path for files, _ in found for path in files], size)
    parts = [(Pictures(tuple(files), example, size > 0), y) for files, y in found]
    resized = f", resized to {size}x{size}" if size else ""
    title = f"{folder.name}: pictures{resized}"
    if split:
        return Contents(folder, title, two_parts(*parts), tuple(classes), split="split as in the folders")
    return Contents(folder, title, (Part(*parts[0]),), tuple(classes))


def _classes(root: Path) -> list[str]:
    classes = listing(root)[1]
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise InputError(
            f"{root}: is a directory with {len(classes):,} subfolders; pictures lie in a folder for each class, "
            f"such as {root / 'cats'} and {root / 'dogs'}, 2 to {MAX_CLASSES} of them"
        )
    return classes


def _files(root: Path, classes: Sequence[str]) -> tuple[list[Path], Array]:
    """The pictures of all classes, and their labels (n,)."""
    files: list[Path] = []
    labels: list[int] = []
    empty = []
    for label, name in enumerate(classes):
        own = [root / name / file for file in listing(root / name)[0] if file.lower().endswith(SUFFIXES)]
        if not own:
            empty.append(name)
        files += own
        labels += [label] * len(own)
        if len(files) > MAX_NAMES:
            raise InputError(f"{root}: holds more than {MAX_NAMES:,} pictures; make a smaller folder")
    if len(empty) == len(classes):
        raise InputError(f"{root}: is a directory in which no data set can be seen: no subfolder has pictures")
    if empty:
        raise InputError(
            f"{root}: class folder {empty[0]} has no pictures ({', '.join(SUFFIXES)}); fill it or remove it"
        )
    return files, np.array(labels, np.int64)


def _example(folder: Path, files: Sequence[Path], size: int) -> tuple[int, ...]:
    """The shape of one example. Raises InputError for sizes that differ and for pictures that are too large."""
    sizes: dict[tuple[int, int], Path] = {}
    gray = True
    for path in files:
        with _opened(path) as picture:
            width, height = picture.size
            gray = gray and picture.mode in GRAY
        if width * height > MAX_PIXELS:
            raise InputError(f"{path}: has {width} x {height} pixels; at most {MAX_PIXELS:,} are decoded")
        sizes.setdefault((width, height), path)
    if not size and len(sizes) > 1:
        (one, here), (other, there) = list(sizes.items())[:2]
        raise InputError(
            f"{folder}: pictures have {len(sizes):,} sizes, such as {one[0]}x{one[1]} ({here.relative_to(folder)}) and "
            f"{other[0]}x{other[1]} ({there.relative_to(folder)}); make them alike with size=32 after the name"
        )
    width, height = (size, size) if size else next(iter(sizes))
    return (height, width) if gray else (height, width, 3)
