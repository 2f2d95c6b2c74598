"""A saved model is loaded only as what it was saved as."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from ml.risk.disengagement import fit, split_by_time
from ml.risk.persistence import MANIFEST_FILE, MODEL_FILE, ModelMismatch, Origin, load, save
from ml.risk.risk_model import CHALLENGER, CHAMPION, matrix
from ml.risk.trusted_types import skops_io
from tests.unit.ml.test_disengagement import contact_months, patients

ORIGIN = Origin("disengagement", data_cut="a" * 64, feature_sql="b" * 64, code="c" * 64)


@pytest.fixture(scope="module", params=[CHAMPION, CHALLENGER])
def trained(request):
    rows = split_by_time(patients(), contact_months(patients())).train
    model = fit(rows, request.param)
    return model, matrix(rows, model.features)


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    model, inputs = trained
    folder = tmp_path_factory.mktemp("saved")
    save(model, ORIGIN, inputs, folder, {"auroc": 0.7})
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of what was saved, for one test to change."""
    return shutil.copytree(saved, tmp_path / "saved")


def test_a_reloaded_model_gives_the_same_risks(trained, folder):
    """The challenger won for the first time on 100,000 patients, and its file could not be opened again."""
    model, inputs = trained
    reloaded = load(ORIGIN, folder)
    assert reloaded.features == model.features
    assert np.array_equal(reloaded.risk_of(inputs), model.risk_of(inputs))
    assert reloaded.selection == model.selection


def test_a_model_of_other_rows_sql_or_code_is_another_model(folder):
    for part in ("data_cut", "feature_sql", "code"):
        other = replace(ORIGIN, **{part: "d" * 64})
        assert other.version != ORIGIN.version
        with pytest.raises(FileNotFoundError):
            load(other, folder)


def test_a_model_file_that_was_changed_is_refused(folder):
    with (folder / ORIGIN.version / MODEL_FILE).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelMismatch, match="model_file"):
        load(ORIGIN, folder)


def test_a_type_that_no_model_of_ours_has_is_refused(folder):
    """Not even another estimator of scikit-learn, though the manifest vouches for the file."""
    place = folder / ORIGIN.version
    skops_io.dump(DummyClassifier(), place / MODEL_FILE)
    manifest = json.loads((place / MANIFEST_FILE).read_text())
    digest = hashlib.sha256((place / MODEL_FILE).read_bytes()).hexdigest()
    (place / MANIFEST_FILE).write_text(json.dumps(manifest | {"model_file": digest}))
    with pytest.raises(TypeError, match=r"Untrusted types.*DummyClassifier"):
        load(ORIGIN, folder)


@pytest.mark.parametrize("name", ["data_cut", "feature_sql", "code", "libraries"])
def test_a_manifest_that_was_changed_is_refused(folder, name):
    path = folder / ORIGIN.version / MANIFEST_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: "other"}))
    with pytest.raises(ModelMismatch, match=name):
        load(ORIGIN, folder)


def test_a_model_that_no_longer_gives_its_golden_risks_is_refused(folder):
    path = folder / ORIGIN.version / MANIFEST_FILE
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"golden_risks": [risk + 1e-6 for risk in manifest["golden_risks"]]}))
    with pytest.raises(ModelMismatch, match="golden rows"):
        load(ORIGIN, folder)


def test_saving_again_replaces_the_model_and_leaves_nothing_beside_it(trained, folder):
    model, inputs = trained
    save(model, ORIGIN, inputs, folder, {})
    assert [path.name for path in folder.iterdir()] == [ORIGIN.version]
