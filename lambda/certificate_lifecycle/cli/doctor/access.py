"""Who asks, and what AWS lets them do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from certificate_lifecycle.cli.doctor.diagnosis import Check, Diagnosis, State, unknown
from certificate_lifecycle.core.place import Place

if TYPE_CHECKING:
    from certificate_lifecycle.cli.outside.attempts import Attempt
    from certificate_lifecycle.cli.outside.simulation import Simulated

#: Less than this is too little for what waits for ACM.
_SOON = timedelta(minutes=15)
#: What a request for validation and its records has, whatever the names are.
CONTEXT = {
    "acm:KeyAlgorithm": "RSA_2048",
    "acm:ValidationMethod": "DNS",
    "route53:ChangeResourceRecordSetsActions": "UPSERT",
    "route53:ChangeResourceRecordSetsRecordTypes": "CNAME",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose credentials they are; `expires` is None for those that last."""

    arn: str
    source: str
    expires: datetime | None = None


def credentials(caller: Caller, now: datetime) -> Iterator[Diagnosis]:
    """Say who asks, and whether they still will in a quarter of an hour."""
    account = caller.arn.split(":")[4]
    who = f"You are {caller.arn}, by {caller.source}"
    if caller.expires is None:
        yield Diagnosis(Check.CREDENTIALS, State.OK, account, f"{who}.")
    else:
        until = f"until {caller.expires:%Y-%m-%d %H:%M} UTC"
        soon = caller.expires - now < _SOON
        state = State.WARNING if soon else State.OK
        advice = "Sign in again before anything that takes longer." if soon else ""
        yield Diagnosis(Check.CREDENTIALS, state, account, f"{who}, {until}.", advice)
    if caller.arn.endswith(":root"):
        yield Diagnosis(
            Check.CREDENTIALS,
            State.WARNING,
            account,
            "These are the root user's credentials, which nothing can be taken from.",
            "Use a role or user that has just what is needed.",
        )


def read_permissions(attempts: Iterable[Attempt], place: Place) -> Iterator[Diagnosis]:
    """Say which calls of a scan AWS refuses, each by its action and resource."""
    about, allowed = _label(place), 0
    for attempt in attempts:
        if attempt.failed is not None:
            cause = unknown(Check.READ_PERMISSIONS, about, attempt.failed)
            yield Diagnosis(cause.check, cause.state, about, f"{attempt.action}: {cause.sentence}")
        elif attempt.denied is not None:
            yield Diagnosis(
                Check.READ_PERMISSIONS,
                State.WARNING if attempt.optional else State.FAILED,
                about,
                f"{attempt.action} on {attempt.resource} is denied: {attempt.denied}",
                f"Let whoever you are call {attempt.action}"
                f"{'; a scan takes longer without it' if attempt.optional else ''}.",
            )
        else:
            allowed += 1
    yield Diagnosis(
        Check.READ_PERMISSIONS,
        State.OK,
        about,
        f"AWS allowed {allowed} of the calls that a scan makes.",
    )


def writes(place: Place, zone_ids: Sequence[str], table: str | None) -> Mapping[str, Sequence[str]]:
    """Return the actions of `apply` and `create` by a resource that each may be allowed on.

    Resources that are not known yet stand for whatever there will be.
    """
    arn = f"arn:{place.partition}:{{}}:{place.region}:{place.account_id}:{{}}"
    certificate = arn.format("acm", "certificate/00000000-0000-0000-0000-000000000000")
    listener = "listener/app/any/0000000000000000/0000000000000000"
    actions = {
        certificate: (
            *("acm:RequestCertificate", "acm:AddTagsToCertificate", "acm:RenewCertificate"),
            *("acm:ResendValidationEmail", "acm:UpdateCertificateOptions"),
        ),
        arn.format("elasticloadbalancing", listener): (
            "elasticloadbalancing:AddListenerCertificates",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:RemoveListenerCertificates",
        ),
        f"arn:{place.partition}:cloudfront::{place.account_id}:distribution/E0000000000000": (
            "cloudfront:UpdateDistribution",
        ),
        f"arn:{place.partition}:apigateway:{place.region}::/domainnames/example.com": (
            *("apigateway:PATCH", "apigateway:AddCertificateToDomain"),
            "apigateway:RemoveCertificateFromDomain",
        ),
        **{
            f"arn:{place.partition}:route53:::hostedzone/{zone_id}": (
                "route53:ChangeResourceRecordSets",
            )
            for zone_id in zone_ids
        },
    }
    if table is not None:
        names = ("PutItem", "UpdateItem", "DeleteItem")
        actions[arn.format("dynamodb", f"table/{table}")] = tuple(
            f"dynamodb:{name}" for name in names
        )
    return actions


def write_permissions(simulated: Sequence[Simulated], place: Place) -> Iterator[Diagnosis]:
    """Say what IAM would refuse of `apply` and `create`; nothing of it is needed to look."""
    about = _label(place)
    allowed = [each for each in simulated if each.denied_by is None]
    depends = [each for each in simulated if each.denied_by is not None and each.missing]
    for each in simulated:
        if each.denied_by is None or each.missing:
            continue
        how = "denied by a policy" if each.denied_by == "explicitDeny" else "allowed by no policy"
        yield Diagnosis(
            Check.WRITE_PERMISSIONS,
            State.WARNING,
            about,
            f"{each.action} on {each.resource} is {how}.",
            "Let whoever you are do that, or leave these writes to the deployed function.",
        )
    sentence = f"IAM would allow {len(allowed)} of the writes of apply and create"
    if depends:
        keys = sorted({key for each in depends for key in each.missing})
        sentence += f"; {len(depends)} depend on {', '.join(keys)}"
    yield Diagnosis(Check.WRITE_PERMISSIONS, State.OK, about, f"{sentence}.")


def _label(place: Place) -> str:
    return f"{place.account_id}/{place.region}"
