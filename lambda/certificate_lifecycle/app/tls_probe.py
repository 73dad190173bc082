"""Compare the certificates that servers present with those in ACM.

No error here is a failure of the run: a server that is unreachable from here may be reachable for
its clients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime

from certificate_lifecycle.app.deadline import RESERVE_SECONDS, require_time
from certificate_lifecycle.app.ports import Certificates, Clock, TlsProbe
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.policy.notification_state import AlertRecord
from certificate_lifecycle.policy.tls_probe import (
    ProbeResult,
    ProbeState,
    compare,
    not_compared_again,
    probe_names,
    sentences,
    serial_of,
    should_probe,
    stale_certificate_served,
)

#: Names probed in parallel; each thread only waits for a server.
_WORKERS = 8
#: Certificates of one account and region to probe, the most urgent ones first.
_MAX_CERTIFICATES = 200
#: The time limit for all probes of one account and region, in seconds and as a share of the time
#: left, because other accounts and regions need theirs.
_MAX_SECONDS = 60.0
_MAX_SHARE = 0.1

#: A name, and the key algorithm of its certificate.
_Target = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsProbing:
    """Probes the names of the assessed certificates of one account and region.

    `everything` are all certificates there.
    `reported` are the alert records of certificates reported as not served, by ARN. They are probed
    until they are served. `last_probe` is the time of the last run that probed.
    """

    context: RunContext
    certificates: Certificates
    tls_probe: TlsProbe
    everything: Sequence[Certificate] = ()
    reported: Mapping[str, AlertRecord] = field(default_factory=dict)
    last_probe: datetime | None = None

    def compared(self, assessments: Sequence[Assessment]) -> list[Assessment]:
        """Return the assessments with probe results.

        A renewed certificate that is not served everywhere becomes a finding.
        """
        wanted = sorted(
            (item for item in assessments if self._concerned(item)),
            key=lambda item: -item.decision.severity,
        )
        if len(wanted) > _MAX_CERTIFICATES:
            skipped = len(wanted) - _MAX_CERTIFICATES
            logger.warning("names not probed", extra={"certificates": skipped})
        described = {
            entry.certificate.arn: certificate
            for entry in wanted[:_MAX_CERTIFICATES]
            if (certificate := self._described(entry.certificate)) is not None
        }
        probe_results = _probe(self.tls_probe, self.context.clock, described.values())
        return [
            self._with_results(assessment, described[assessment.certificate.arn], probe_results)
            if assessment.certificate.arn in described
            else self._not_probed(assessment)
            for assessment in assessments
        ]

    def _not_probed(self, entry: Assessment) -> Assessment:
        """Return an assessment without a probe; a reported certificate stays a finding."""
        alert = self.reported.get(entry.certificate.arn)
        if alert is None or not entry.decision.healthy or not self._concerned(entry):
            return entry
        return replace(entry, decision=not_compared_again(alert))

    def _concerned(self, entry: Assessment) -> bool:
        return should_probe(
            entry,
            self.context.now,
            notified=entry.certificate.arn in self.reported,
            last_probe=self.last_probe,
        )

    def _described(self, certificate: Certificate) -> Certificate | None:
        """Return a certificate with its serial number, or None."""
        if not probe_names(certificate):
            return None
        if serial_of(certificate) is not None:
            return certificate
        extra = {"certificate_arn": certificate.arn}
        try:
            require_time(self.context.clock)
            described = certificate.described_as(self.certificates.describe(certificate.arn))
        except CertificateNotFoundError:
            logger.info("certificate deleted meanwhile", extra=extra)
            return None
        except Exception:  # noqa: BLE001 - probe results are optional
            logger.warning("served certificate not compared", exc_info=True, extra=extra)
            return None
        return described if serial_of(described) is not None else None

    def _with_results(
        self,
        entry: Assessment,
        certificate: Certificate,
        probe_results: Mapping[_Target, Sequence[ProbeResult]],
    ) -> Assessment:
        comparisons = self._compare(certificate, probe_results)
        logger.info(
            "served certificates compared",
            extra={
                "certificate_arn": certificate.arn,
                "served": [
                    {
                        "name": item.name,
                        "address": item.address,
                        "state": item.state.value,
                    }
                    for item in comparisons
                ],
            },
        )
        if not entry.decision.healthy:
            return replace(entry, probe_results=sentences(certificate, comparisons))
        decision = stale_certificate_served(
            certificate, comparisons, self.context.thresholds, self.context.now
        )
        if decision is None and any(item.state is ProbeState.NOT_PROBED for item in comparisons):
            found = self._not_probed(entry)
            return found if found is entry else replace(found, certificate=certificate)
        if decision is None:
            return entry
        # With its detail, so that the report names its consumers.
        return replace(
            entry,
            certificate=certificate,
            decision=decision,
            probe_results=sentences(certificate, comparisons),
        )

    def _compare(
        self, certificate: Certificate, probe_results: Mapping[_Target, Sequence[ProbeResult]]
    ) -> list[ProbeResult]:
        return [
            compare(certificate, probe_result, self.everything)
            for target in _targets(certificate)
            for probe_result in probe_results.get(target, (ProbeResult(target[0], ""),))
        ]


def names_that_serve(certificate: Certificate, tls_probe: TlsProbe, clock: Clock) -> list[str]:
    """Return the names that serve a described certificate; unreachable names do not."""
    serial = serial_of(certificate)
    probe_results = _probe(tls_probe, clock, [certificate])
    return [
        name
        for (name, _), results in probe_results.items()
        if any(result.leaf is not None and result.leaf.serial == serial for result in results)
    ]


def _probe(
    tls_probe: TlsProbe, clock: Clock, certificates: Iterable[Certificate]
) -> Mapping[_Target, Sequence[ProbeResult]]:
    """Probe each target once, in parallel, within the time limit.

    The thread of a probe that is not finished by then ends by its own timeouts.
    """
    targets = dict.fromkeys(
        target for certificate in certificates for target in _targets(certificate)
    )
    seconds = min(_MAX_SECONDS, (clock.remaining() - RESERVE_SECONDS) * _MAX_SHARE)
    if not targets or seconds <= 0:
        return {}
    pool = ThreadPoolExecutor(min(_WORKERS, len(targets)), thread_name_prefix="tls-probe")
    try:
        futures = {target: pool.submit(tls_probe.probe, *target) for target in targets}
        wait(futures.values(), timeout=seconds)
        return {target: _results(target[0], future) for target, future in futures.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _targets(certificate: Certificate) -> list[_Target]:
    return [(name, certificate.key_algorithm) for name in probe_names(certificate)]


def _results(name: str, future: Future[Sequence[ProbeResult]]) -> Sequence[ProbeResult]:
    if not future.done():
        logger.warning("name not probed in time", extra={"domain_name": name})
        return (ProbeResult(name, ""),)
    error = future.exception()
    if error is None:
        return future.result()
    logger.warning("name not probed", exc_info=error, extra={"domain_name": name})
    return (ProbeResult(name, ""),)
