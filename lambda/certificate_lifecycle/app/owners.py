"""Add to each assessment who manages its certificate, and the mode of the certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from certificate_lifecycle.app.deadline import error_summary, require_time
from certificate_lifecycle.app.ports import Catalog
from certificate_lifecycle.app.run_context import RunContext
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Reason
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.policy.ownership import Tag, ownership
from certificate_lifecycle.policy.succession import REPLACING_ACTIONS, ReplacementRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Finds who manages certificates, by their tags and by those of their load balancers.

    `problems` gets the errors of tags that could not be read.
    """

    context: RunContext
    catalog: Catalog
    problems: list[str]

    def added(self, entry: Assessment, record: ReplacementRecord | None) -> Assessment:
        """Return the assessment with its owner and mode; `record` is that of its replacement.

        The message of an open finding names another tool that manages the certificate, and a mode
        tag that limits the actions.
        """
        certificate, context = entry.certificate, self.context
        found = ownership(
            certificate,
            context.instance,
            context.allowed_domains,
            self._consumer_tags(entry, record),
            record_removed=_record_removed(entry),
        )
        known = certificate.detail.tags_read
        mode = context.modes.mode(certificate, entry.decision.action) if known else None
        entry = replace(entry, owner_kind=found.kind, permitted_mode=mode)
        if not found.note or not entry.decision.reportable:
            return entry
        message = f"{entry.decision.message} {found.note}"
        return replace(entry, decision=replace(entry.decision, message=message))

    def _consumer_tags(self, entry: Assessment, record: ReplacementRecord | None) -> Sequence[Tag]:
        """Return the tags of the load balancers, if a controller may be the cause of the finding.

        That is a due replacement, one that came back, or a record that was removed again.
        """
        certificate = entry.certificate
        came_back = record is not None and record.verified_at is not None and certificate.in_use
        due = entry.decision.action in REPLACING_ACTIONS
        if not (due or came_back or _record_removed(entry)):
            return ()
        try:
            require_time(self.context.clock)
            return self.catalog.consumer_tags(certificate.detail.in_use_by)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("consumer tags unreadable", extra={"certificate_arn": certificate.arn})
            self.problems.append(f"{certificate.arn}: its load balancers: {error_summary(error)}")
            return ()


def _record_removed(entry: Assessment) -> bool:
    return entry.decision.reason is Reason.RECORD_REMOVED_AGAIN
