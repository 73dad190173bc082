"""The request for a run, and the context of its use cases in one account and region."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from certificate_lifecycle.app.ports import Clock
from certificate_lifecycle.model.certificate import Action, Certificate
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.coverage import EVERYTHING, Coverage
from certificate_lifecycle.policy.export import ExportTarget
from certificate_lifecycle.policy.import_source import ImportSource
from certificate_lifecycle.policy.ownership import Modes
from certificate_lifecycle.policy.settings import DEFAULT_LIMITS, Account, RotationMode
from certificate_lifecycle.policy.thresholds import Thresholds

#: Stores an intent before the action: a certificate ARN, the action, and words after "about to".
RecordIntent = Callable[[str, Action, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """The request for a run; see `events` for `announced`, and `config` for the modes.

    `accounts` has the settings of each other account, by its id.
    `mode` and `coverage` are those of the function's own account; `unmanaged_mode` is the mode for
    certificates that this instance did not issue, `requests_per_day` and `changes_per_run` are
    limits in each account and region.
    `owner_tag` is the tag that names the owner of a certificate.
    `allowed_domains` are the domains that the instance requests for, empty if not configured.
    `account_wide` is true for the one scope that also scans global services.
    `sdk` has the versions of the SDK.
    `scheduled` is true if the schedule started the run.
    `function_arn` is the function that runs, None for a command; `runbook_url` is in messages.
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
    accounts: Mapping[str, Account] = field(default_factory=dict)
    owner_tag: str = "Owner"
    allowed_domains: Sequence[str] = ()
    account_wide: bool = True
    scheduled: bool = False
    sdk: str = ""
    agreed: frozenset[tuple[str, Action]] | None = None
    unmanaged_mode: RotationMode = RotationMode.NOTIFY
    coverage: Coverage = EVERYTHING
    requests_per_day: int = DEFAULT_LIMITS.requests_per_day
    changes_per_run: int = DEFAULT_LIMITS.changes_per_run
    function_arn: str | None = None
    runbook_url: str | None = None

    @property
    def repair(self) -> bool:
        """Whether anything may be changed."""
        return self.mode is not RotationMode.NOTIFY

    def narrowed(self, scope: Scope) -> RunRequest:
        """Return the part of the request for one account and region.

        Other accounts have their own modes and coverage, and nothing is deleted there.
        """
        account = self.accounts.get(scope.account_id)
        mode = self.mode if account is None else self.mode.limited(account.mode)
        unmanaged = self.unmanaged_mode if account is None else account.unmanaged_mode
        first = next(entry for entry in self.scopes if entry.account_id == scope.account_id)
        return replace(
            self,
            scopes=(scope,),
            account_wide=scope == first,
            mode=mode,
            unmanaged_mode=unmanaged.limited(mode),
            coverage=self.coverage if account is None else account.coverage,
            retire_after=self.retire_after if account is None else None,
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

    `mode` and `unmanaged_mode` are already limited to what the account allows.
    `configured` are the certificates that `import_sources` and `export_targets` name.
    `held_back` is why nothing may be changed, if there is a reason.
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
    unmanaged_mode: RotationMode = RotationMode.NOTIFY
    coverage: Coverage = EVERYTHING
    requests_per_day: int = DEFAULT_LIMITS.requests_per_day
    changes_per_run: int = DEFAULT_LIMITS.changes_per_run
    configured: Collection[str] = ()
    held_back: str | None = None

    @property
    def modes(self) -> Modes:
        """The modes of certificates."""
        return Modes(
            instance=self.instance,
            allowed_domains=self.allowed_domains,
            managed=self.mode,
            unmanaged=self.unmanaged_mode,
            coverage=self.coverage,
            configured=self.configured,
            held_back=self.held_back,
        )

    def blocked_reason(self, certificate: Certificate, action: Action) -> str | None:
        """Return why an action that is due is not done to a certificate, or None.

        The certificate has its tags, unless they could not be read.
        """
        return self.modes.blocked_reason(certificate, action)
