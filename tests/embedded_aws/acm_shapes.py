"""How ACM shows a certificate: as a summary, in detail, and domain by domain.

https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.embedded_aws.certificates import (
    Certificate,
    MethodUpdate,
    eligibility,
    validation_record,
)
from tests.estates.estate import Estate

Result = dict[str, Any]

SUMMARY_NAMES = 100
MAILBOXES = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")


class Shown:
    """Certificates in the shapes of the API."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def summary(self, certificate: Certificate) -> Result:
        """Show a certificate as ListCertificates does."""
        in_use = bool(self._estate.users(certificate))
        summary: Result = {
            "CertificateArn": certificate.arn,
            "DomainName": certificate.domain_name,
            "SubjectAlternativeNameSummaries": list(certificate.names[:SUMMARY_NAMES]),
            "HasAdditionalSubjectAlternativeNames": len(certificate.names) > SUMMARY_NAMES,
            "Status": certificate.status,
            "Type": certificate.type,
            "KeyAlgorithm": certificate.key_algorithm,
            "KeyUsages": _if_issued(certificate, certificate.key_usages),
            "ExtendedKeyUsages": _if_issued(certificate, certificate.extended_key_usages),
            "RootHierarchyType": certificate.root_hierarchy,
            "CertificateUsage": certificate.certificate_usage,
            "ExportOption": certificate.export_option,
            "InUse": in_use,
            "Exported": certificate.exported,
            "RenewalEligibility": eligibility(certificate, in_use=in_use),
            "ManagedBy": certificate.managed_by,
            "CertificateKeyPairOrigin": certificate.origin,
            **_dates(certificate),
        }
        return _present(summary)

    def detail(self, certificate: Certificate) -> Result:
        """Show a certificate as DescribeCertificate does."""
        users = self._estate.users(certificate)
        usages, extended = certificate.key_usages, certificate.extended_key_usages
        detail: Result = {
            "CertificateArn": certificate.arn,
            "DomainName": certificate.domain_name,
            "SubjectAlternativeNames": list(certificate.names),
            "ManagedBy": certificate.managed_by,
            "DomainValidationOptions": self._initial_validation(certificate),
            "Subject": certificate.subject or f"CN={certificate.domain_name}",
            "Issuer": certificate.shown_issuer,
            "Status": certificate.status,
            "RevocationReason": certificate.revocation_reason,
            "KeyAlgorithm": certificate.key_algorithm,
            "SignatureAlgorithm": "SHA256WITHRSA",
            "InUseBy": users,
            "FailureReason": certificate.failure_reason,
            "Type": certificate.type,
            "RenewalSummary": self._renewal_summary(certificate),
            "KeyUsages": _if_issued(certificate, [{"Name": name} for name in usages]),
            "ExtendedKeyUsages": _if_issued(certificate, [{"Name": name} for name in extended]),
            "RootHierarchyType": certificate.root_hierarchy,
            "CertificateUsage": certificate.certificate_usage,
            "CertificateAuthorityArn": certificate.certificate_authority_arn,
            "RenewalEligibility": eligibility(certificate, in_use=bool(users)),
            "Options": self._options(certificate),
            "UpdateSummary": _update_summary(certificate.update),
            "CertificateKeyPairOrigin": certificate.origin,
            "AcmeEndpointArn": certificate.acme_endpoint_arn,
            "AcmeAccountId": certificate.acme_account,
            "Serial": certificate.serial if certificate.not_before else None,
            **_dates(certificate),
        }
        return _present(detail)

    def _initial_validation(self, certificate: Certificate) -> list[Result] | None:
        """Show the initial validation, which ACM takes "several seconds" to fill in.

        Nothing at first, then the domains with half of their records, then everything. A later
        migration does not change it: "the initial validation of each domain name that occurs as a
        result of the RequestCertificate request" (API reference, CertificateDetail).
        """
        if certificate.type != "AMAZON_ISSUED":
            return None
        left = certificate.describes_left
        certificate.describes_left = max(0, left - 1)
        if left > 1:
            return None
        update = certificate.update
        initial = update.before if update is not None else certificate.validation_method
        rows = [
            self._domain(certificate, name, self._initial_state(certificate, name), initial)
            for name in certificate.names
        ]
        if left == 1:
            for row in rows[len(rows) // 2 :]:
                row.pop("ResourceRecord", None)
        return rows

    def _initial_state(self, certificate: Certificate, name: str) -> str:
        if certificate.status in {"VALIDATION_TIMED_OUT", "FAILED"}:
            return "FAILED"
        if certificate.status != "PENDING_VALIDATION":
            return "SUCCESS"
        proved = certificate.validated_by("DNS") and self._estate.resolvable(certificate, name)
        return "SUCCESS" if proved else "PENDING_VALIDATION"

    def _domain(
        self, certificate: Certificate, name: str, state: str, initial: str | None = None
    ) -> Result:
        method = initial or certificate.validation_method or "EMAIL"
        row: Result = {
            "DomainName": name,
            "ValidationStatus": state,
            "ValidationMethod": method,
        }
        domain = certificate.validation_domains.get(name, name.removeprefix("*."))
        if method == "EMAIL":
            row["ValidationDomain"] = domain
            row["ValidationEmails"] = [f"{mailbox}@{domain}" for mailbox in MAILBOXES]
        elif method == "DNS":
            row["ValidationDomain"] = name
            row["ResourceRecord"] = validation_record(name, certificate.account).shown()
        else:
            base = name.removeprefix("*.")
            path = f"/.well-known/pki-validation/{certificate.arn[-12:]}.txt"
            target = f"https://validation.{certificate.region}.acm-validations.aws{path}"
            row["HttpRedirect"] = {"RedirectFrom": f"http://{base}{path}", "RedirectTo": target}
        return row

    def _renewal_summary(self, certificate: Certificate) -> Result | None:
        """Absent until managed renewal starts.

        https://docs.aws.amazon.com/acm/latest/userguide/check-certificate-renewal-status.html
        """
        renewal = certificate.renewal
        if renewal is None:
            return None
        summary: Result = {
            "RenewalStatus": renewal.status,
            "RenewalStatusReason": renewal.reason,
            "UpdatedAt": renewal.updated_at,
        }
        if certificate.type == "AMAZON_ISSUED":
            states = renewal.domain_states
            otherwise = "SUCCESS" if renewal.status == "SUCCESS" else "PENDING_VALIDATION"
            summary["DomainValidationOptions"] = [
                self._domain(certificate, name, states.get(name, otherwise))
                for name in certificate.names
            ]
        return _present(summary)

    @staticmethod
    def _options(certificate: Certificate) -> Result:
        return {
            "CertificateTransparencyLoggingPreference": certificate.transparency,
            "Export": certificate.export_option,
        }

    def validations(self, certificate: Certificate, name: str) -> Result:
        """Show a domain as ListCertificateDomainValidations does."""
        update = certificate.update
        issued = certificate.status == "ISSUED"
        row: Result = {"DomainName": name}
        if issued or update:
            active = "SUCCESS" if issued else "PENDING_VALIDATION"
            row["ActiveValidationConfiguration"] = self._configuration(
                certificate, name, certificate.validation_method or "EMAIL", active
            )
        if update and update.status != "SUCCESS":
            found = self._estate.resolvable(certificate, name)
            state = "SUCCESS" if found else "PENDING_VALIDATION"
            row["RequestedValidationConfiguration"] = self._configuration(
                certificate, name, update.after, "FAILED" if update.status == "FAILED" else state
            )
        return row

    def _configuration(
        self, certificate: Certificate, name: str, method: str, state: str
    ) -> Result:
        challenge: Result
        if method == "DNS":
            record = validation_record(name, certificate.account).shown()
            challenge = {"DnsValidationChallenge": {"ResourceRecord": record}}
        else:
            domain = certificate.validation_domains.get(name, name.removeprefix("*."))
            mails = [f"{mailbox}@{domain}" for mailbox in MAILBOXES]
            challenge = {
                "EmailValidationChallenge": {"ValidationEmails": mails, "ValidationDomain": domain}
            }
        return {
            "ValidationMethod": method,
            "ValidationChallenge": challenge,
            "ValidationStatus": state,
        }


def _if_issued(certificate: Certificate, usages: Sequence[Any]) -> list[Any] | None:
    """Return the usages of a certificate; a request has no extensions yet."""
    return list(usages) if certificate.not_before is not None else None


def _dates(certificate: Certificate) -> dict[str, datetime | None]:
    imported = certificate.type == "IMPORTED"
    return {
        "CreatedAt": certificate.created_at,
        "IssuedAt": None if imported else certificate.issued_at,
        "ImportedAt": (certificate.imported_at or certificate.created_at) if imported else None,
        "NotBefore": certificate.not_before,
        "NotAfter": certificate.not_after,
        "RevokedAt": certificate.revoked_at,
    }


def _update_summary(update: MethodUpdate | None) -> Result | None:
    if update is None:
        return None
    return {
        "Status": update.status,
        "Type": "DOMAIN_VALIDATION_METHOD",
        "DomainValidationMethodUpdateSummary": {"From": update.before, "To": update.after},
        "RequestedAt": update.requested_at,
        "UpdatedAt": update.updated_at,
    }


def _present(row: Result) -> Result:
    return {key: value for key, value in row.items() if value is not None}
