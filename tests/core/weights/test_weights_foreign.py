"""Files of formats that are not read: each is recognised, and the way to convert it is said."""

from pathlib import Path

import pytest
from weightfiles import zipped

from initscope.core.errors import InputError
from initscope.core.weights import open_weights

CASES: list[tuple[str, bytes, str]] = [
    ("m.gguf", b"GGUF\3\0\0\0" + b"\0" * 40, "GGUF.*safetensors"),
    ("m.onnx", b"\x08\x07\x12\x07pytorch\x1a\x052.0", "ONNX.*np.savez"),
    ("m", b"\x08\x08\x3a\x20" + b"x" * 40, "ONNX"),
    ("model.ckpt.index", b"\0" * 40 + bytes.fromhex("57fb808b247547db"), "TensorFlow checkpoint.*model.save"),
    ("model.ckpt.data-00000-of-00001", b"\x3f\x80\0\0" * 20, "TensorFlow checkpoint"),
    ("checkpoint", b'model_checkpoint_path: "model.ckpt"\n', "TensorFlow checkpoint"),
    ("saved_model.pb", b"\x08\x01\x12\xff\x01\n", "graph of TensorFlow"),
    ("m.tflite", b"\x1c\0\0\0TFL3" + b"\0" * 20, "TensorFlow Lite"),
    ("m.msgpack", b"\x81\xa6params\x81\xa5", "msgpack.*flax"),
    ("m.pt", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    ("m.pt", b"<!DOCTYPE html><html>", "web page"),
    ("m.pkl.gz", b"\x1f\x8b\x08\0", "gunzip"),
    ("m.mat", b"MATLAB 5.0 MAT-file", "loadmat"),
    ("m.tar", b"a".ljust(257, b"\0") + b"ustar\0" + b"\0" * 50, "tar archive"),
    ("m.txt", b"hello, this is no file of weights", "known are .npy, .npz, .safetensors"),
    ("m.pt", b"PK\3\4" + b"\0" * 40, "cut short"),
    ("m.npz", b"PK\5\6" + b"\0" * 18, "it holds nothing"),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_recognised_and_refused(tmp_path: Path, number: int) -> None:
    name, raw, message = CASES[number]
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(InputError, match=message) as caught:
        open_weights(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    path = zipped(tmp_path / "m.zip", {"readme.txt": b"x", "a.csv": b"1"})
    with pytest.raises(InputError, match=r"it holds readme.txt, a.csv"):
        open_weights(path)


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        open_weights(tmp_path)
    (tmp_path / "model.pt").touch()
    with pytest.raises(InputError, match=r"did you mean .*model.pt"):
        open_weights(tmp_path / "modle.pt")
