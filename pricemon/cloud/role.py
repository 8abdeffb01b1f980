"""An IAM role with one inline policy. Roles belong to the account, not to a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud.documents import canonical, compact
from pricemon.cloud.resource import Get, Outputs, Resource, State, resolve
from pricemon.cloud.tagging import from_pairs, pairs, surplus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pricemon.cloud.session import Aws

POLICY = "pricemon"
"""The name of the inline policy."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Role(Resource):
    """A role: who may assume it (`trust`), and what it then may (`policy`). Both may hold `Ref`s.

    Any other policy on it is somebody's addition by hand, and is taken off again.
    """

    kind: ClassVar[str] = "role"
    service: ClassVar[str] = "iam"

    trust: Mapping[str, Any]
    policy: Mapping[str, Any]
    description: str

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        return {
            "description": self.description,
            "trust": canonical(resolve(self.trust, get)),
            "policy": canonical(resolve(self.policy, get)),
            "other_policies": [],
            "permissions_boundary": None,
            "tags": dict(self.tags),
        }

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`."""
        found = aws.find("iam", "get_role", RoleName=self.name)
        if found is None:
            return None
        policy, inline, attached = aws.gather(
            lambda: aws.find("iam", "get_role_policy", RoleName=self.name, PolicyName=POLICY),
            lambda: self._inline(aws),
            lambda: self._attached(aws),
        )
        role = found["Role"]
        state = {
            "description": role.get("Description", ""),
            "trust": canonical(role["AssumeRolePolicyDocument"]),
            "policy": canonical(policy and policy["PolicyDocument"]),
            "other_policies": sorted(set(inline) - {POLICY}) + attached,
            "permissions_boundary": role.get("PermissionsBoundary", {}).get(
                "PermissionsBoundaryArn"
            ),
            "tags": from_pairs(role.get("Tags")),
        }
        return state, {"arn": role["Arn"], "name": self.name}

    def foreseen(self, aws: Aws) -> Outputs:
        """See `Resource`."""
        return {"arn": aws.arn("iam", f"role/{self.name}", regional=False), "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        made = aws.call(
            "iam",
            "create_role",
            RoleName=self.name,
            Description=want["description"],
            AssumeRolePolicyDocument=compact(want["trust"]),
            Tags=pairs(want["tags"]),
        )
        self._put_policy(aws, want)
        return {"arn": made["Role"]["Arn"], "name": self.name}

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`."""
        if "description" in changed:
            aws.call("iam", "update_role", RoleName=self.name, Description=want["description"])
        if "trust" in changed:
            aws.call(
                "iam",
                "update_assume_role_policy",
                RoleName=self.name,
                PolicyDocument=compact(want["trust"]),
            )
        if "policy" in changed:
            self._put_policy(aws, want)
        if "other_policies" in changed:
            self._strip(aws, keep={POLICY})
        if "permissions_boundary" in changed:
            aws.find("iam", "delete_role_permissions_boundary", RoleName=self.name)
        if "tags" in changed:
            have = from_pairs(aws.listed("iam", "list_role_tags", "Tags", RoleName=self.name))
            extra = surplus(want["tags"], have)
            if extra:
                aws.call("iam", "untag_role", RoleName=self.name, TagKeys=extra)
            aws.call("iam", "tag_role", RoleName=self.name, Tags=pairs(want["tags"]))
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`. A role is deleted only when nothing is left on it."""
        self._strip(aws, keep=set())
        aws.find("iam", "delete_role", RoleName=self.name)

    def _put_policy(self, aws: Aws, want: State) -> None:
        aws.call(
            "iam",
            "put_role_policy",
            RoleName=self.name,
            PolicyName=POLICY,
            PolicyDocument=compact(want["policy"]),
        )

    def _strip(self, aws: Aws, *, keep: Collection[str]) -> None:
        for policy in set(self._inline(aws)) - set(keep):
            aws.find("iam", "delete_role_policy", RoleName=self.name, PolicyName=policy)
        for arn in self._attached(aws):
            aws.find("iam", "detach_role_policy", RoleName=self.name, PolicyArn=arn)

    def _inline(self, aws: Aws) -> list[str]:
        return aws.listed("iam", "list_role_policies", "PolicyNames", RoleName=self.name) or []

    def _attached(self, aws: Aws) -> list[str]:
        key = "AttachedPolicies"
        found = aws.listed("iam", "list_attached_role_policies", key, RoleName=self.name)
        return sorted(each["PolicyArn"] for each in found or ())
