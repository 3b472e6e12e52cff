"""TensorBoard's files: against known checksums, TensorBoard's own readers, and a plain reading of the format."""

import struct
from pathlib import Path

import numpy as np
import pytest
from exported import finish, trainer
from otherreaders import ask

from initscope.core.errors import InputError
from initscope.core.exports import tensorboard
from initscope.core.exports.crc32c import PIECE, crc32c
from initscope.core.exports.events import BINS, Value, buckets, file_start, step_record
from initscope.core.exports.weights import of_trainer
from initscope.core.probes import INDEX
from initscope.core.snapshot import MEASURES

OWN_READER = """
import json, sys
from pathlib import Path
from tensorboard.backend.event_processing import event_accumulator, event_file_loader
every = {}
for run in sorted(Path(sys.argv[1]).iterdir()):
    reader = event_accumulator.EventAccumulator(str(run), {"scalars": 0, "histograms": 0})
    reader.Reload()
    tags = reader.Tags()
    migrated = {}
    for event in event_file_loader.EventFileLoader(str(next(run.iterdir()))).Load():
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name:
                about = value.metadata.plugin_data.plugin_name, value.metadata.summary_description
                migrated.setdefault(value.tag, about)
    every[run.name] = {
        "version": reader.file_version,
        "scalars": {tag: [[e.step, e.value, e.wall_time] for e in reader.Scalars(tag)] for tag in tags["scalars"]},
        "histograms": {
            tag: [[e.step, h.min, h.max, h.num, h.sum, h.sum_squares, list(h.bucket_limit), list(h.bucket)]
                  for e in reader.Histograms(tag) for h in [e.histogram_value]] for tag in tags["histograms"]},
        "migrated": migrated,
    }
print(json.dumps(every))
"""


def test_checksums_are_those_of_rfc_3720() -> None:
    """Appendix B.4, and the usual check of nine digits."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"") == 0


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, PIECE - 1, *range(PIECE, PIECE + 6), 3 * PIECE])
def test_checksums_of_any_length_are_those_of_bit_by_bit_division(length: int) -> None:
    data = np.random.default_rng(length).bytes(length)
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    assert crc32c(data) == register ^ 0xFFFFFFFF


def fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """(number, value) of every field of a protocol buffer's message, after protobuf.dev/programming-guides/encoding."""

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    at, found = 0, []
    while at < len(data):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            found.append((number, varint()))
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        found.append((number, data[at : at + size]))
        at += size
    return found


def test_a_record_holds_what_its_proto_says() -> None:
    raw = step_record(1.5, 300, [Value("a/b", 0.25, "half of a half"), Value("h", buckets(np.arange(5.0)))])
    length = struct.unpack("<Q", raw[:8])[0]
    assert len(raw) == 8 + 4 + length + 4
    event = fields(raw[12:-4])
    assert event[:2] == [(1, struct.pack("<d", 1.5)), (2, 300)]
    (field, summary), = event[2:]
    assert field == 5
    (_, scalar), (_, histogram) = fields(summary)
    assert fields(scalar)[:2] == [(1, b"a/b"), (2, struct.pack("<f", 0.25))]
    assert fields(fields(scalar)[2][1]) == [(1, b"\n\x07scalars"), (3, b"half of a half"), (4, 1)]
    content = dict(fields(dict(fields(histogram))[5]))
    assert [struct.unpack("<d", content[number])[0] for number in range(1, 6)] == [0, 4, 5, 10, 30]
    assert np.frombuffer(content[7]).sum() == 5
    assert len(content[6]) == len(content[7]) == 8 * BINS
    assert dict(fields(file_start(0.0)[12:-4]))[3] == b"brain.Event:2"


