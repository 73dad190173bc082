"""The condition keys that AWS evaluates for an action, of the services whose keys our policies use.

A key that AWS does not evaluate is absent from every request: an Allow that needs such a key grants
nothing, and a Deny that needs one denies nothing. The tables are closed: an action of these
services that is missing has no keys.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_acm.html
https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_ssm.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache

from tests.embedded_aws.calls import Permission
from tests.embedded_aws.policy import Document, statements

_OF_REQUEST = ("aws:RequestTag/*", "aws:TagKeys")
#: Of every action with the resource type certificate.
_OF_CERTIFICATE = ("aws:ResourceTag/*",)
_RECORDS = "route53:ChangeResourceRecordSets"

KEYS: Mapping[str, tuple[str, ...]] = {
    "acm:AddTagsToCertificate": (
        *_OF_CERTIFICATE,
        *_OF_REQUEST,
        "acm:CertificateKeyPairOrigin",
    ),
    "acm:DeleteCertificate": (*_OF_CERTIFICATE, "acm:CertificateKeyPairOrigin"),
    "acm:DescribeAcmeDomainValidation": _OF_CERTIFICATE,
    "acm:DescribeCertificate": _OF_CERTIFICATE,
    "acm:ExportCertificate": (*_OF_CERTIFICATE, "acm:DomainNames"),
    "acm:GetCertificate": _OF_CERTIFICATE,
    "acm:ImportCertificate": (*_OF_CERTIFICATE, *_OF_REQUEST),
    "acm:ListAcmeDomainValidations": _OF_CERTIFICATE,
    "acm:ListAcmeExternalAccountBindings": _OF_CERTIFICATE,
    "acm:ListTagsForCertificate": _OF_CERTIFICATE,
    "acm:ListTagsForResource": _OF_CERTIFICATE,
    "acm:RemoveTagsFromCertificate": (*_OF_CERTIFICATE, *_OF_REQUEST),
    "acm:RenewCertificate": _OF_CERTIFICATE,
    # No resource type: the certificate does not exist yet.
    "acm:RequestCertificate": (
        *_OF_REQUEST,
        "acm:CertificateAuthority",
        "acm:CertificateKeyPairOrigin",
        "acm:CertificateTransparencyLogging",
        "acm:DomainNames",
        "acm:Export",
        "acm:KeyAlgorithm",
        "acm:ValidationMethod",
    ),
    "acm:ResendValidationEmail": _OF_CERTIFICATE,
    "acm:RevokeCertificate": (
        *_OF_CERTIFICATE,
        "acm:CertificateKeyPairOrigin",
        "acm:DomainNames",
    ),
    "acm:UpdateCertificateOptions": _OF_CERTIFICATE,
    _RECORDS: tuple(
        f"{_RECORDS}{kind}" for kind in ("Actions", "NormalizedRecordNames", "RecordTypes")
    ),
    "ssm:GetParameter": ("aws:ResourceTag/*",),
    "ssm:GetParametersByPath": ("aws:ResourceTag/*", "ssm:Recursive"),
    "ssm:PutParameter": ("aws:ResourceTag/*", *_OF_REQUEST, "ssm:Overwrite", "ssm:Policies"),
}
#: Services whose actions are all listed in `KEYS`, or have no keys.
SERVICES = frozenset({"acm", "route53", "ssm"})
#: Keys of every request.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
EVERYWHERE = (
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalType",
    "aws:RequestedRegion",
    "aws:SecureTransport",
)


@cache
def is_evaluated(action: str, key: str) -> bool:
    """Whether AWS evaluates a key for an action; true for the actions of other services."""
    if action.partition(":")[0] not in SERVICES:
        return True
    return any(fnmatchcase(key, known) for known in (*KEYS.get(action, ()), *EVERYWHERE))


def not_sent(permissions: Iterable[Permission]) -> list[str]:
    """Return the keys of requests that AWS would not send."""
    return [
        f"{permission.action}: {key}"
        for permission in permissions
        for key in permission.context
        if not is_evaluated(permission.action, key)
    ]


def not_evaluated(document: Document) -> list[str]:
    """Return the keys of a policy that AWS does not evaluate, with statement and action."""
    return [
        f"{statement.get('Sid')}: {action}: {key}"
        for statement in statements([document])
        for action in statement["Action"]
        for conditions in statement.get("Condition", {}).values()
        for key in conditions
        if not is_evaluated(action, key)
    ]
