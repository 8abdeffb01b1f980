"""A data folder that is emptied, and a port that is free, for the embedded AWS under test."""

import pytest

from pricemon.local import embedded, emulator


@pytest.fixture
def free_port():
    return emulator.free_port()


@pytest.fixture
def data_dir(tmp_path):
    folder = tmp_path / "aws"
    yield folder
    embedded.reset(folder)