def test_tensorboards_own_reader_reads_the_same_numbers(tmp_path: Path) -> None:
    made = trainer(["init=rand", "init=0.01*randn name='grün/=x'"], arch="64-20-10", steps="40")
    copies = [[one] for one in of_trainer(made)]
    snapshot = finish(made)
    for kept, one in zip(copies, of_trainer(made), strict=True):
        kept.append(one)
    tensorboard.write(tmp_path / "board", snapshot, copies, seconds=1e9)
    read = ask("tensorboard", OWN_READER, str(tmp_path / "board"))
    assert sorted(read) == ["1-rand", "2-grün_=x"]
    for lane, copied, found in zip(snapshot.lanes, copies, read.values(), strict=True):
        assert found["version"] == 2
        scalars = found["scalars"]
        for column, (tag, _) in enumerate(tensorboard.TAGS[measure] for measure in MEASURES):
            steps, values, _ = zip(*scalars[tag], strict=True)
            assert list(steps) == lane.probe_steps.tolist()
            np.testing.assert_array_equal(np.float32(values), np.float32(lane.measures[:, column]))
        steps, losses, times = zip(*scalars["train/batch_loss"], strict=True)
        assert list(steps) == lane.losses.step.tolist()
        np.testing.assert_array_equal(np.float32(losses), np.float32(lane.losses.mean))
        assert times[-1] == 1e9
        assert sorted(times) == list(times)
        saturated = np.float32([value for _, value, _ in scalars["saturated_high/dense1"]])
        np.testing.assert_array_equal(saturated, np.float32(lane.probes[:, 0, INDEX["saturated_high"]]))
        assert "saturated_high/dense2" not in scalars
        for layer in ("dense1", "dense2"):
            for (step, *moments, limits, counts), copy in zip(
                found["histograms"][f"weights/{layer}"], copied, strict=True
            ):
                values = copy.tensors["0.weight" if layer == "dense1" else "2.weight"].astype(float)
                assert step == copy.step
                expected = [values.min(), values.max(), values.size, values.sum(), np.square(values).sum()]
                np.testing.assert_allclose(moments, expected, rtol=1e-12)
                edges = [values.min(), *limits]
                assert counts == [*np.histogram(values, edges)[0]]
        assert [step for step, *_ in found["histograms"]["activations/dense1"]] == [0, 40]
        assert found["migrated"]["train/loss"] == ["scalars", tensorboard.TAGS["train_loss"][1]]
        assert found["migrated"]["weights/dense1"][0] == "histograms"


def test_without_copies_the_histograms_are_the_snapshots_own(tmp_path: Path) -> None:
    snapshot = finish(trainer(["init=randn"], arch="64-10", steps="3"))
    (histogram,) = {id(d): d for d in snapshot.lanes[0].distributions.values()}.values()
    found = tensorboard.of_bins(histogram.weights)
    filled = np.flatnonzero(histogram.weights.counts)
    inside = slice(filled[0], filled[-1] + 1)
    assert found.count == 640 == found.counts.sum()
    assert 0 < filled[0] < filled[-1] < len(histogram.weights.counts) - 1
    assert found.counts.tolist() == histogram.weights.counts[inside].tolist()
    np.testing.assert_array_equal([found.least, *found.limits], histogram.weights.edges[filled[0] : filled[-1] + 2])
    read = ask("tensorboard", OWN_READER, str(tensorboard.write(tmp_path / "board", snapshot)))
    (start, now) = read["1-randn"]["histograms"]["weights/dense1"]
    assert (start[0], now[0]) == (0, 3)
    assert now[-1] == found.counts.tolist()


def test_numbers_that_are_not_finite_are_kept_and_histograms_leave_them_out() -> None:
    found = buckets(np.array([1.0, np.nan, 3.0, np.inf, -np.inf]))
    assert (found.least, found.greatest, found.count, found.total) == (1, 3, 2, 4)
    nothing = buckets(np.array([np.nan]))
    assert (nothing.count, nothing.counts.sum()) == (0, 0)
    assert nothing.least <= nothing.greatest or nothing.count == 0
    raw = step_record(0.0, 0, [Value("a", np.nan), Value("b", 1e300)])
    values = [dict(fields(one))[2] for _, one in fields(dict(fields(raw[12:-4]))[5])]
    assert np.isnan(np.frombuffer(values[0], "<f4"))
    assert np.isposinf(np.frombuffer(values[1], "<f4"))


def test_a_folder_is_never_overwritten(tmp_path: Path) -> None:
    snapshot = finish(trainer(["init=randn"], arch="64-10", steps="1"))
    (tmp_path / "empty").mkdir()
    tensorboard.write(tmp_path / "empty", snapshot)
    with pytest.raises(InputError, match="is there already"):
        tensorboard.write(tmp_path / "empty", snapshot)
    with pytest.raises(InputError, match="there is no folder"):
        tensorboard.write(tmp_path / "no" / "where", snapshot)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
