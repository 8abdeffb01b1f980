"""A data folder that is emptied, and a port that is free, for the embedded AWS under test."""

import socket

import pytest

from pricemon.local import embedded


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def data_dir(tmp_path):
    folder = tmp_path / "aws"
    yield folder
    embedded.reset(folder)
