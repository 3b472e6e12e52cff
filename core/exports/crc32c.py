"""The checksum CRC-32C (Castagnoli; RFC 3720, appendix B.4), which TensorBoard's files are framed with."""

import numpy as np
from numpy.typing import NDArray

POLYNOMIAL = 0x82F63B78
"""Bits reversed, as the checksum runs from the lowest bit on."""
PIECE = 1024
"""Bytes that are taken together."""


def _tables() -> NDArray[np.uint32]:
    """(PIECE, 256): in row i what each byte leaves in the register when PIECE - 1 - i zero bytes follow it."""
    row = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        row = np.where(row & 1, row >> np.uint32(1) ^ np.uint32(POLYNOMIAL), row >> np.uint32(1))
    rows = [row]
    for _ in range(PIECE - 1):
        rows.append(rows[-1] >> np.uint32(8) ^ row[rows[-1] & np.uint32(0xFF)])
    return np.stack(rows[::-1])


_TABLES = _tables()
_COLUMN = np.arange(PIECE)


def crc32c(data: bytes) -> int:
    """The checksum is linear over XOR: a piece's is that of its bytes, each looked up by its place.

    The register goes into the first four bytes of the next piece.
    """
    register = np.uint32(0xFFFFFFFF)
    for start in range(0, len(data), PIECE):
        piece = np.frombuffer(data[start : start + PIECE].ljust(4, b"\0"), np.uint8).copy()
        length = min(PIECE, len(data) - start)
        piece[:4] ^= np.frombuffer(register.astype("<u4").tobytes(), np.uint8)
        rows = _COLUMN[PIECE - length :]
        register = np.bitwise_xor.reduce(_TABLES[rows, piece[:length]])
        if length < 4:  # what of the register has not met a byte yet
            register ^= np.uint32(int.from_bytes(piece[length:4].tobytes(), "little"))
    return int(register) ^ 0xFFFFFFFF
