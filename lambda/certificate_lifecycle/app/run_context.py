"""The request for a run, and the context of its use cases in one account and region."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from certificate_lifecycle.app.ports import Clock
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.export import ExportTarget
from certificate_lifecycle.policy.import_source import ImportSource
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.thresholds import Thresholds

#: Stores an intent before the action: a certificate ARN, the action, and words after "about to".
RecordIntent = Callable[[str, Action, str], None]
_MODES = tuple(RotationMode)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """The request for a run; see `events` for `announced`, and `config` for the modes.

    `limits` has the highest mode that each other account allows.
    `owner_tag` is the tag that names the owner of a certificate.
    `allowed_domains` are the domains that the instance requests for, empty if not configured.
    `account_wide` is true for the one scope that also scans global services.
    `sdk` has the versions of the SDK.
    `scheduled` is true if the schedule started the run.
    If `agreed` is set, only these certificates are acted on, and only with these actions.
    """

    run_id: str
    instance: str
    scopes: Sequence[Scope]
    certificate_arns: Sequence[str]
    import_sources: Mapping[str, ImportSource]
    thresholds: Thresholds
    mode: RotationMode
    dry_run: bool
    now: datetime
    export_targets: Sequence[ExportTarget] = ()
    announced: bool = False
    retire_after: timedelta | None = None
    limits: Mapping[str, RotationMode] = field(default_factory=dict)
    owner_tag: str = "Owner"
    allowed_domains: Sequence[str] = ()
    account_wide: bool = True
    scheduled: bool = False
    sdk: str = ""
    agreed: frozenset[tuple[str, Action]] | None = None

    @property
    def repair(self) -> bool:
        """Whether anything may be changed."""
        return self.mode is not RotationMode.NOTIFY

    def narrowed(self, scope: Scope) -> RunRequest:
        """Return the part of the request for one account and region.

        Other accounts have their own `limits`, and nothing is deleted there.
        """
        limit = self.limits.get(scope.account_id)
        first = next(entry for entry in self.scopes if entry.account_id == scope.account_id)
        return replace(
            self,
            scopes=(scope,),
            account_wide=scope == first,
            mode=min(self.mode, limit or self.mode, key=_MODES.index),
            retire_after=self.retire_after if limit is None else None,
            certificate_arns=[arn for arn in self.certificate_arns if scope.contains(arn)],
            import_sources={
                arn: source for arn, source in self.import_sources.items() if scope.contains(arn)
            },
            export_targets=[
                target for target in self.export_targets if scope.contains(target.certificate_arn)
            ],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """The context of every use case, made once for each account and region of a run.

    `mode` is already limited to what the account allows.
    `record_intent` is called before an action, so that the next run reports it if this one stops.
    """

    run_id: str
    instance: str
    scope: Scope
    mode: RotationMode
    dry_run: bool
    now: datetime
    clock: Clock
    thresholds: Thresholds
    record_intent: RecordIntent
    allowed_domains: Sequence[str] = ()
