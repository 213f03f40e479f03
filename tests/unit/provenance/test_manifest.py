"""What a manifest says."""

from pathlib import Path

import pytest
import yaml

from mythmeter.errors import ProvenanceError
from mythmeter.faces import hands
from mythmeter.faces.landmarks.protocol import assets
from mythmeter.models.catalogue import load_catalogue
from mythmeter.provenance.credits import (
    MODELS_OF,
    UNPINNED,
    credited_models,
    credited_packages,
)
from mythmeter.provenance.licences import commercial_use
from mythmeter.provenance.source_types import FACE_SWAP, source_type_uri


def test_a_term_that_the_iptc_does_not_have_is_refused() -> None:
    assert source_type_uri(FACE_SWAP).endswith("/compositeWithTrainedAlgorithmicMedia")
    with pytest.raises(ProvenanceError, match="'deepfake' is not a digital source type"):
        source_type_uri("deepfake")


def test_every_model_that_a_backend_names_is_in_the_catalogue(repository: Path) -> None:
    catalogue = load_catalogue(repository / "config" / "models.yaml")
    models = credited_models(MODELS_OF, catalogue)
    assert {m["name"] for m in models} == {name for names in MODELS_OF.values() for name in names}
    assert all(model["licence"] and len(model["sha256"]) == 64 for model in models)


def test_the_tracker_is_credited_with_the_files_that_it_loads() -> None:
    assert {*assets("facemesh"), *hands.ASSETS} < set(MODELS_OF["facemesh"])


def test_every_backend_that_a_config_can_name_has_its_credits(repository: Path) -> None:
    schema = yaml.safe_load((repository / "config/schemas/config.schema.yaml").read_text())
    stages = schema["properties"]
    named = {
        name
        for stage, key in (
            ("faces", "landmarks"),
            ("swap", "swapper"),
            ("voice", "synthesiser"),
            ("lips", "syncer"),
        )
        for name in stages[stage]["properties"][key]["enum"]
    }
    # These are files of the user's, which the rules name one by one.
    assert named - {"oneshot_onnx", "wav2lip"} <= {*MODELS_OF, *UNPINNED}


def test_a_file_that_the_config_names_is_credited_by_its_licence(repository: Path) -> None:
    catalogue = load_catalogue(repository / "config" / "models.yaml")
    (model,) = credited_models(["catalogue:inswapper"], catalogue)
    assert model["file"] == "inswapper_128.onnx" and "non-commercial" in model["licence"]


def test_wav2lips_weights_forbid_commercial_use(repository: Path) -> None:
    catalogue = load_catalogue(repository / "config" / "models.yaml")
    for name in ("wav2lip", "wav2lip_gan"):
        (model,) = credited_models([f"catalogue:{name}"], catalogue)
        assert model["file"] == f"{name}.pth"
        assert commercial_use(model["licence"]) == "no"


def test_a_backend_that_does_not_say_what_it_uses_stops_signing(repository: Path) -> None:
    catalogue = load_catalogue(repository / "config" / "models.yaml")
    with pytest.raises(ProvenanceError, match="Backend 'musetalk' does not say"):
        credited_models(["facemesh", "musetalk"], catalogue)


def test_packages_come_with_version_and_licence() -> None:
    packages = credited_packages(["numpy", "resemble-perth"])
    assert packages[1]["licence"].startswith("MIT")
    assert packages[0]["version"].count(".") == 2 and "BSD" in packages[0]["licence"]
