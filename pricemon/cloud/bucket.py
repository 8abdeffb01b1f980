"""The S3 bucket of the archive: private, encrypted, versioned, TLS only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from botocore.exceptions import ClientError

from pricemon.cloud.answers import names
from pricemon.cloud.documents import canonical, compact
from pricemon.cloud.resource import Get, Outputs, Resource, State
from pricemon.cloud.tagging import from_pairs, pairs
from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from pricemon.cloud.session import Aws

T = TypeVar("T")

PRIVATE = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_DELETES_AT_ONCE = 1000
"""S3's own bound on one `DeleteObjects`."""
_BATCHES_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Bucket(Resource):
    """A private bucket. `policy` is its access policy, `lifecycle` its rules as S3 writes them.

    `kms_key` is an ARN; without one S3 encrypts with its own keys.
    """

    kind: ClassVar[str] = "bucket"
    service: ClassVar[str] = "s3"

    policy: Mapping[str, Any]
    versioning: bool = True
    lifecycle: tuple[Mapping[str, Any], ...] = ()
    kms_key: str | None = None

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        del get
        return {
            "versioning": "Enabled" if self.versioning else "Suspended",
            "encryption": self.kms_key or "AES256",
            "public_access_block": PRIVATE,
            "policy": canonical(self.policy),
            "lifecycle": _rules(self.lifecycle),
            "tags": dict(self.tags),
        }

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`."""

        def ask(what: str) -> Callable[[], Any]:
            return lambda: aws.find("s3", f"get_{what}", Bucket=self.name)

        versioning = self._versioning(aws)
        if versioning is None:
            return None
        encryption, block, policy, lifecycle, tags = aws.gather(
            ask("bucket_encryption"),
            ask("public_access_block"),
            ask("bucket_policy"),
            ask("bucket_lifecycle_configuration"),
            ask("bucket_tagging"),
        )
        state = {
            # Never versioned and suspended are the same for what is yet to be written.
            "versioning": versioning.get("Status", "Suspended"),
            "encryption": _key(encryption),
            "public_access_block": (block or {}).get("PublicAccessBlockConfiguration"),
            "policy": canonical(policy and policy["Policy"]),
            "lifecycle": _rules((lifecycle or {}).get("Rules", ())),
            "tags": from_pairs((tags or {}).get("TagSet")),
        }
        return state, self.foreseen(aws)

    def foreseen(self, aws: Aws) -> Outputs:
        """See `Resource`."""
        return {"arn": f"arn:{aws.partition}:s3:::{self.name}", "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        configuration: dict[str, Any] = {"Tags": pairs(want["tags"])}
        if aws.region != "us-east-1":  # which has no constraint, and refuses its own name as one
            configuration["LocationConstraint"] = aws.region
        try:
            aws.call(
                "s3", "create_bucket", Bucket=self.name, CreateBucketConfiguration=configuration
            )
        except ClientError as problem:
            if "BucketAlreadyExists" not in names(problem):
                raise
            raise PricemonError(
                f"the bucket name {self.name} is taken by another AWS account",
                hint="set bucket.suffix in the config to something of your own",
            ) from problem
        self._set(aws, want, want.keys() - {"tags"})
        return self.foreseen(aws)

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`."""
        self._set(aws, want, changed)
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`. Empties it first, of versions and delete markers as well."""
        for _ in range(3):  # a function that is still at work may write between the two
            if self._versioning(aws) is None:
                return
            self._empty(aws)
            try:
                aws.find("s3", "delete_bucket", Bucket=self.name)
            except ClientError as problem:
                if "BucketNotEmpty" not in names(problem):
                    raise
            else:
                return
        raise PricemonError(
            f"{self.id} is being written to while it is emptied",
            hint="stop whatever writes to it, then run the same command again",
        )

    def contents(self, aws: Aws) -> Mapping[str, int]:
        """See `Resource`. Versions include the current ones; delete markers count as versions."""
        listed = list(self._versions(aws))
        return {"objects": sum(each["latest"] for each in listed), "versions": len(listed)}

    def _versioning(self, aws: Aws) -> dict[str, Any] | None:
        found: dict[str, Any] | None = aws.find("s3", "get_bucket_versioning", Bucket=self.name)
        return found

    def _set(self, aws: Aws, want: State, changed: Collection[str]) -> None:
        """Set the named fields, at the same time: S3 keeps each by itself."""

        def put(operation: str, **parameters: Any) -> Callable[[], Any]:
            return lambda: aws.call("s3", operation, Bucket=self.name, **parameters)

        setters = {
            "versioning": put(
                "put_bucket_versioning", VersioningConfiguration={"Status": want["versioning"]}
            ),
            "encryption": put(
                "put_bucket_encryption",
                ServerSideEncryptionConfiguration={"Rules": [_encryption(want["encryption"])]},
            ),
            "public_access_block": put(
                "put_public_access_block",
                PublicAccessBlockConfiguration=want["public_access_block"],
            ),
            "policy": put("put_bucket_policy", Policy=compact(want["policy"])),
            "lifecycle": (
                put(
                    "put_bucket_lifecycle_configuration",
                    LifecycleConfiguration={"Rules": want["lifecycle"]},
                )
                if want["lifecycle"]
                else put("delete_bucket_lifecycle")
            ),
            "tags": put("put_bucket_tagging", Tagging={"TagSet": pairs(want["tags"])}),
        }
        aws.gather(*(setters[field] for field in setters if field in changed))

    def _versions(self, aws: Aws) -> Iterator[dict[str, Any]]:
        pages = aws.client("s3").get_paginator("list_object_versions").paginate(Bucket=self.name)
        for page in pages:
            for kind in ("Versions", "DeleteMarkers"):
                for each in page.get(kind, ()):
                    latest = kind == "Versions" and each["IsLatest"]
                    yield {"Key": each["Key"], "VersionId": each["VersionId"], "latest": latest}

    def _empty(self, aws: Aws) -> None:
        """Delete every version, several batches at a time."""

        def delete(objects: tuple[dict[str, Any], ...]) -> Callable[[], None]:
            def run() -> None:
                keys = [{k: each[k] for k in ("Key", "VersionId")} for each in objects]
                done = aws.call(
                    "s3",
                    "delete_objects",
                    Bucket=self.name,
                    Delete={"Objects": keys, "Quiet": True},
                )
                for problem in done.get("Errors", ())[:1]:  # reported despite HTTP 200
                    raise PricemonError(
                        f"AWS refused to delete {problem['Key']} from {self.id}: "
                        f"{problem.get('Code')}: {problem.get('Message')}"
                    )

            return run

        batches = map(delete, _batched(self._versions(aws), _DELETES_AT_ONCE))
        for some in _batched(batches, _BATCHES_AT_ONCE):
            aws.gather(*some)


def _batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """`itertools.batched`, which Python 3.11 has not got."""
    iterator = iter(items)
    while batch := tuple(islice(iterator, size)):
        yield batch


def _encryption(key: str) -> dict[str, Any]:
    if key == "AES256":
        return {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    return {"ApplyServerSideEncryptionByDefault": by_key, "BucketKeyEnabled": True}


def _key(found: Mapping[str, Any] | None) -> str | None:
    rules = (found or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
    key: str | None = default.get("KMSMasterKeyID") or default.get("SSEAlgorithm")
    return key


def _rules(rules: Any) -> list[Any]:
    """In the order of their ids; tuples are lists, and no filter is an empty one."""
    plain = json.loads(json.dumps(list(rules)))
    filtered = [{**rule, "Filter": rule.get("Filter") or {"Prefix": ""}} for rule in plain]
    return sorted(filtered, key=lambda rule: str(rule["ID"]))
