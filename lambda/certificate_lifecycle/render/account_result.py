"""The result of one account and region, for the step that aggregates an organization.

Findings have the shape of the rotation's result. Healthy certificates are only counted, so the
document grows with the findings, not with the account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import Verdict
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    FindingChange,
    Run,
    ScopeResult,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.notification_state import AlertRecord, Intent

#: Keys of an earlier version.
_RENAMED = {"regained": "recovered_scopes", "over": "resolved"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountResult:
    """The result of one account and region.

    `run_id` is the run that scanned it, and `healthy` its healthy certificates by verdict.
    `alert_records`, `intents`, `replacement_records` (versions by certificate ARN) and `resolved`
    are the pending writes.
    """

    scope: ScopeResult
    run_id: str
    should_notify: bool
    problems: Sequence[str] = ()
    findings: Sequence[Assessment] = ()
    healthy: Mapping[str, int] = field(default_factory=dict)
    changes: Sequence[FindingChange] = ()
    recovered_scopes: Sequence[str] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)
    actions: Sequence[ActionRecord] = ()
    alert_records: Sequence[AlertRecord] = ()
    intents: Sequence[Intent] = ()
    resolved: Sequence[AlertRecord] = ()
    replacement_records: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self, now: datetime) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        return {
            "scope": self.scope.to_dict(),
            "looked_by": self.run_id,
            "has_news": self.should_notify,
            "problems": list(self.problems),
            "findings": [entry.to_dict(now) for entry in self.findings],
            "healthy": dict(self.healthy),
            "changes": [change.to_dict() for change in self.changes],
            "recovered_scopes": list(self.recovered_scopes),
            "since": {arn: records.stamp(since) for arn, since in self.since.items()},
            "actions": [record.to_dict() for record in self.actions],
            "memories": [alert.to_dict() for alert in self.alert_records],
            "resolved": [alert.to_dict() for alert in self.resolved],
            "notes": [intent.to_dict() for intent in self.intents],
            "journals": dict(self.replacement_records),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`.

        Raises KeyError, TypeError or ValueError for anything else.
        """
        entry = records.renamed(entry, _RENAMED)
        healthy, since, replacement_records = (
            records.table(entry, name) for name in ("healthy", "since", "journals")
        )
        return cls(
            scope=ScopeResult.from_dict(records.table(entry, "scope")),
            run_id=records.text(entry, "looked_by"),
            should_notify=records.flag(entry, "has_news"),
            problems=records.texts(entry, "problems"),
            findings=tuple(map(Assessment.from_dict, records.items(entry, "findings"))),
            healthy={Verdict.of(name).value: records.number(healthy, name) for name in healthy},
            changes=tuple(map(FindingChange.from_dict, records.items(entry, "changes"))),
            recovered_scopes=tuple(map(clean, records.texts(entry, "recovered_scopes"))),
            since={arn: records.timestamp(since, arn) for arn in since},
            actions=tuple(map(ActionRecord.from_dict, records.items(entry, "actions"))),
            alert_records=tuple(map(AlertRecord.from_dict, records.items(entry, "memories"))),
            resolved=tuple(map(AlertRecord.from_dict, records.items(entry, "resolved"))),
            intents=tuple(map(Intent.from_dict, records.items(entry, "notes"))),
            replacement_records={
                arn: records.number(replacement_records, arn) for arn in replacement_records
            },
        )


def healthy_counts(run: Run) -> dict[str, int]:
    """Return how many certificates of `run` need nothing, by verdict."""
    return dict(
        Counter(e.decision.verdict.value for e in run.assessments if e.decision.healthy)
        + Counter(run.healthy)
    )
