"""The doctor's judgement: clocks, principals, and findings that do not stop the others."""

from datetime import UTC, datetime

import pytest

from pricemon.cli import doctor
from pricemon.core.errors import UsageError

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "skew"),
    [
        ("Fri, 02 Jan 2026 12:00:00 GMT", 0),
        ("Fri, 02 Jan 2026 11:50:00 GMT", 600),
        ("Fri, 02 Jan 2026 12:00:30 GMT", -30),
        (None, None),
        ("yesterday", None),
    ],
)
def test_the_clock_is_held_against_awss(header, skew):
    """Positive is ahead of AWS; a header that can't be read accuses nobody."""
    assert doctor._skew(header, NOON) == skew


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("arn:aws:iam::1:user/anna", "arn:aws:iam::1:user/anna"),
        ("arn:aws:sts::1:assumed-role/Deploy/session", "arn:aws:iam::1:role/Deploy"),
        ("arn:aws-cn:sts::1:assumed-role/Deploy/s", "arn:aws-cn:iam::1:role/Deploy"),
    ],
)
def test_iam_simulates_the_role_behind_a_session(caller, principal):
    """IAM refuses to simulate an assumed role's session."""
    assert doctor._principal(caller) == principal


def test_a_failing_check_is_a_finding():
    """One broken thing must not hide the others."""

    def broken() -> doctor.Check:
        raise UsageError("the config is wrong", hint="mend it")

    found = doctor._guarded("config", broken)
    assert (found.ok, found.found, found.remedy) == (False, "the config is wrong", "mend it")


def test_a_defect_of_ours_is_not_a_finding():
    """Blaming the machine for our bug would be a false diagnosis."""

    def defect() -> doctor.Check:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        doctor._guarded("config", defect)


def test_conditions_are_taken_as_given():
    """A role may be passed to Lambda alone; asked without saying so, IAM denies it."""
    condition = {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com"], "k": "v"}}
    assert doctor._context(condition) == [
        {
            "ContextKeyName": "iam:PassedToService",
            "ContextKeyValues": ["lambda.amazonaws.com"],
            "ContextKeyType": "string",
        },
        {"ContextKeyName": "k", "ContextKeyValues": ["v"], "ContextKeyType": "string"},
    ]
