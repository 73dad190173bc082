"""What each mode, scope and list of allowed domains grants to the rotation function.

`modules/certificate-access` is rendered once, with every case. The requests have the condition keys
that AWS sends with the function's calls. What a case must grant is written down here, and not read
from a policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import pytest

from tests.embedded_aws.calls import Permission
from tests.embedded_aws.condition_keys import not_evaluated
from tests.embedded_aws.policy import CURRENT, Document, Principal, judge, statements
from tests.harness.mutants import Statement, mutants
from tests.harness.proof import Ask, Bounds
from tests.harness.terraform import Workspace
from tests.terraform.bounds import LABEL
from tests.terraform.policies import permissions_of

pytestmark = [pytest.mark.terraform, pytest.mark.usefixtures("terraform")]

ACCOUNT, REGION, INSTANCE = "390000000001", "eu-west-1", "certificate-lifecycle"
MODES = ("notify", "repair", "replace")
#: Inputs from the narrowest to the widest.
ALLOWED: tuple[tuple[str, ...], ...] = ((), ("example.com",), ("example.com", "*.wild.example.net"))
INCLUDED: tuple[tuple[str, ...], ...] = (("shop.example.org",), ("example.org",), ())


@dataclass(frozen=True)
class Case:
    """The inputs that limit the role; `included` is empty for any domain."""

    mode: str
    unmanaged: str
    allowed: tuple[str, ...]
    included: tuple[str, ...]

    def __str__(self) -> str:
        domains = " ".join(self.allowed), " ".join(self.included)
        return "; ".join((self.mode, self.unmanaged, *domains))

    @property
    def variables(self) -> Mapping[str, object]:
        return {
            "rotation_mode": self.mode,
            "unmanaged_rotation_mode": self.unmanaged,
            "allowed_domains": self.allowed,
            "include_domains": self.included,
        }

    def is_within(self, other: Case) -> bool:
        """Whether no input is wider than that of the other case."""
        return all(
            values.index(mine) <= values.index(theirs)
            for values, mine, theirs in (
                (MODES, self.mode, other.mode),
                (MODES, self.unmanaged, other.unmanaged),
                (ALLOWED, self.allowed, other.allowed),
                (INCLUDED, self.included, other.included),
            )
        )


CASES = tuple(Case(*inputs) for inputs in product(MODES, MODES, ALLOWED, INCLUDED))
DEFAULT = Case("replace", "notify", ("example.com",), ())

MODULE = f"""
variable "cases" {{ type = any }}

module "access" {{
  source   = "../modules/certificate-access"
  for_each = var.cases

  account_id              = "{ACCOUNT}"
  allowed_domains         = each.value.allowed_domains
  find_zones              = true
  include_domains         = each.value.include_domains
  name_prefix             = "{INSTANCE}"
  partition               = "aws"
  rebind_consumers        = true
  regions                 = ["{REGION}"]
  retire_superseded       = true
  rotation_mode           = each.value.rotation_mode
  unmanaged_rotation_mode = each.value.unmanaged_rotation_mode
  zone_arns               = ["arn:aws:route53:::hostedzone/*"]
}}

