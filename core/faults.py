"""What went wrong on a disk, in words for people."""

import errno
from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[int, str] = MappingProxyType(
    {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the disk is read-only",
        errno.EACCES: "there is no permission for it",
        errno.EPERM: "there is no permission for it",
        errno.EFBIG: "the file would be larger than files may be (ulimit -f)",
        errno.EMFILE: "too many files are open",
        errno.ENFILE: "too many files are open",
        errno.ENOENT: "the folder is gone",
        errno.ENOTDIR: "it is not a folder",
        errno.ESTALE: "the folder is gone",
        errno.EIO: "the disk reports an error",
        errno.ENOLCK: "files cannot be locked there",
        errno.ENOTSUP: "files cannot be locked there",
    }
)


def words(error: OSError) -> str:
    """`the disk is full`, or what the system says."""
    return WORDS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__
