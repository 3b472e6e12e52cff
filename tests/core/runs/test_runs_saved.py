"""A saved run: what is read is what was written, by any version, and it goes on as if it had never stopped."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from savedruns import DATA, advance, comparison, saved, trainer

from initscope.core.checkpoint import capture, restore
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.core.diagnosis import lane_verdict
from initscope.core.diagnosis.document import verdict_document
from initscope.core.errors import InputError
from initscope.core.runs import RunFolder, Store, document
from initscope.core.runs.summary import summarize


def test_a_run_is_read_as_it_was_saved(tmp_path: Path) -> None:
    asked = comparison(schedule="cosine:warmup=10", seed="7")
    made = trainer(asked)
    advance(made, 20)
    verdicts = [lane_verdict(lane, DATA["digits"]) for lane in made.snapshot().lanes]
    folder = Store(tmp_path / "new" / "runs").create(asked, DATA, "run")
    state = capture(made)
    folder.save_state(state)
    folder.save_summary(summary := summarize(made, "training", verdicts))
    folder.save_findings(20, [verdict_document(verdicts[0]), None])
    info = Store(tmp_path / "new" / "runs").find("last")
    assert (info.id, info.damaged, info.kept, info.in_progress) == (folder.id, "", False, True)
    assert info.status == "training"
    folder.release()
    info = Store(tmp_path / "new" / "runs").find("last")
    assert (info.in_progress, info.status) == (False, "interrupted")
    description = info.sound()
    assert description.comparison == asked
    assert (description.source, description.folder, description.id) == ("run", os.getcwd(), info.id)
    assert info.summary == summary
    assert summary.lanes[1].name == "a ⟨b⟩"
    assert summary.lanes[0].codes == tuple(one.code for one in verdicts[0].findings)
    assert info.findings() == [json.loads(json.dumps(verdict_document(verdicts[0]))), None]
    found = info.checkpoint()
    assert found.header == state.header
    assert found.arrays.keys() == state.arrays.keys()
    for name, array in state.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)
    assert info.bytes == sum(path.stat().st_size for path in info.path.rglob("*") if path.is_file())


def test_going_on_from_the_disk_is_never_having_stopped(tmp_path: Path) -> None:
    runs, folder, made = saved(tmp_path, 37)
    info = runs.find(folder.id)
    description = info.sound()
    datasets = description.load_datasets()
    other = trainer(description.comparison)
    assert datasets["digits"].name == "digits"
    restore(other, info.checkpoint())
    advance(made, 40)
    advance(other, 40)
    for one, two in zip(made.ensembles, other.ensembles, strict=True):
        np.testing.assert_array_equal(one.network.parameters, two.network.parameters)


def test_any_comparison_survives_the_file(tmp_path: Path) -> None:
    strange = Comparison(
        {"lr": "0.1", "arch": ""}, ({"init": "rand", "name": ' "\n\u202e\udcff  '}, {"init": "x='y z'", "seed": "3"})
    )
    folder = Store(tmp_path).create(strange, DATA, "lab")
    assert Store(tmp_path).find("last").sound().comparison == strange
    folder.release()


def test_data_of_a_path_are_found_from_anywhere_and_refused_when_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)), np.arange(50) % 2
    (tmp_path / "here").mkdir()
    np.savez(tmp_path / "here" / "mine.npz", x=x, y=y)
    monkeypatch.chdir(tmp_path / "here")
    names = ["mine.npz:scale=standardize", "moons:n=60"]
    lanes = [f"init=randn data={name}" for name in names]
    asked = Comparison.of({"arch": ""}, (), lanes)
    loaded = {name: load(name) for name in asked.data_names()}
    folder = Store(tmp_path / "runs").create(asked, loaded, "run")
    folder.release()
    monkeypatch.chdir(tmp_path)
    description = Store(tmp_path / "runs").find("last").sound()
    again = description.load_datasets()
    moved = description.comparison.data_names()
    assert moved == (str(tmp_path / "here" / names[0]), names[1])
    for name, there in zip(names, moved, strict=True):
        assert again[there].name == loaded[name].name
        np.testing.assert_array_equal(again[there].x_train, loaded[name].x_train)
        np.testing.assert_array_equal(load(there).x_train, loaded[name].x_train)
    specs = zip(description.comparison.specs(again), asked.specs(loaded), strict=True)
    assert all(replace(one, name="") == replace(other, name="") for one, other in specs)
    np.savez(tmp_path / "here" / "mine.npz", x=np.nextafter(x, 9), y=y)
    with pytest.raises(InputError, match=r"mine\.npz.*its numbers are others"):
        description.load_datasets()
    np.savez(tmp_path / "here" / "mine.npz", x=x[:40], y=y[:40])
    with pytest.raises(InputError, match=r"changed since the run began: .*instead of \(40, 4\)"):
        description.load_datasets()


def test_labels_are_part_of_the_fingerprint() -> None:
    from initscope.core.runs.marks import digest

    data = DATA["digits"]
    swapped = replace(data, y_train=data.y_train[::-1].copy())
    turned = replace(data, x_train=data.x_train.reshape(-1, 32), y_train=data.y_train)
    assert len({digest(data), digest(swapped), digest(turned), digest(data.astype("float32"))}) == 4


def test_newer_ones_are_refused_in_a_sentence_and_older_ones_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, folder, made = saved(tmp_path)
    monkeypatch.setattr(document, "SCHEMA", 2)
    assert runs.find("last").damaged == ""
    assert runs.find("last").checkpoint().step == made.step
    newer = RunFolder(folder.path, runs.reopen(folder.id)._lock)
    newer.save_state(capture(made))
    newer.save_summary(summarize(made, "stopped"))
    newer.release()
    monkeypatch.undo()
    info = runs.find("last")
    assert info.damaged.endswith("written by a newer initscope (schema 2; this one reads up to 1)")
    assert info.description is not None
    with pytest.raises(InputError, match="written by a newer initscope"):
        info.checkpoint()
