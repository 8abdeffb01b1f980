"""The stream processor, called with records of one product, and its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from pricemon.core.replaying.failures import Record

_MOST, _MOST_BYTES = 100, 5_000_000
"""Records of one call, and their size: Lambda takes 6 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How many of the records were handled, from the first on, and why not the next."""

    handled: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """The function `name` through a boto3 Lambda client. Safe to share by threads."""

    client: Any
    name: str

    def handle(self, records: Sequence[Record]) -> Answer:
        """Have the records handled in their order, up to the first that is not.

        Raises `PricemonError` where there is no such function; other refusals of AWS that every
        call would meet pass through.
        """
        handled = 0
        for part in _parts(records):
            answer = self._call(part)
            handled += answer.handled
            if answer.problem:
                return Answer(handled=handled, problem=answer.problem)
        return Answer(handled=handled)

    def _call(self, records: list[Record]) -> Answer:
        try:
            reply = self.client.invoke(
                FunctionName=self.name,
                InvocationType="RequestResponse",
                Payload=json.dumps({"Records": records}).encode(),
            )
            said = json.loads(reply["Payload"].read() or b"null")
        except self.client.exceptions.ResourceNotFoundException as error:
            raise PricemonError(
                f"there is no function {self.name}", hint="pricemon up makes it"
            ) from error
        except ClientError as error:
            if error.response["Error"]["Code"] == "AccessDeniedException":
                raise
            return Answer(handled=0, problem=str(error))
        except (BotoCoreError, ValueError) as error:
            return Answer(handled=0, problem=str(error))
        if reply.get("FunctionError"):
            why = said.get("errorMessage") if isinstance(said, dict) else None
            return Answer(handled=0, problem=why or "the function failed")
        failed = {each["itemIdentifier"] for each in (said or {}).get("batchItemFailures", ())}
        for place, record in enumerate(records):
            # What follows a failure was not looked at to the end: a stream would repeat it all.
            if record["dynamodb"].get("SequenceNumber", "") in failed:
                return Answer(handled=place, problem="the function could not handle it yet")
        return Answer(handled=len(records))


def _parts(records: Sequence[Record]) -> Iterator[list[Record]]:
    part: list[Record] = []
    size = 0
    for record in records:
        weight = len(json.dumps(record))
        if part and (len(part) == _MOST or size + weight > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(record)
        size += weight
    if part:
        yield part
