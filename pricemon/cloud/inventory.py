"""What there is to lose before a teardown, and what is left after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricemon.cloud.resource import OWNER, Resource
from pricemon.cloud.walk import in_order, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pricemon.cloud.session import Aws


def inventory(
    resources: Sequence[Resource], aws: Aws, *, keep: Collection[str] = ()
) -> dict[str, Mapping[str, int]]:
    """What `destroy` would remove, by id, with counts of what is in it (rows, messages …).

    Reads only. Raises the first error as it is.
    """
    ordered = [r for r in in_order(resources) if r.id not in keep and r.kind not in keep]
    found: dict[str, Mapping[str, int]] = {}

    def look(resource: Resource) -> None:
        if resource.read(aws) is not None:
            found[resource.id] = resource.contents(aws)

    walk(ordered, look).raise_first()
    return {resource.id: found[resource.id] for resource in ordered if resource.id in found}


def leftovers(resources: Sequence[Resource], aws: Aws, env: str) -> tuple[str, ...]:
    """ARNs that carry the stack's tag though no resource of the stack accounts for them.

    The tagging service learns of deletions late, so what a resource itself reports as gone, or as
    there, is not listed. Roles are outside its view; those of the stack are read by name.
    """
    named: dict[str, None] = {}

    def look(resource: Resource) -> None:
        found = resource.read(aws)
        arns = [*resource.foreseen(aws).values(), *(found[1].values() if found else ())]
        named.update(dict.fromkeys(arns))

    ordered = in_order(resources)
    walk(ordered, look).raise_first()
    tagged = aws.pages(
        "resourcegroupstaggingapi",
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=[{"Key": OWNER, "Values": [env]}],
    )
    return tuple(
        sorted(
            arn for each in tagged if (arn := each["ResourceARN"].removesuffix(":*")) not in named
        )
    )
