"""Let the pointers of a replaced certificate name its successor, and the old one again.

Only values decide: a pointer that names another certificate is never written, and tags give
nobody a pointer. Safe to repeat, to overlap and to be stopped after any call: the names are on
record before the first write, and each pointer is read right before it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import Certificates, Pointers
from certificate_lifecycle.app.replacement.replacement_context import ReplacementContext
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Action, Certificate, CertificateStatus
from certificate_lifecycle.model.errors import CertificateNotFoundError, PointerNotFoundError
from certificate_lifecycle.policy.succession import ReplacementRecord, pointers_behind


@dataclass(slots=True, kw_only=True)
class PointerMoves:
    """The pointers of one run in an account and region; none without `pointers`.

    All of them are read once, when the first replacement needs them. `problems` says why a question
    about them could not be answered.
    """

    context: RunContext
    certificates: Certificates
    pointers: Pointers | None = None
    _values: dict[str, str] | None = field(default=None, init=False)
    problems: list[str] = field(default_factory=list, init=False)

    def name(self, certificate_arn: str) -> bool:
        """Whether a pointer names a certificate; false if they cannot be read."""
        return certificate_arn in self._readable().values()

    def are_behind(self, record: ReplacementRecord, old: Certificate) -> bool:
        """Whether a pointer should name the successor; false if they cannot be read."""
        return bool(pointers_behind(record, self._readable(), in_use=old.in_use))

    def follow(self, replacement: ReplacementContext, old: Certificate | None) -> None:
        """Let the pointers name the successor, which is issued and may take over."""
        record = replacement.record
        behind = self._behind(record, old)
        if not behind:
            return
        replacement.save(pointers=tuple(dict.fromkeys((*record.pointers, *behind))))
        for name, value in behind.items():
            self._exchange(replacement, name, replacement.successor_arn, instead_of=value)

    def catch_up(self, replacement: ReplacementContext, old: Certificate | None) -> None:
        """Let the pointers follow a successor of an earlier run, if it is still issued.

        `old` is None if the old certificate does not exist any more.
        """
        if not self._behind(replacement.record, old):
            return
        with suppress(CertificateNotFoundError):
            successor = self.certificates.describe(replacement.successor_arn)
            if successor.status is CertificateStatus.ISSUED:
                self.follow(replacement, old)

    def restore(self, replacement: ReplacementContext) -> None:
        """Let the pointers that this replacement moved name the old certificate again."""
        record = replacement.record
        if self.pointers is None or record.successor_arn is None:
            return
        for name in record.pointers:
            with suppress(PointerNotFoundError):
                if self.pointers.read(name) == record.successor_arn:
                    self._exchange(
                        replacement, name, record.certificate_arn, instead_of=record.successor_arn
                    )

    def _behind(self, record: ReplacementRecord, old: Certificate | None) -> Mapping[str, str]:
        in_use = old is not None and old.in_use
        return pointers_behind(record, self._read(), in_use=in_use)

    def _exchange(
        self, replacement: ReplacementContext, name: str, arn: str, *, instead_of: str
    ) -> None:
        """Give one pointer another value; Terraform may have deleted it since it was read."""
        if self.pointers is None:
            return
        text = f"let the parameter {name} name {arn}"
        require_time(self.context.clock)
        self.context.record_intent(replacement.arn, replacement.action or Action.REPLACE, text)
        with suppress(PointerNotFoundError):
            if self.pointers.exchange(name, arn, instead_of=instead_of):
                self._read()[name] = arn
                replacement.report(f"the parameter {name} now names {arn}")

    def _read(self) -> dict[str, str]:
        """Return the value of every pointer by its name."""
        if self._values is None:
            self._values = {} if self.pointers is None else dict(self.pointers.read_all())
        return self._values

    def _readable(self) -> Mapping[str, str]:
        """Return the values, or none if they cannot be read, which is a problem."""
        if self.problems:
            return {}
        try:
            return self._read()
        except Exception as error:  # noqa: BLE001 - raised at the end of the run
            logger.exception("pointers unreadable")
            self.problems.append(f"the pointers could not be read: {error_summary(error)}")
            return {}
