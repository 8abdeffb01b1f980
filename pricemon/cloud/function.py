"""A Lambda function made from a bundle. Its code is uploaded only when its hash differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud.resource import Get, Outputs, Ref, Resource, State, resolve
from pricemon.cloud.tagging import ours, surplus
from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pricemon.cloud.bundle import Bundle
    from pricemon.cloud.session import Aws

_DIRECT_LIMIT = 50_000_000
"""Bytes of a zip that Lambda takes in the request itself; above that it is fetched from S3."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Function(Resource):
    """A function. `code` is asked for only when it is needed; seconds and megabytes.

    `log_group` and `role` are references, so that both exist before. `staging` is the bucket for a
    zip that is too large for the request.
    """

    kind: ClassVar[str] = "function"
    service: ClassVar[str] = "lambda"

    code: Callable[[], Bundle]
    runtime: str
    architecture: str
    timeout: int
    memory: int
    role: Ref
    log_group: Ref
    staging: Ref
    description: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    log_format: str = "Text"
    tracing: bool = False
    reserved_concurrency: int | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()

    def prepare(self) -> None:
        """See `Resource`. Builds the zip, or finds it in the cache."""
        self.code()

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        return {
            "status": "Active",
            "description": self.description,
            "handler": self.code().handler,
            "runtime": self.runtime,
            "timeout": self.timeout,
            "memory": self.memory,
            "role": resolve(self.role, get),
            "environment": dict(sorted(resolve(self.environment, get).items())),
            "logging": {"format": self.log_format, "group": resolve(self.log_group, get)},
            "tracing": "Active" if self.tracing else "PassThrough",
            "layers": [],
            "subnets": sorted(self.subnets),
            "security_groups": sorted(self.security_groups),
            "architecture": self.architecture,
            "code_sha256": self.code().sha256,
            "reserved_concurrency": self.reserved_concurrency,
            "tags": dict(self.tags),
        }

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`."""
        found = aws.find("lambda", "get_function", FunctionName=self.name)
        if found is None:
            return None
        config = found["Configuration"]
        logging = config.get("LoggingConfig", {})
        vpc = config.get("VpcConfig", {})
        state = {
            "status": _status(config),
            "description": config.get("Description", ""),
            "handler": config["Handler"],
            "runtime": config["Runtime"],
            "timeout": config["Timeout"],
            "memory": config["MemorySize"],
            "role": config["Role"],
            "environment": dict(sorted(config.get("Environment", {}).get("Variables", {}).items())),
            "logging": {
                "format": logging.get("LogFormat", "Text"),
                "group": logging.get("LogGroup", f"/aws/lambda/{self.name}"),
            },
            "tracing": config.get("TracingConfig", {}).get("Mode", "PassThrough"),
            "layers": [layer["Arn"] for layer in config.get("Layers", [])],
            "subnets": sorted(vpc.get("SubnetIds", [])),
            "security_groups": sorted(vpc.get("SecurityGroupIds", [])),
            "architecture": config.get("Architectures", ["x86_64"])[0],
            "code_sha256": config["CodeSha256"],
            "reserved_concurrency": found.get("Concurrency", {}).get(
                "ReservedConcurrentExecutions"
            ),
            "tags": ours(found.get("Tags")),
        }
        return state, {"arn": _unqualified(config["FunctionArn"]), "name": self.name}

    def foreseen(self, aws: Aws) -> Outputs:
        """See `Resource`."""
        return {"arn": aws.arn("lambda", f"function:{self.name}"), "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        made = aws.call(
            "lambda",
            "create_function",
            FunctionName=self.name,
            PackageType="Zip",
            Code=self._upload(aws, want),
            Architectures=[want["architecture"]],
            Tags=want["tags"],
            **_configuration(want),
        )
        if want["reserved_concurrency"] is not None:
            self._reserve(aws, want)
        return {"arn": _unqualified(made["FunctionArn"]), "name": self.name}

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`. Configuration, then code, and a wait after each: Lambda's own order."""
        self._wait_until_settled(aws)
        fields = [name for name in _CONFIGURATION if name in changed]
        if fields:
            aws.call(
                "lambda",
                "update_function_configuration",
                FunctionName=self.name,
                **_configuration(want, fields),
            )
            self._wait_until_settled(aws)
        if {"code_sha256", "architecture"} & set(changed):
            aws.call(
                "lambda",
                "update_function_code",
                FunctionName=self.name,
                Architectures=[want["architecture"]],
                **self._upload(aws, want),
            )
        if "reserved_concurrency" in changed:
            self._reserve(aws, want)
        if "tags" in changed:
            self._tag(aws, want)
        return {}

    def wait_until_ready(self, aws: Aws) -> None:
        """See `Resource`. A mapping is accepted while its function is pending."""
        self._wait_until_settled(aws)

    def delete(self, aws: Aws) -> None:
        """See `Resource`."""
        aws.find("lambda", "delete_function", FunctionName=self.name)

    def _upload(self, aws: Aws, want: State) -> dict[str, Any]:
        """The code's part of the request; a large zip is put into the staging bucket first."""
        code = self.code()
        if code.size <= _DIRECT_LIMIT:
            return {"ZipFile": code.path.read_bytes()}
        bucket = self.staging.to.name
        key = f"deploy/{self.name}-{want['code_sha256'].translate(_PATH_SAFE)}.zip"
        aws.call("s3", "put_object", Bucket=bucket, Key=key, Body=code.path.read_bytes())
        return {"S3Bucket": bucket, "S3Key": key}

    def _reserve(self, aws: Aws, want: State) -> None:
        if want["reserved_concurrency"] is None:
            aws.call("lambda", "delete_function_concurrency", FunctionName=self.name)
            return
        aws.call(
            "lambda",
            "put_function_concurrency",
            FunctionName=self.name,
            ReservedConcurrentExecutions=want["reserved_concurrency"],
        )

    def _tag(self, aws: Aws, want: State) -> None:
        arn = self.foreseen(aws)["arn"]
        extra = surplus(want["tags"], ours(aws.call("lambda", "list_tags", Resource=arn)["Tags"]))
        if extra:
            aws.call("lambda", "untag_resource", Resource=arn, TagKeys=extra)
        aws.call("lambda", "tag_resource", Resource=arn, Tags=want["tags"])

    def _wait_until_settled(self, aws: Aws) -> None:
        """Until it may be changed again. Raises `PricemonError` when its last change failed."""

        def probe() -> dict[str, Any] | None:
            config = aws.call("lambda", "get_function_configuration", FunctionName=self.name)
            return config if _settled(config) else None

        config = aws.until(probe, f"{self.id} to be active", budget=300.0, first_delay=0.05)
        if config.get("LastUpdateStatus") == "Failed":
            raise PricemonError(
                f"{self.id}: {config.get('LastUpdateStatusReason', 'its last update failed')}"
            )
        if config.get("State") == "Failed":
            raise PricemonError(f"{self.id}: {config.get('StateReason', 'it could not be made')}")


