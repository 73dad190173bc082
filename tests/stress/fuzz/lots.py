"""Random certificates, findings and whole runs; a seed gives one.

Hypothesis draws only the seeds, because drawing each field would take a hundred times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    Action,
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    DomainValidation,
    Renewal,
    RenewalStatus,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.pointers import Pointer, PointerState
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    Run,
    ScopeResult,
    ScopeStatus,
)
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.export import ExportTarget, TargetFinding, TargetState
from certificate_lifecycle.policy.import_source import SourceFinding, SourceState
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, Zone
from tests.stress.fuzz.hostile import CONTROLS, MARKUP

T = TypeVar("T")

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-tls-AbCdEf"
REASONS = ("CAA_ERROR", "PCA_ACCESS_DENIED", "PCA_INVALID_DURATION", "OTHER", "SOMETHING_NEW")
_HARMLESS = ("example.com", "*.example.com", "shop", "a", " ", "é", "🦊", "\ud800", "e\u0301" * 9)
#: Expiry dates of unusual certificates, such as those without an expiry.
_ODD_MOMENTS = (
    datetime(1950, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    NOW,
    NOW + timedelta(microseconds=1),
)

seeds = st.integers(0, 2**32 - 1)


class Lot:
    """Draws everything that a run may find."""

    def __init__(self, seed: int, longest: int = 60) -> None:
        self._random = Random(seed)
        self._longest = longest

    # --- Values -----------------------------------------------------------------------------------

    def one(self, choices: Sequence[T]) -> T:
        return self._random.choice(choices)

    def often(self) -> bool:
        return self._random.random() < 0.7

    def seldom(self) -> bool:
        return self._random.random() < 0.2

    def maybe(self, draw: Callable[[], T]) -> T | None:
        return draw() if self.often() else None

    def some(self, draw: Callable[[], T], most: int = 3) -> tuple[T, ...]:
        return tuple(draw() for _ in range(self._random.randint(0, most)))

    def text(self) -> str:
        """Draw a text of hostile pieces, sometimes very many."""
        pool = self.one((CONTROLS, MARKUP, _HARMLESS))
        pieces = [self.one(pool) for _ in range(self._random.randint(0, 3))]
        return "".join(pieces) * self.one((1,) * 15 + (self._longest,))

    def name(self) -> str:
        return self.one((self.text(), "example.com", "*.example.com", f"{'a' * 63}.example.com"))

    def arn(self) -> str:
        """Draw the ARN of a certificate; IAM paths may contain every printable character."""
        if self.often():
            partition = self.one(("aws", "aws", "aws-cn", "aws-us-gov", "aws-iso"))
            number = self._random.randint(1, 10**9)
            return f"arn:{partition}:acm:eu-west-1:123456789012:certificate/{number}"
        path = "".join(entry for entry in self.one(MARKUP) if "!" <= entry <= "~")
        return f"arn:aws:iam::123456789012:server-certificate/{path}/{self._random.random()}"

    def moment(self) -> datetime | None:
        if self.seldom():
            return self.one((None, *_ODD_MOMENTS))
        return NOW + timedelta(hours=self._random.randint(-2000, 9000))

    # --- Certificates -----------------------------------------------------------------------------

    def validation(self) -> DomainValidation:
        record = ValidationRecord(self.text(), self.one(("CNAME", "TXT", "")), self.text())
        return DomainValidation(
            domain_name=self.text(),
            method=self.one(list(ValidationMethod)),
            validated=self.seldom(),
            record=self.maybe(lambda: record),
            validation_domain=self.maybe(self.text),
        )

    def renewal(self) -> Renewal:
        return Renewal(
            status=self.one(list(RenewalStatus)),
            reason=self.one((None, self.text(), *REASONS)),
            validations=self.some(self.validation),
        )

    def detail(self) -> CertificateDetail:
        return CertificateDetail(
            in_use_by=self.some(self.one((self.text, self.arn)), 12),
            renewal=self.maybe(self.renewal),
            validations=self.some(self.validation),
            failure_reason=self.one((None, self.text(), *REASONS)),
            certificate_authority_arn=self.maybe(self.text),
            serial=self.one((None, self.text(), "0a:1b")),
            migrating_to_dns=self.seldom(),
            tags=self.some(lambda: (self.one(("Owner", "ManagedBy", self.text())), self.text())),
            issues_for_acm=self.one((None, True, False)),
        )

    def certificate(self) -> Certificate:
        """Draw a certificate, most often one in use, issued and of a known type."""
        ends = self.moment()
        begins = ends - timedelta(days=self.one((47, 198, 395))) if ends else None
        found = Certificate(
            arn=self.arn(),
            names=self.some(self.name, 6),
            status=self.one((CertificateStatus.ISSUED, self.one(list(CertificateStatus)))),
            type=self.one((CertificateType.AMAZON_ISSUED, self.one(list(CertificateType)))),
            key_algorithm=self.one(("RSA_2048", "EC_prime256v1", self.text())),
            names_complete=self.often(),
            in_use=self.often(),
            exported=self.seldom(),
            exportable=self.seldom(),
            renewal_eligible=self.one((None, None, True, False)),
            not_before=self.one((begins, begins, begins, self.moment())),
            not_after=ends,
            created_at=self.one((begins, self.moment())),
            managed_by=self.one((None,) * 8 + ("CLOUDFRONT", self.text())),
            key_pair_origin=self.one((None,) * 8 + ("ACME", self.text())),
            detail=self.maybe(self.detail) or NOT_DESCRIBED,
        )
        if found.type is not CertificateType.DECLARED:
            return found
        pointer = Pointer(self.text(), self.text(), self.text(), self.one(list(PointerState)))
        return replace(found, detail=replace(found.detail, pointer=pointer))

    def observation(self) -> Observation:
        target = ExportTarget(
            certificate_arn=self.arn(), secret_arn=SECRET, passphrase_secret_arn=SECRET
        )
        return Observation(
            certificate=self.certificate(),
            records=self.some(self._record, 2),
            successor=self.certificate() if self.seldom() else None,
            detail_error=self.text() if self.seldom() else None,
            export=TargetFinding(target, self.one(list(TargetState)), self.text())
            if self.seldom()
            else None,
            source=SourceFinding(SECRET, self.one(list(SourceState)), self.text())
            if self.seldom()
            else None,
        )

    def _record(self) -> RecordFinding:
        record = ValidationRecord(self.text(), "CNAME", self.text())
        zone = Zone("Z1", self.text())
        state = self.one(list(RecordState))
        return RecordFinding(record, state, self.maybe(lambda: zone), self.text())

    # --- Runs -------------------------------------------------------------------------------------

    def finding(self) -> Assessment:
        return replace(
            judged(self.observation()),
            used_by=self.some(self.text, 7),
            owner=self.maybe(self.text),
            probe_results=self.some(self.text, 7),
            muted_until=NOW.date() if self.seldom() else None,
        )

    def scope(self) -> ScopeResult:
        status = self.one(list(ScopeStatus))
        return ScopeResult(
            account_id=self.one(("123456789012", "210987654321")),
            region=self.one(("eu-west-1", "us-east-1")),
            status=status,
            certificates=self._random.randint(0, 10**6),
            error=None if status is ScopeStatus.OK else self.text(),
        )

    def run(self) -> Run:
        """Draw a run with any text of a certificate, AWS and the state table."""
        entries = self.some(self.finding, 6)
        known = [entry.certificate.arn for entry in entries]
        repeated = self.one((1,) * 7 + (30,))
        return Run(
            run_id="run-1",
            started_at=NOW,
            finished_at=NOW + timedelta(seconds=9),
            instance=self.one(("certificate-lifecycle", "c" * 60)),
            mode="replace",
            dry_run=self.seldom(),
            scopes=(self.scope(), *self.some(self.scope)),
            assessments=entries * repeated,
            actions=self.some(lambda: self._action(known), 4) * repeated,
            changes=self.some(lambda: self._change(known), 4) * repeated,
            recovered_scopes=self.some(lambda: "account 123456789012, eu-west-1"),
            since={arn: NOW for arn in known if self.often()},
            healthy={"Healthy": self._random.randint(0, 9)},
            report=self.one((None, "s3://reports/run-1.html")),
            full_scan=self.often(),
        )

    def _action(self, known: Sequence[str]) -> ActionRecord:
        arn, action = self.one((self.arn(), *known)), self.one(list(Action))
        outcome = self.one(list(Outcome))
        return ActionRecord(arn, action, outcome, self.text(), renewed=self.seldom())

    def _change(self, known: Sequence[str]) -> FindingChange:
        return FindingChange(
            self.one((self.arn(), *known)),
            self.one(list(ChangeKind)),
            previous_verdict=self.maybe(self.text),
            since=self.maybe(lambda: NOW),
            name=self.text(),
            current_state=self.maybe(self.text),
        )


def judged(observation: Observation) -> Assessment:
    """Return the assessments with the default thresholds."""
    return Assessment(observation.certificate, assess(observation, Thresholds(), NOW))
