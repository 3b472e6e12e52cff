"""Files that hold weights in a form that is not read, or none at all, and what to do about each."""

TENSORFLOW = "load it with TensorFlow and save model.save('name.keras') or np.savez(path, *model.get_weights())"
ONNX = "in Python: np.savez(path, **{t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(FILE).graph.initializer})"
GGUF = "its weights are quantized for inference; check the .safetensors files it was made from"
FLAX = "in Python: flax.serialization.msgpack_restore(bytes), then save the flattened arrays with np.savez"
SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"GGUF", "a GGUF file", GGUF),
    (b"ggjt", "a GGML file", GGUF),
    (b"lmgg", "a GGML file", GGUF),
    (b"\x1f\x8b", "packed with gzip", "unpack it with gunzip first"),
    (b"BZh", "packed with bzip2", "unpack it with bunzip2 first"),
    (b"\xfd7zXZ", "packed with xz", "unpack it with xz -d first"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it with zstd -d first"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"version https://git-lfs", "only a pointer of Git LFS, not the weights", "fetch them with git lfs pull"),
    (b"MATLAB 5.0", "a MATLAB file", "load it with scipy.io.loadmat and save its arrays with np.savez(path, W1=...)"),
    (b"model_checkpoint_path", "the list of a TensorFlow checkpoint, without weights", TENSORFLOW),
    (b"<!DOCTYPE", "a web page, not weights", "download the file itself"),
    (b"<!doctype", "a web page, not weights", "download the file itself"),
    (b"<html", "a web page, not weights", "download the file itself"),
)
LEVELDB = bytes.fromhex("57fb808b247547db")
"""The last bytes of a TensorFlow .index file, a table of LevelDB."""
ONNX_FIELDS = (0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42)
"""What follows the version of an ONNX model: the key of another field of the message."""


def why_not(name: str, start: bytes, end: bytes) -> str | None:
    """What a file is that is not read, and what to do, in one sentence; None if nothing is known of it."""
    for sign, what, remedy in SIGNS:
        if start.startswith(sign):
            return f"is {what}; {remedy}"
    if start[257:262] == b"ustar":
        return "is a tar archive (or PyTorch from before 0.1.10); unpack it first"
    if start[4:8] == b"TFL3":
        return f"is a TensorFlow Lite model; {TENSORFLOW}"
    if end.endswith(LEVELDB) or ".data-0" in name or name.endswith(".ckpt.meta"):
        return f"is part of a TensorFlow checkpoint; {TENSORFLOW}"
    if name.endswith(".pb"):
        return f"is a graph of TensorFlow; {TENSORFLOW}"
    if name.endswith(".onnx") or _is_onnx(start):
        return f"is an ONNX model; {ONNX}"
    if name.endswith(".msgpack") or (b"\x81" <= start[:1] <= b"\x8f" and b"\xa1" <= start[1:2] <= b"\xbf"):
        return f"is msgpack, as Flax writes it; {FLAX}"
    return None


def _is_onnx(start: bytes) -> bool:
    return len(start) > 3 and start[0] == 8 and 1 < start[1] < 32 and start[2] in ONNX_FIELDS
