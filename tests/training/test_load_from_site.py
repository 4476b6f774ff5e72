"""What a site publishes is what a researcher loads: from its own page, and checked with its own key."""

import pytest
import torch

from openempathic.registry import champion, signing
from tests import checkpoints
from training.clara import Clara, ClaraConfig, CorruptCheckpoint, NotFetchable

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    made = Clara(
        ClaraConfig.preset("nano", emotions=("anger", "fear")), labels={"anger": ["an angry voice"], "fear": ["fear"]}
    )
    made.save(tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


def test_a_published_checkpoint_loads_from_its_page_and_a_retracted_one_does_not(live_server, folder, tmp_path):
    checkpoint = checkpoints.put_folder(folder)
    champion.crown(checkpoint, by="test")
    address = f"{live_server.url}/models/{checkpoint.version}/"
    key = signing.pem(next(iter(signing.known_keys().values())))

    clara = Clara.load(address, cache=tmp_path / "cache", verify_key=key)
    assert list(clara.labels) == ["anger", "fear"]

    champion.retract(checkpoint, by="test", reason="it hears nothing")
    with pytest.raises((NotFetchable, CorruptCheckpoint)):
        Clara.load(address, cache=tmp_path / "another", verify_key=key)
