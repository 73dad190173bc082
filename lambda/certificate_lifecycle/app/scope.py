"""One account and region within a run: look, and mend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from certificate_lifecycle.app.export import Export
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.imports import Reimport, Sources
from certificate_lifecycle.app.inspection import Inspection, Inventory
from certificate_lifecycle.app.isolation import require_time
from certificate_lifecycle.app.memory import Dues, Recollection
from certificate_lifecycle.app.ports import Clock, ConsumerCatalog, Ledger, Surroundings
from certificate_lifecycle.app.repair import Repair
from certificate_lifecycle.app.replacement import Replacement, refuse
from certificate_lifecycle.app.succession import Succession
from certificate_lifecycle.config import RotationMode
from certificate_lifecycle.core.export import ExportTarget
from certificate_lifecycle.core.model import Action, Certificate, Verdict
from certificate_lifecycle.core.people import muted_until, owner
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import Journal
from certificate_lifecycle.core.run import ActionRecord, Assessed, Run, Scope, ScopeStatus
from certificate_lifecycle.core.text import clean
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.log import logger

_SHOWN_PROBLEMS = 5
_LONGEST_PROBLEM = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What this run shall do; see `events` for `announced`, and `config` for the modes.

    `limits` are the most that may be done in other accounts; `owner_tag` is the tag that names
    whose a certificate is; `account_wide` says that this scope is the one that looks at what an
    account has only once, and `scheduled` that the schedule has started the run. What was `agreed`
    on, a certificate and the action that it needs, is all that is done then, and only while the
    certificate needs that and nothing else.
    """

    run_id: str
    instance: str
    scopes: Sequence[Place]
    certificate_arns: Sequence[str]
    import_sources: Mapping[str, str]
    thresholds: Thresholds
    mode: str
    repair: bool
    dry_run: bool
    now: datetime
    export_targets: Sequence[ExportTarget] = ()
    announced: bool = False
    replace: bool = False
    retire_after: timedelta | None = None
    limits: Mapping[str, RotationMode] = field(default_factory=dict)
    owner_tag: str = "Owner"
    account_wide: bool = True
    scheduled: bool = False
    agreed: frozenset[tuple[str, Action]] | None = None

    def narrowed(self, place: Place) -> Order:
        """Return the part of the order that one account and region is concerned with.

        Another account has limits of its own, and nothing is ever deleted there.
        """
        limit = self.limits.get(place.account_id)
        first = next(each for each in self.scopes if each.account_id == place.account_id)
        return replace(
            self,
            scopes=(place,),
            account_wide=place == first,
            repair=self.repair and limit is not RotationMode.NOTIFY,
            replace=self.replace and limit in (None, RotationMode.REPLACE),
            retire_after=self.retire_after if limit is None else None,
            certificate_arns=[arn for arn in self.certificate_arns if place.holds(arn)],
            import_sources={
                arn: secret for arn, secret in self.import_sources.items() if place.holds(arn)
            },
            export_targets=[
                target for target in self.export_targets if place.holds(target.certificate_arn)
            ],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a run found and did in one account and region.

    `problems` are what could not be looked at; `has_news` says whether somebody should hear of it,
    and `dues` is what the ledger is owed then.
    """

    run: Run
    problems: Sequence[str]
    has_news: bool = True
    dues: Dues | None = None

    @classmethod
    def lost(
        cls, order: Order, place: Place, why: str, finished_at: datetime, ledger: Ledger | None
    ) -> Visit:
        """Return the visit of an account and region of which nothing is known.

        The ledger lies in the function's own account, and still knows whether that was told, and
        what was begun there before the visit was lost.
        """
        text = f"the certificates could not be looked at: {why}"
        scope = Scope(place.account_id, place.region, ScopeStatus.FAILED, 0, text)
        recollection = _recollection(order, ledger)
        run = run_of(order, [scope], [], recollection.untold(()), finished_at)
        return cls(
            run=run,
            problems=[text],
            has_news=recollection.has_news(run),
            dues=recollection.dues(run),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one account and region was found to be like, before anything is done about it."""

    order: Order
    place: Place
    recollection: Recollection
    inventory: Inventory


def visit(
    order: Order,
    place: Place,
    around: Surroundings,
    clock: Clock,
    current_time: Callable[[], datetime],
) -> Visit:
    """Look at the certificates of one account and region, and mend what can be mended."""
    return attend(look_at(order, place, around, clock), around, clock, current_time)


def look_at(order: Order, place: Place, around: Surroundings, clock: Clock) -> Look:
    """Look at the certificates of one account and region, and at what is remembered of them."""
    order = order.narrowed(place)
    recollection = _recollection(order, around.ledger)
    inventory = _look(_inspection(order, around, clock), order, recollection.journals)
    if recollection.problem is not None:
        inventory.problems.append(recollection.problem)
    return Look(order=order, place=place, recollection=recollection, inventory=inventory)


def attend(
    look: Look, around: Surroundings, clock: Clock, current_time: Callable[[], datetime]
) -> Visit:
    """Mend what can be mended of what was found, or plan to in a dry run."""
    order, recollection, inventory = look.order, look.recollection, look.inventory
    # Before anything is moved: afterwards nobody would use what was found.
    naming = _Naming(around.catalog, clock)
    assessed = [
        naming.named(_for_people(entry, order))
        for entry in _probed(order, around, clock, inventory, recollection)
    ]
    replacement = _replacement(order, around, clock, recollection)
    actions = _act(order, around, clock, inventory, recollection, replacement)
    scope = Scope(
        look.place.account_id,
        look.place.region,
        inventory.status,
        inventory.certificates,
        summary(inventory.problems) or None,
    )
    run = run_of(order, [scope], assessed, actions, current_time())
    run = recollection.informed(run)
    handled = replacement.handled if replacement is not None else ()
    return Visit(
        run=run,
        problems=inventory.problems,
        has_news=recollection.has_news(run),
        dues=recollection.dues(run, handled),
    )


def _recollection(order: Order, ledger: Ledger | None) -> Recollection:
    return Recollection.of(
        ledger,
        run_id=order.run_id,
        now=order.now,
        thresholds=order.thresholds,
        dry_run=order.dry_run,
    )


def _for_people(entry: Assessed, order: Order) -> Assessed:
    """Return a finding with whose it is, and with whether its owner wants to hear of it."""
    certificate = entry.certificate
    return replace(
        entry,
        owner=owner(certificate, order.owner_tag),
        muted_until=muted_until(certificate, order.now),
    )


def _probed(
    order: Order,
    around: Surroundings,
    clock: Clock,
    inventory: Inventory,
    recollection: Recollection,
) -> list[Assessed]:
    """Return what was assessed, with what is served where that shall be looked at."""
    if around.served is None:
        return inventory.assessed
    # Here, so that a cold start that looks at nothing served does not wait for it.
    from certificate_lifecycle.app.served import Probing  # noqa: PLC0415

    return Probing(
        served=around.served,
        certificates=around.certificates,
        clock=clock,
        thresholds=order.thresholds,
        now=order.now,
        everything=inventory.everything,
        told=[
            arn
            for arn, memory in recollection.memories.items()
            if memory.verdict == Verdict.NOT_SERVED.value
        ],
    ).looked_at(inventory.assessed)


@dataclass(slots=True)
class _Naming:
    """Says who uses what somebody should hear of, in names that people know.

    Where that cannot be found out, the ARNs have to do: nothing is decided by it.
    """

    catalog: ConsumerCatalog
    clock: Clock
    failed: bool = False

    def named(self, entry: Assessed) -> Assessed:
        """Return a finding with the names of who uses it; anything else as it is."""
        users = entry.certificate.detail.in_use_by
        if not entry.decision.worth_telling or not users:
            return entry
        names = self._names(entry.certificate) or map(self.catalog.label, users)
        return replace(entry, used_by=tuple(names))

    def _names(self, certificate: Certificate) -> Sequence[str]:
        if self.failed:
            return ()
        try:
            require_time(self.clock)
            return self.catalog.names(certificate)
        except Exception:  # noqa: BLE001 - a name more or less is no failure of the run
            extra = {"certificate_arn": certificate.arn}
            logger.warning("users not named, nor are those of others", exc_info=True, extra=extra)
            self.failed = True
            return ()


def run_of(
    order: Order,
    scopes: Sequence[Scope],
    assessed: Sequence[Assessed],
    actions: Sequence[ActionRecord],
    finished_at: datetime,
) -> Run:
    """Return what a run found and did, in one account and region or in all of them."""
    return Run(
        run_id=order.run_id,
        started_at=order.now,
        finished_at=finished_at,
        instance=order.instance,
        mode=order.mode,
        dry_run=order.dry_run,
        scopes=tuple(scopes),
        assessed=tuple(assessed),
        actions=tuple(actions),
        whole=not order.certificate_arns,
    )


def summary(problems: Sequence[str]) -> str:
    """Return the first problems and a count of the rest: an error is not a listing."""
    more = len(problems) - _SHOWN_PROBLEMS
    shown = "; ".join(clean(problem, _LONGEST_PROBLEM) for problem in problems[:_SHOWN_PROBLEMS])
    return f"{shown}; and {more} more" if more > 0 else shown


def _inspection(order: Order, around: Surroundings, clock: Clock) -> Inspection:
    sources = Sources(
        secrets=around.import_secrets,
        secret_arns=order.import_sources,
        clock=clock,
        enabled=order.repair,
        now=order.now,
    )
    return Inspection(
        certificates=around.certificates,
        dns=around.dns,
        clock=clock,
        sources=sources,
        thresholds=order.thresholds,
        now=order.now,
        exports=ExportTargets.of(order.export_targets, around.export_secrets),
        catalog=around.catalog,
        stores=(*around.stores, *(around.account_stores if order.account_wide else ())),
    )


def _look(inspection: Inspection, order: Order, journals: Mapping[str, Journal]) -> Inventory:
    """Look at everything, or at what was asked for and at what that is to succeed."""
    asked = order.certificate_arns
    replaced = [arn for arn, journal in journals.items() if journal.successor_arn in asked]
    may_be_gone = [*replaced, *(asked if order.announced else ())]
    wanted = dict.fromkeys((*asked, *replaced))
    return inspection.look(list(wanted), may_be_gone=may_be_gone, in_hand=journals)


def _replacement(
    order: Order,
    around: Surroundings,
    clock: Clock,
    recollection: Recollection,
) -> Replacement | None:
    """Return what replaces, in mode replace and with a ledger that could be read."""
    if not order.replace or recollection.ledger is None:
        return None
    succession = Succession(
        certificates=around.certificates,
        dns=around.dns,
        clock=clock,
        ledger=recollection.ledger,
        consumers=around.consumers,
        catalog=around.catalog,
        thresholds=order.thresholds,
        retire_after=order.retire_after,
        now=order.now,
        served=around.served,
        announce=recollection.announce,
    )
    return Replacement(
        succession=succession,
        instance=order.instance,
        run_id=order.run_id,
        dry_run=order.dry_run,
    )


def _act(
    order: Order,
    around: Surroundings,
    clock: Clock,
    inventory: Inventory,
    recollection: Recollection,
    replacement: Replacement | None,
) -> list[ActionRecord]:
    """Replace, export, repair and import; what was done needs no advice to do so.

    What earlier runs began and could not tell comes last.
    """
    if order.agreed is not None:
        inventory = inventory.narrowed(order.agreed)
    replaced = _replace(order, inventory, recollection, replacement)
    exported = _export(order, around, clock, inventory, recollection)
    repair = Repair(
        certificates=around.certificates,
        dns=around.dns,
        clock=clock,
        reimport=Reimport(
            certificates=around.certificates,
            clock=clock,
            now=order.now,
            announce=recollection.announce,
        ),
        enabled=order.repair,
        dry_run=order.dry_run,
        announce=recollection.announce,
        settled={(record.certificate_arn, record.action) for record in (*replaced, *exported)},
    )
    actions = [*replaced, *repair.act(inventory), *exported]
    return [*actions, *recollection.untold(actions)]


def _export(
    order: Order,
    around: Surroundings,
    clock: Clock,
    inventory: Inventory,
    recollection: Recollection,
) -> list[ActionRecord]:
    if around.export_secrets is None:
        return []
    return Export(
        certificates=around.certificates,
        secrets=around.export_secrets,
        clock=clock,
        thresholds=order.thresholds,
        now=order.now,
        dry_run=order.dry_run,
        announce=recollection.announce,
    ).act(inventory)


def _replace(
    order: Order,
    inventory: Inventory,
    recollection: Recollection,
    replacement: Replacement | None,
) -> list[ActionRecord]:
    if not order.replace:
        return []
    if replacement is None:
        why = recollection.problem or "there is no ledger to record it in, see LEDGER_TABLE"
        return refuse(inventory, why)
    everything = not order.certificate_arns
    return replacement.act(inventory, recollection.journals, everything=everything)
