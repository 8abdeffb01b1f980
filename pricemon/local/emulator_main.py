"""The emulator's process: ministack, with batch calls authorised as AWS authorises them.

Run as a script by `pricemon.local.emulator`. AWS has no action `sqs:SendMessageBatch`: a batch
needs the permission of its single call. ministack (1.5.33) looks for the batch's own name, and so
refuses roles that AWS would let pass.
"""

from __future__ import annotations

from typing import Any

from ministack import app
from ministack.core import iam_actions

_SINGLE = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
}

_extract = iam_actions.extract_iam_action


def _as_aws_names_it(*arguments: Any, **named: Any) -> str | None:
    action: str | None = _extract(*arguments, **named)
    return _SINGLE.get(action, action) if action else None


if __name__ == "__main__":
    iam_actions.extract_iam_action = _as_aws_names_it
    app.main()