def _vpc(want: State) -> dict[str, Any]:
    """Empty lists take the function out of its network."""
    ids = {"SubnetIds": want["subnets"], "SecurityGroupIds": want["security_groups"]}
    return {"VpcConfig": ids}


_PATH_SAFE = str.maketrans("+/=", "-__")

_CONFIGURATION: Mapping[str, Callable[[State], dict[str, Any]]] = {
    "status": lambda want: {"Role": want["role"]},
    "description": lambda want: {"Description": want["description"]},
    "handler": lambda want: {"Handler": want["handler"]},
    "runtime": lambda want: {"Runtime": want["runtime"]},
    "timeout": lambda want: {"Timeout": want["timeout"]},
    "memory": lambda want: {"MemorySize": want["memory"]},
    "role": lambda want: {"Role": want["role"]},
    "environment": lambda want: {"Environment": {"Variables": want["environment"]}},
    "logging": lambda want: {
        "LoggingConfig": {
            "LogFormat": want["logging"]["format"],
            "LogGroup": want["logging"]["group"],
        }
    },
    "tracing": lambda want: {"TracingConfig": {"Mode": want["tracing"]}},
    "layers": lambda want: {"Layers": want["layers"]},
    "subnets": _vpc,
    "security_groups": _vpc,
}
"""By field, its part of `UpdateFunctionConfiguration`."""


def _configuration(want: State, fields: Collection[str] = tuple(_CONFIGURATION)) -> dict[str, Any]:
    parts = [_CONFIGURATION[name](want) for name in fields]
    return {key: value for part in parts for key, value in part.items()}


def _status(config: Mapping[str, Any]) -> str:
    """`Active`, `Pending` while it is being made, or `Failed`.

    A change in progress ends by itself, and an idle function wakes up by itself.
    """
    if "Failed" in (config.get("State"), config.get("LastUpdateStatus")):
        return "Failed"
    new = (
        config.get("State") == "Pending" and config.get("StateReasonCode", "Creating") == "Creating"
    )
    return "Pending" if new else "Active"


def _settled(config: Mapping[str, Any]) -> bool:
    """Whether Lambda accepts the next change."""
    return config.get("State") != "Pending" and config.get("LastUpdateStatus") != "InProgress"


def _unqualified(arn: str) -> str:
    """Without a version: `arn:aws:lambda:region:account:function:name`."""
    return ":".join(arn.split(":")[:7])
