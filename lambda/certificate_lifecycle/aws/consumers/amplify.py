"""Amplify: the certificates of custom domains of apps.

Only certificates of the account itself (`CUSTOM`) are changed, not those that Amplify manages.
Whether an update keeps omitted settings is not documented, so that every setting is repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from certificate_lifecycle.aws.consumers.base import (
    EdgeDomains,
    Refusal,
    RefusalKind,
)
from certificate_lifecycle.aws.permissions import (
    EVERYTHING,
    ROTATIONS,
    Command,
    Setting,
    declare,
    for_rotations,
    regional,
)
from certificate_lifecycle.aws.responses import paginated, unless, validated_response
from certificate_lifecycle.aws.whole_writes import WholeWrite, accepted, require_complete
from certificate_lifecycle.model.errors import ConsumerChangedError, ManualStepRequiredError
from certificate_lifecycle.parsing.documents import json_tree
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind
from certificate_lifecycle.render.manual_steps import ANY_REGION, argument, aws_command

_READERS = (*ROTATIONS, Command.EXPLAIN)
_REBIND = (Setting.REBIND_CONSUMERS, Setting.US_EAST_1)
PERMISSIONS = (
    *declare(
        _READERS,
        "amplify",
        EVERYTHING,
        *_REBIND,
        ListApps="find apps (the response also has their environment variables)",
    ),
    *declare(
        _READERS,
        "amplify",
        ("arn:{partition}:amplify:*:{account}:apps/*",),
        *_REBIND,
        ListDomainAssociations="the certificates of custom domains",
    ),
    *for_rotations(
        "amplify",
        ("arn:{partition}:amplify:*:{account}:apps/*/domains/*",),
        *_REBIND,
        GetDomainAssociation="the settings of a custom domain",
    ),
    *for_rotations(
        "amplify",
        regional("amplify", "apps/*/domains/*"),
        *_REBIND,
        UpdateDomainAssociation="change the certificate of a custom domain",
    ),
)
#: The certificate of a custom domain; `qualifier` is its app.
AMPLIFY_DOMAIN = ConsumerKind("AmplifyDomain")
_PAGE_SIZE = 50


def _as_request(association: Mapping[str, Any]) -> dict[str, Any]:
    """Return a domain association in the form of an update.

    A subdomain has its settings in a member of its own, beside the state that Amplify reports.
    """
    request = dict(association)
    request["subDomainSettings"] = [
        {**(domain.pop("subDomainSetting", None) or {}), **domain}
        for domain in map(dict, request.pop("subDomains", ()))
    ]
    if "certificate" in request:
        request["certificateSettings"] = request.pop("certificate")
    return request


DOMAIN_WRITE = WholeWrite(
    service="amplify",
    read="GetDomainAssociation",
    write="UpdateDomainAssociation",
    tree=json_tree,
    at=("domainAssociation",),
    as_request=_as_request,
    # Members that Amplify sets itself (API reference, DomainAssociation), and the name, which is
    # part of the request's path.
    changed=frozenset(
        (
            "certificateSettings.certificateVerificationDNSRecord",
            "certificateSettings.customCertificateArn",
            "certificateVerificationDNSRecord",
            "domainAssociationArn",
            "domainName",
            "domainStatus",
            "statusReason",
            "subDomainSettings.dnsRecord",
            "subDomainSettings.verified",
            "updateStatus",
        )
    ),
)
_GONE = "NotFoundException"
#: Amplify has one code for all bad requests (API reference, UpdateDomainAssociation).
_REFUSALS = (
    Refusal(
        "BadRequestException",
        RefusalKind.BUSY,
        "another change is in progress",
        while_updating=True,
    ),
    Refusal("BadRequestException", RefusalKind.CERTIFICATE, message="certificate"),
)
#: Service Authorization Reference, UpdateDomainAssociation: iam:PassRole.
_PASSES_A_ROLE = "its update passes an IAM role for subdomains, which these permissions exclude"


class AmplifyDomains(EdgeDomains):
    """The custom domains of the apps of one account and region."""

    service = "amplify"
    kinds = (AMPLIFY_DOMAIN,)
    permissions = PERMISSIONS
    refusals = _REFUSALS
    whole_writes = (DOMAIN_WRITE,)
    only_for_unexplained = True

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        """Return the call that writes a domain with another certificate."""
        if not arn.foreign:
            app_id = arn.name.partition("/")[0]
            return _steps(arn.region, app_id, "DOMAIN_NAME", successor_arn)
        steps = _steps(ANY_REGION, "APP_ID", "DOMAIN_NAME", successor_arn)
        return ("# A custom domain of Amplify, in any region:", *steps)

    def manual_steps_of(self, binding: Binding, certificate_arn: str) -> tuple[str, ...]:
        """Return the call that writes one domain."""
        app_id, domain = argument(binding.qualifier), argument(binding.consumer)
        return _steps(self._scope.region, app_id, domain, certificate_arn)

    def settings(self) -> Iterator[tuple[Binding, str]]:
        """Yield every custom domain that has a certificate of the account."""
        pages = {"PaginationConfig": {"PageSize": _PAGE_SIZE}}
        with validated_response("ListDomainAssociations"):
            for app in paginated(self._client, "list_apps", "apps", required=True, **pages):
                listed = paginated(
                    self._client,
                    "list_domain_associations",
                    "domainAssociations",
                    required=True,
                    appId=app["appId"],
                    **pages,
                )
                for association in listed:
                    certificate = _certificate(association)
                    if certificate is not None:
                        name = association["domainName"]
                        label = f"Amplify domain {name}"
                        yield Binding(AMPLIFY_DOMAIN, name, app["appId"], label), certificate

    @validated_response("GetDomainAssociation")
    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificate of a domain; None if the domain does not exist.

        While an update is in progress, it is the new one (API reference, DomainAssociation).
        """
        answer = unless(_GONE, lambda: self._get(binding))
        if answer is None:
            return None
        found = answer["domainAssociation"]
        certificate, update = _certificate(found), found.get("updateStatus")
        settled = found["domainStatus"] == "AVAILABLE" and update in (None, "UPDATE_COMPLETE")
        failed = "FAILED" if found["domainStatus"] == "FAILED" else update
        error = f"its status is {failed}" if failed in ("FAILED", "UPDATE_FAILED") else None
        return BindingState((certificate,) if certificate else (), settled, error)

    @validated_response("GetDomainAssociation")
    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set the certificate and keep the other settings of the domain.

        Raises ConsumerChangedError if the domain has neither certificate, ManualStepRequiredError
        if its update passes a role, and UnknownSettingError if this SDK would lose a setting.
        """
        answer = self._get(binding)
        found = answer["domainAssociation"]
        current = _certificate(found)
        if current == certificate_arn:
            return
        if current != instead_of:
            raise ConsumerChangedError(f"{binding.label} was changed")
        if found.get("autoSubDomainIAMRole"):
            steps = self.manual_steps_of(binding, certificate_arn)
            raise ManualStepRequiredError("\n".join((_PASSES_A_ROLE, *steps)))
        request: dict[str, Any] = {
            **accepted(self._client, DOMAIN_WRITE, found),
            "appId": binding.qualifier,
            "subDomainSettings": [entry["subDomainSetting"] for entry in found["subDomains"]],
            "certificateSettings": {"type": "CUSTOM", "customCertificateArn": certificate_arn},
        }
        require_complete(self._client, DOMAIN_WRITE, answer, request)
        self._client.update_domain_association(**request)

    def _get(self, binding: Binding) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._client.get_domain_association(
            appId=binding.qualifier, domainName=binding.consumer
        )
        return found


def _certificate(association: Mapping[str, Any]) -> str | None:
    """Return the certificate of the account that a domain has; None for one of Amplify's."""
    found: str | None = association.get("certificate", {}).get("customCertificateArn")
    return found


def _steps(region: str, app_id: str, domain: str, new: str) -> tuple[str, ...]:
    return (
        aws_command(
            "amplify update-domain-association",
            region,
            f"--app-id {app_id} --domain-name {domain}",
            f"--certificate-settings type=CUSTOM,customCertificateArn={new}",
        ),
    )
