"""AWS's errors as sentences: AWS's own words stay, and a remedy is added."""

import pytest
from botocore import exceptions as aws

from pricemon.cloud.explain import explain


def refused(code: str, message: str = "said AWS", operation: str = "CreateQueue") -> Exception:
    return aws.ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("problem", "sentence", "hint"),
    [
        (
            refused(
                "AccessDenied",
                "x is not authorized to perform: sqs:createqueue on resource: arn:aws:sqs:r:1:q",
            ),
            "x is not authorized to perform: sqs:createqueue on resource: arn:aws:sqs:r:1:q",
            "allow sqs:createqueue",
        ),
        (refused("AccessDeniedException"), "AccessDeniedException: said AWS", "allow CreateQueue"),
        (refused("ExpiredToken"), "ExpiredToken: said AWS", "expired"),
        (refused("InvalidClientTokenId"), "InvalidClientTokenId", "not valid here"),
        (refused("AWS.SimpleQueueService.NonExistentQueue"), "NonExistentQueue", "pricemon up"),
        (refused("ResourceNotFoundException"), "ResourceNotFoundException", "pricemon up"),
        (aws.NoCredentialsError(), "no AWS credentials", "--env local"),
        (aws.ProfileNotFound(profile="p"), "p", "list-profiles"),
        (aws.NoRegionError(), "no AWS region", "AWS_REGION"),
        (aws.UnauthorizedSSOTokenError(), "credentials can't be had", "aws sso login"),
        (
            aws.EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/"),
            "the embedded AWS at http://127.0.0.1:4566/ does not answer",
            "pricemon local start",
        ),
        (
            aws.EndpointConnectionError(endpoint_url="https://sqs.xx-nowhere-1.amazonaws.com/"),
            "AWS can't be reached",
            "region's name",
        ),
    ],
)
def test_each_error_keeps_awss_words_and_gets_a_remedy(problem, sentence, hint):
    """Whoever reads it knows what was refused and what to do next."""
    explained = explain(problem)
    assert explained is not None
    assert sentence in explained.message
    assert explained.hint is not None
    assert hint in explained.hint


def test_an_unknown_code_is_passed_on_without_invention():
    """No remedy is better than a wrong one."""
    explained = explain(refused("Novel"))
    assert explained is not None
    assert (explained.message, explained.hint) == (
        "AWS refused CreateQueue: Novel: said AWS",
        None,
    )


def test_other_errors_are_not_awss():
    """The boundary asks; `None` says it is none of AWS's."""
    assert explain(ValueError("x")) is None
