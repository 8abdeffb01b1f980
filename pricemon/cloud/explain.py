"""AWS's errors as one sentence and the remedy: what was refused, by whom, and what to do."""

from __future__ import annotations

import re

from botocore import exceptions as aws

from pricemon.core.errors import PricemonError

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_INVALID = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthFailure",
    "InvalidSignatureException",
}
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AuthorizationErrorException",
    "AccessDeniedFault",
}
_LOGIN = "renew them (for example `aws sso login`), then run the same command again"


def explain(problem: Exception) -> PricemonError | None:
    """The `PricemonError` for an error of botocore's, or `None` for any other error."""
    if isinstance(problem, aws.ClientError):
        return _client_error(problem)
    if isinstance(problem, aws.NoCredentialsError | aws.PartialCredentialsError):
        return PricemonError(
            f"no AWS credentials: {problem}",
            hint="configure them as for any AWS tool (`aws configure`, AWS_PROFILE), or use "
            "--env local, which needs none",
        )
    if isinstance(problem, aws.ProfileNotFound):
        return PricemonError(str(problem), hint="`aws configure list-profiles` shows what there is")
    if isinstance(
        problem, aws.TokenRetrievalError | aws.SSOTokenLoadError | aws.UnauthorizedSSOTokenError
    ):
        return PricemonError(f"the AWS credentials can't be had: {problem}", hint=_LOGIN)
    if isinstance(problem, aws.NoRegionError):
        return PricemonError(
            "no AWS region is set",
            hint="set `region:` in the environment's config, or AWS_REGION",
        )
    if isinstance(problem, aws.EndpointConnectionError | aws.ConnectionError | aws.HTTPClientError):
        return _unreachable(problem)
    if isinstance(problem, aws.BotoCoreError):
        return PricemonError(f"AWS client: {problem}")
    return None


def _client_error(problem: aws.ClientError) -> PricemonError:
    code = problem.response.get("Error", {}).get("Code", "")
    message = problem.response.get("Error", {}).get("Message", "") or str(problem)
    sentence = f"AWS refused {problem.operation_name}: {code}: {message}"
    if code in _EXPIRED:
        return PricemonError(sentence, hint=f"the credentials have expired: {_LOGIN}")
    if code in _INVALID:
        return PricemonError(
            sentence, hint="the credentials are not valid here: check profile, keys and region"
        )
    if code in _DENIED or code.endswith("AccessDenied"):
        return PricemonError(
            sentence,
            hint=f"allow {_action(message) or problem.operation_name} to whoever runs this; "
            "`pricemon policy deployer` prints all that is needed",
        )
    if _absent(code):
        return PricemonError(
            sentence, hint="`pricemon status` shows what is there; `pricemon up` restores it"
        )
    return PricemonError(sentence)


def _action(message: str) -> str | None:
    """The action in AWS's sentence (`… is not authorized to perform: sqs:SendMessage on …`)."""
    found = re.search(r"perform:?\s+([a-z0-9-]+:[A-Za-z*]+)", message)
    return found.group(1) if found else None


def _absent(code: str) -> bool:
    return code in {"NotFound", "NoSuchBucket", "NoSuchEntity"} or code.endswith(
        ("ResourceNotFoundException", "QueueDoesNotExist", "NonExistentQueue")
    )


def _unreachable(problem: Exception) -> PricemonError:
    url = getattr(problem, "kwargs", {}).get("endpoint_url", "")
    if re.match(r"https?://(127\.|localhost|\[::1\])", str(url)):
        return PricemonError(
            f"the embedded AWS at {url} does not answer",
            hint="it may have been killed: `pricemon local start` starts it again, "
            "`pricemon local logs` shows its last words",
        )
    return PricemonError(
        f"AWS can't be reached: {problem}", hint="check the region's name and the network"
    )
