"""The stream processor, from a batch of records to what subscribers, table and queues then hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.lambda_src.processor_kit import Stack, build, sequence


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield build()


def test_a_drop_of_ten_percent_is_told_once(stack: Stack) -> None:
    failed = stack.process(sequence(["100", "89.90"]))
    assert failed == []
    (alert,) = stack.delivered()
    assert alert["kind"] == "drop_percent"
    assert (alert["reference_price"], alert["new_price"]) == ("100.00", "89.90")
    stack.process(sequence(["100", "89.90"]))
    assert stack.delivered() == []
