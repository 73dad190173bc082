"""Look at what the names of certificates serve, and put it beside what ACM has.

Whatever is seen is information. Nothing that fails here is a failure of the run: a server that
cannot be reached from here may well be reached by those whom it is for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from certificate_lifecycle.app.deadline import RESERVE_SECONDS, require_time
from certificate_lifecycle.app.ports import Certificates, Clock, TlsProbe
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.policy.tls_probe import (
    ProbeResult,
    compare,
    probe_names,
    sentences,
    serial_of,
    should_probe,
    stale_certificate_served,
)

#: Names that are looked at side by side: each thread only waits for a server.
_WORKERS = 8
#: Certificates of one account and region whose names are looked at, the most urgent ones first.
_MAX_CERTIFICATES = 200
#: What looking may take altogether in one account and region, and which share of the time that is
#: left: those that are looked at later need theirs, and no look is worth their failure.
_MOST_SECONDS = 60.0
_MOST_OF_THE_REST = 0.1

#: A name, and the kind of key that the certificate which it is looked at for has.
_Question = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsProbing:
    """Probes the names of the certificates that were assessed in one account and region.

    `everything` is all that ACM has there.
    `reported` are the certificates whose old version was reported as still served: they are probed
    until the new one is.
    """

    context: RunContext
    certificates: Certificates
    tls_probe: TlsProbe
    everything: Sequence[Certificate] = ()
    reported: Collection[str] = ()

    def compared(self, assessments: Sequence[Assessment]) -> list[Assessment]:
        """Return what was assessed, with what is served where that is worth a probe.

        A renewal that is healthy in ACM and not served everywhere becomes a finding.
        """
        wanted = sorted(
            (item for item in assessments if self._concerned(item)),
            key=lambda each: -each.decision.severity,
        )
        if len(wanted) > _MAX_CERTIFICATES:
            left_out = len(wanted) - _MAX_CERTIFICATES
            logger.warning("names not probed", extra={"certificates": left_out})
        described = {
            entry.certificate.arn: certificate
            for entry in wanted[:_MAX_CERTIFICATES]
            if (certificate := self._described(entry.certificate)) is not None
        }
        probe_results = _probe(self.tls_probe, self.context.clock, described.values())
        return [
            self._with_served(assessment, described[assessment.certificate.arn], probe_results)
            if assessment.certificate.arn in described
            else assessment
            for assessment in assessments
        ]

    def _concerned(self, entry: Assessment) -> bool:
        return should_probe(
            entry, self.context.now, notified=entry.certificate.arn in self.reported
        )

    def _described(self, certificate: Certificate) -> Certificate | None:
        """Return a certificate with its serial number; None, and a line in the log, without one."""
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
        except Exception:  # noqa: BLE001 - what is served is no part of the judgement
            logger.warning("served certificate not compared", exc_info=True, extra=extra)
            return None
        return described if serial_of(described) is not None else None

    def _with_served(
        self,
        entry: Assessment,
        certificate: Certificate,
        probe_results: Mapping[_Question, Sequence[ProbeResult]],
    ) -> Assessment:
        seen = self._seen(certificate, probe_results)
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
                    for item in seen
                ],
            },
        )
        if not entry.decision.healthy:
            return replace(entry, probe_results=sentences(certificate, seen))
        decision = stale_certificate_served(
            certificate, seen, self.context.thresholds, self.context.now
        )
        if decision is None:
            return entry
        # With its detail, so that the report names what uses it.
        return Assessment(certificate, decision, probe_results=sentences(certificate, seen))

    def _seen(
        self, certificate: Certificate, probe_results: Mapping[_Question, Sequence[ProbeResult]]
    ) -> list[ProbeResult]:
        return [
            compare(certificate, probe_result, self.everything)
            for question in _questions(certificate)
            for probe_result in probe_results.get(question, (ProbeResult(question[0], ""),))
        ]


def names_that_serve(certificate: Certificate, tls_probe: TlsProbe, clock: Clock) -> list[str]:
    """Return the names under which a described certificate is seen; none if none is reached."""
    serial = serial_of(certificate)
    probe_results = _probe(tls_probe, clock, [certificate])
    return [
        name
        for (name, _), seen in probe_results.items()
        if any(
            probe_result.leaf is not None and probe_result.leaf.serial == serial
            for probe_result in seen
        )
    ]


def _probe(
    tls_probe: TlsProbe, clock: Clock, certificates: Iterable[Certificate]
) -> Mapping[_Question, Sequence[ProbeResult]]:
    """Ask each question once, as many at the same time as there are workers, and for a while.

    What is not answered by then is left behind: its thread ends by the timeouts that it has.
    """
    questions = dict.fromkeys(
        question for certificate in certificates for question in _questions(certificate)
    )
    rest = clock.remaining() - RESERVE_SECONDS
    patience = min(_MOST_SECONDS, rest * _MOST_OF_THE_REST)
    if not questions or patience <= 0:
        return {}
    pool = ThreadPoolExecutor(min(_WORKERS, len(questions)), thread_name_prefix="served")
    try:
        asked = {entry: pool.submit(tls_probe.probe, *entry) for entry in questions}
        wait(asked.values(), timeout=patience)
        return {each: _answer(*each, future) for each, future in asked.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _questions(certificate: Certificate) -> list[_Question]:
    return [(name, certificate.key_algorithm) for name in probe_names(certificate)]


def _answer(name: str, _: str, future: Future[Sequence[ProbeResult]]) -> Sequence[ProbeResult]:
    """Return what was seen; that nothing was is an answer, too."""
    if not future.done():
        logger.warning("name not probed in time", extra={"name_looked_at": name})
        return (ProbeResult(name, ""),)
    error = future.exception()
    if error is None:
        return future.result()
    logger.warning("name not looked at", exc_info=error, extra={"name_looked_at": name})
    return (ProbeResult(name, ""),)