output "policies" {{ value = {{ for case, access in module.access : case => access.policy_json }} }}
"""


@pytest.fixture(scope="module")
def policies() -> Mapping[Case, Document]:
    variables = {"cases": {str(case): case.variables for case in CASES}}
    with Workspace("cases", {}, variables=variables, files={"cases/main.tf": MODULE}) as module:
        module.apply()
        rendered = module.output()["policies"]
    return {case: json.loads(rendered[str(case)]) for case in CASES}


# --- The requests, and what each case must grant --------------------------------------------------


@dataclass(frozen=True)
class Deed:
    """A call of the function: the permissions that it needs, and what it is about.

    `names` are those of the request or of the records. `ours` is whether the call can be for a
    certificate that the instance issued. `mode` is the mode that it needs, or empty for a call that
    no mode allows.
    """

    what: str
    permissions: tuple[Permission, ...]
    mode: str
    names: tuple[str, ...] = ()
    ours: bool = True

    def is_granted(self, case: Case) -> bool:
        """Return what the documentation of the inputs says.

        The records of several certificates may be in one batch.
        """
        managed = self.ours and bool(case.allowed) and reaches(case.mode, self.mode)
        unmanaged = reaches(case.mode, self.mode) and reaches(case.unmanaged, self.mode)
        by_name = [
            (managed and is_allowed(name, case), unmanaged and is_in_scope(name, case))
            for name in self.names
        ]
        if not by_name:
            return managed or unmanaged
        if self.names[0].startswith(LABEL):
            return all(map(any, by_name))
        return any(map(all, zip(*by_name, strict=True)))


def reaches(mode: str, needed: str) -> bool:
    """Whether a mode allows a call; no mode allows one that needs an empty mode."""
    return bool(needed) and MODES.index(mode) >= MODES.index(needed)


def is_allowed(name: str, case: Case) -> bool:
    """Whether a name is equal to an allowed domain or below it; a wildcard has only names below it.

    The record of a wildcard is that of its base name.
    """
    return any(
        is_at_or_below(name.removeprefix(f"{LABEL}."), domain.removeprefix("*."))
        and (LABEL in name or name != domain.removeprefix("*.") or not domain.startswith("*."))
        for domain in case.allowed
    )


def is_in_scope(name: str, case: Case) -> bool:
    return not case.included or any(is_at_or_below(name, domain) for domain in case.included)


def is_at_or_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


NAMES: tuple[tuple[str, ...], ...] = (
    ("example.com",),
    ("*.example.com",),
    ("example.com", "a.very.deep.name.of.example.com"),
    ("notexample.com",),
    ("example.com.example.edu",),
    ("wild.example.net",),
    ("notwild.example.net",),
    ("*.wild.example.net", "a.wild.example.net"),
    ("example.org",),
    ("notexample.org",),
    ("example.org.example.edu",),
    ("shop.example.org.example.edu",),
    ("shop.example.org", "*.shop.example.org"),
    ("notshop.example.org",),
    ("www.example.edu",),
    ("example.com", "www.example.edu"),
    ("example.com", "shop.example.org"),
)
REPLACES, REPLACED_BY = "certificate-lifecycle:replaces", "certificate-lifecycle:replaced-by"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/one"
AUTHORITY = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/one"
#: Tags of certificates of this instance, another tool, and nobody.
OWNERS: tuple[Mapping[str, str], ...] = (
    {"ManagedBy": INSTANCE},
    {"ManagedBy": "terraform"},
    {"ManagedBy": f"{INSTANCE}-2"},
    {},
)


def call(
    operation: str, parameters: Mapping[str, Any], tags: Mapping[str, str] | None = None
) -> tuple[Permission, ...]:
    """Return the permissions of a call about a certificate with these tags."""
    service, _, name = operation.partition(":")
    return permissions_of(service, name, parameters, account=ACCOUNT, region=REGION, tags=tags)


def listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def requests() -> Iterator[Deed]:
    """Yield requests of successors, with every combination of names and tags."""
    public, private = {"ValidationMethod": "DNS"}, {"CertificateAuthorityArn": AUTHORITY}
    for names, owner, kind in product(NAMES, OWNERS[:2], (public, private)):
        ours = owner == OWNERS[0]
        request, tagging = _request(names, {REPLACES: CERTIFICATE, **owner}, **kind)
        yield Deed(f"request {names} {owner}", (request,), "replace", names, ours)
        yield Deed(f"tag a request with {owner}", (tagging,), "replace", ours=ours)
        for permission in _request(names, owner, **kind):
            yield Deed(f"request {names} {owner} for nothing", (permission,), "")
        # `ForAllValues` is true for a request without names.
        nameless = (_without("acm:DomainNames", request),)
        yield Deed(f"request no names {owner}", nameless, "replace", ("",), ours)
    for kind in ({}, {"ValidationMethod": "EMAIL"}, {"ValidationMethod": "HTTP"}):
        for names in NAMES:
            request, _ = _request(names, {REPLACES: CERTIFICATE, **OWNERS[0]}, **kind)
            yield Deed(f"request {names} with {kind}", (request,), "")


def _request(
    names: tuple[str, ...], tags: Mapping[str, str], **more: str
) -> tuple[Permission, ...]:
    others = {"SubjectAlternativeNames": names[1:]} if names[1:] else {}
    parameters = {"DomainName": names[0], "Tags": listed(tags), **others, **more}
    return call("acm:RequestCertificate", parameters)


def _without(key: str, permission: Permission) -> Permission:
    context = {name: values for name, values in permission.context.items() if name != key}
    return replace(permission, context=context)


def tagging() -> Iterator[Deed]:
    """Yield the tags that the function sets on existing certificates, and others."""
    for owner, tag in product(OWNERS, OWNERS):
        ours = owner in (OWNERS[0], {}) and tag == OWNERS[0]
        needs = _tag(owner, {REPLACES: CERTIFICATE, **tag})
        yield Deed(f"tag {owner} with {tag}", needs, "replace", ours=ours)
    marks: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("replace", {REPLACED_BY: CERTIFICATE}),
        ("", {REPLACED_BY: CERTIFICATE, "a": "b"}),
        ("", OWNERS[0]),
        ("", {}),
    )
    for owner, (mode, mark) in product(OWNERS, marks):
        needs = _tag(owner, mark)
        yield Deed(f"mark {owner} with {mark}", needs, mode, ours=owner == OWNERS[0])


def _tag(owner: Mapping[str, str], tags: Mapping[str, str]) -> tuple[Permission, ...]:
    parameters = {"CertificateArn": CERTIFICATE, "Tags": listed(tags)}
    return call("acm:AddTagsToCertificate", parameters, owner)


def changes() -> Iterator[Deed]:
    """Yield writes to a certificate, with its tags."""
    for owner in OWNERS:
        of_one, ours = {"CertificateArn": CERTIFICATE}, owner == OWNERS[0]
        for operation in ("ResendValidationEmail", "UpdateCertificateOptions"):
            needs = call(f"acm:{operation}", of_one, owner)
            yield Deed(f"{operation} {owner}", needs, "repair", ours=ours)
        for mode, tags in (("replace", {REPLACED_BY: CERTIFICATE}), ("", {})):
            needs = call("acm:DeleteCertificate", of_one, {**owner, **tags})
            yield Deed(f"delete {owner} {tags}", needs, mode, ours=ours)
        for operation in ("ImportCertificate", "ExportCertificate", "RenewCertificate"):
            yield Deed(f"{operation} {owner}", call(f"acm:{operation}", of_one, owner), "")
    listener = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/web/1/2"
    move = call("elbv2:ModifyListener", {"ListenerArn": listener})
    yield Deed("move a listener", move, "replace")


def records() -> Iterator[Deed]:
    """Yield validation records, and others that no mode allows."""
    for names in NAMES:
        bases = [name.removeprefix("*.") for name in names]
        written = [_row(f"{LABEL}.{base}") for base in bases]
        records = tuple(f"{LABEL}.{base}" for base in bases)
        yield Deed(f"records of {names}", _change(*written), "repair", records)
        # tests/terraform/test_permissions.py tries thousands of other names.
        for wrong in (
            _row(f"{LABEL}.{bases[0]}", kind="TXT"),
            _row(f"{LABEL}.{bases[0]}", action="DELETE"),
            _row(f"www.{bases[0]}"),
        ):
            yield Deed(f"{wrong}", _change(wrong), "")
            yield Deed(f"{wrong} beside {records}", _change(*written, wrong), "")
    for name in ("example.com", "shop.example.org"):
        (permission,) = _change(_row(f"{LABEL}.{name}"))
        for key in permission.context.keys() - {"aws:RequestedRegion", "aws:SecureTransport"}:
            yield Deed(f"record of {name} without {key}", (_without(key, permission),), "")


def _row(name: str, *, kind: str = "CNAME", action: str = "UPSERT") -> Mapping[str, Any]:
    return {"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind}}


def _change(*rows: Mapping[str, Any]) -> tuple[Permission, ...]:
    parameters = {"HostedZoneId": "Z1", "ChangeBatch": {"Changes": rows}}
    return call("route53:ChangeResourceRecordSets", parameters)


@cache
def deeds() -> tuple[Deed, ...]:
    """Return every call, and each permission for another region, account or kind of resource."""
    made = (*requests(), *tagging(), *changes(), *records())
    nobody = Principal(f"arn:aws:iam::{ACCOUNT}:role/function")
    elsewhere: dict[object, Deed] = {}
    for deed in made:
        for permission in deed.permissions if deed.mode else ():
            for what, ask in Bounds(free=range(1, 9)).crossed(Ask(nobody, permission)):
                elsewhere[ask.key] = Deed(f"{deed.what}, {what}", (ask.permission,), "")
    return (*made, *elsewhere.values())


def _text(policy: Document) -> str:
    return json.dumps(policy, sort_keys=True)


@pytest.fixture(scope="module")
def granted(policies: Mapping[Case, Document]) -> Mapping[Case, frozenset[int]]:
    """Return the calls that each case grants, as indexes of `deeds`; many policies are equal."""
    distinct = {_text(policy): policy for policy in policies.values()}
    found = {
        text: frozenset(
            number
            for number, deed in enumerate(deeds())
            if all(judge([policy], permission).allowed for permission in deed.permissions)
        )
        for text, policy in distinct.items()
    }
    return {case: found[_text(policy)] for case, policy in policies.items()}


# --- The proofs -----------------------------------------------------------------------------------


def test_each_mode_and_scope_grants_what_it_says_and_nothing_else(
    granted: Mapping[Case, frozenset[int]],
) -> None:
    wrong = [
        f"{case}: {'let through' if number in found else 'refused'}: {deed.what}"
        for case, found in granted.items()
        for number, deed in enumerate(deeds())
        if (number in found) is not deed.is_granted(case)
    ]
    assert wrong == []


def test_a_smaller_mode_scope_or_list_of_domains_never_grants_more(
    granted: Mapping[Case, frozenset[int]],
) -> None:
    more = [
        f"{small} grants more than {large}: {deeds()[number].what}"
        for small, large in product(CASES, CASES)
        if small.is_within(large)
        for number in granted[small] - granted[large]
    ]
    assert more == []


def test_a_policy_has_only_condition_keys_that_aws_evaluates(
    policies: Mapping[Case, Document],
) -> None:
    assert {line for policy in policies.values() for line in not_evaluated(policy)} == set()


#: Statements that depend on the modes and the scope; the tests of deployed functions prove all.
NARROWED = frozenset(
    {
        "DeleteReplaced",
        "MarkReplaced",
        "RefuseOtherValidation",
        "RepairValidation",
        "RequestSuccessors",
        "RequestUnmanagedSuccessors",
        "RestoreValidationRecords",
        "TagSuccessors",
    }
)
#: Cases with every form of these statements; the nightly gate proves the others.
PROVED = (
    DEFAULT,
    Case("repair", "repair", ALLOWED[1], INCLUDED[0]),
    Case("replace", "replace", ALLOWED[2], INCLUDED[1]),
)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=str(case), marks=() if case in PROVED else pytest.mark.nightly)
        for case in CASES
    ],
)
def test_no_statement_of_a_policy_is_wider_than_its_calls(
    policies: Mapping[Case, Document], case: Case
) -> None:
    """Each variant of a statement lets another call through, or refuses one."""
    found = list(statements([policies[case]]))
    survivors = [
        f"{statement['Sid']}: {mutant.what}"
        for number, statement in enumerate(found)
        if statement["Sid"] in NARROWED
        for mutant in mutants(statement)
        if not differs(found, number, mutant.statements)
    ]
    assert survivors == []


def differs(found: Sequence[Statement], number: int, variant: Sequence[Statement]) -> bool:
    """Whether any call has another answer if a statement is replaced by its variant."""
    changed = [*found[:number], *variant, *found[number + 1 :]]
    actions = set(found[number]["Action"])
    return any(
        _may(found, deed) is not _may(changed, deed)
        for deed in deeds()
        if not actions.isdisjoint(permission.action for permission in deed.permissions)
    )


def _may(found: Sequence[Statement], deed: Deed) -> bool:
    return all(
        judge([{"Statement": found, "Version": CURRENT}], each).allowed for each in deed.permissions
    )
