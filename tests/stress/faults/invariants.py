"""The invariants, checked against AWS's state, its calls and the sent messages.

The program itself is never asked: certificates, records, consumers, messages and calls are those
of the embedded AWS.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.model.certificate import Verdict
from certificate_lifecycle.model.errors import RotationError, StateUnreadableError
from tests.embedded_aws.calls import Call
from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.zones import DEFAULT_ACCOUNT, normalised
from tests.stress.faults.life import Life
from tests.stress.faults.network import SECRETIVE
from tests.stress.faults.records import (
    dropped,
    lost_settings,
    older,
    settings_of,
    strange,
    untrusted,
)
from tests.stress.faults.stage import Invocation
from tests.stress.faults.weather import READING, Kind
from tests.stress.faults.world import FOREIGN_VALUE, INSTANCE, Planted, World


class Invariant(StrEnum):
    """An invariant; the value is its sentence on the page."""

    NEEDLESS = (
        "No successor is requested for a certificate that is healthy, that ACM can still renew, or "
        "that another tool manages."
    )
    RECORDS = "No validation record is deleted, and no foreign record is overwritten."
    DELETED = "No certificate is deleted that can be in use or has no valid successor."
    BLIND = "No account or region that could not be read is reported as healthy."
    SECRETS = (
        "No key, passphrase, secret value or credential is in a log, a result, a message, an "
        "error or the state table."
    )
    TWINS = (
        "A certificate has at most one active successor, and a creation request at most one "
        "certificate."
    )
    STRANDED = (
        "Each consumer keeps its certificate, or has a valid one with all names of the old one."
    )
    HIDDEN = "Every failed scan or action fails the run and is in its message."
    UNREPORTED = (
        "Findings, resolutions and actions are in a message. Only a run that can neither read its "
        "state table nor send a message just fails."
    )
    REPEATED = "No message only repeats earlier ones."
    MOVED = "A certificate that can be renewed keeps its ARN and gets no successor."
    LEDGER = "Every item of the state table can be read."
    LATE = "A run ends before its timeout, even if a service of one region never answers."
    TRESPASS = "Certificates of other tools are never changed, and a dry run changes nothing."
    TRUST = "Clients that trusted a served certificate trust its successor, and each new import."
    OLDER = "No import brings back an older certificate, or one that the ARN has held before."
    SETTINGS = "No setting of a consumer is lost, and no other certificate of a listener."
    IMPORTS = "No imported certificate is deleted."
    POINTERS = (
        "A pointer names an issued certificate with all names of the declared one, and no decoy."
    )
    KEPT = "A pointer changes only while its certificate needs a successor, or back to it."
    UNHEALED = "Undisturbed runs complete all possible actions."


@dataclass(frozen=True, slots=True)
class Violation:
    """A violated invariant, with evidence."""

    invariant: Invariant
    text: str


EachRun = Callable[[Life, Invocation], Iterator[str]]
AtTheEnd = Callable[[Life], Iterator[str]]

_REPLACES = "certificate-lifecycle:replaces"
#: The default critical threshold, plus the clock's skew and the duration of a run.
_CRITICAL = timedelta(days=7, minutes=20)
_DONE = frozenset({"done", "started"})
_TRIED = _DONE | {"failed"}
#: `SUMMARY_AFTER_DAYS`, minus the clock's skew.
_SILENCE = timedelta(days=7) - timedelta(minutes=20)
#: How long ACM waits for a validation (ACM user guide, "DNS validation").
_PATIENCE = timedelta(hours=72)
#: The time after which a failed request is ignored.
_NEWS = timedelta(days=7)
_UNISSUED = frozenset({"FAILED", "PENDING_VALIDATION", "VALIDATION_TIMED_OUT"})
_LIVE = frozenset({"PENDING_VALIDATION", "ISSUED"})
_REQUEST = "RequestCertificate"
#: The writes that bind consumers, and the words that report them.
_BINDING = frozenset(
    {
        "AddListenerCertificates",
        "ModifyListener",
        "SetLoadBalancerListenerSSLCertificate",
        "UpdateDistribution",
        "UpdateDistributionTenant",
        "UpdateDomainAssociation",
        "UpdateDomainName",
        "UpdateUserPoolDomain",
    }
)
_BOUND = (
    "bound to the successor",
    "has the successor already",
    "serves the successor",
    "rolled back",
)
#: The words that report a write to a certificate.
_WORDS: Mapping[str, Sequence[str]] = {
    "DeleteCertificate": ("deleted", "does not exist any more"),
    "ImportCertificate": ("import",),
    "RenewCertificate": ("renew",),
    "UpdateCertificateOptions": ("migrat",),
}
_REQUESTED = ("requested the successor", "found the successor", "may have requested")
#: Calls for readable names, or with equivalent fallbacks.
_NAMING = frozenset(
    {
        "DescribeListeners",
        "DescribeListenerCertificates",
        "DescribeLoadBalancers",
        "GetDistribution",
        "GetDomainNames",
        "GetDomainName",
    }
)
#: Services that are called after all scans and actions.
_AFTERWARDS = frozenset({"dynamodb", "events", "s3", "sns"})
#: The writes of every run: its end, its report, and its event.
_EACH_TIME = frozenset({"DeleteItem", "PutEvents", "PutItem", "PutObject"})
#: Errors that the program never raises deliberately.
_SLIPS = ("AttributeError", "IndexError", "KeyError", "TypeError", "UnboundLocalError")


def check_run(life: Life, run: Invocation) -> list[Violation]:
    """Return the violations during and after a run."""
    return [
        Violation(invariant, f"{run.wish.request_id}: {text}")
        for invariant, check in EACH_RUN.items()
        for text in check(life, run)
    ]


def check_end(life: Life) -> list[Violation]:
    """Return the violations after the undisturbed runs."""
    return [
        Violation(invariant, text)
        for invariant, check in AT_THE_END.items()
        for text in check(life)
    ]


# --- After each run -------------------------------------------------------------------------------


def _needless(life: Life, run: Invocation) -> Iterator[str]:
    """Check each request against the old certificate at the start of the run and now."""
    for call in _done(run, _REQUEST):
        if run.wish.function == "creation":
            continue
        old = _tag(call, _REPLACES)
        states = [entry for entry in (run.before.get(old), life.world.certificate(old)) if entry]
        if not any(_is_dead(life.world, run, state) for state in states):
            yield f"a successor was requested for {_shown(life, old)}"
        elif states[-1].type != (
            "PRIVATE" if "CertificateAuthorityArn" in call.parameters else "AMAZON_ISSUED"
        ):
            yield f"a successor of another type was requested for {_shown(life, old)}"


def _is_dead(world: World, run: Invocation, certificate: Certificate) -> bool:
    """Whether only a successor helps, and one is needed."""
    foreign = any(
        entry.kind == "foreign" for entry in world.planted if entry.arn == certificate.arn
    )
    if foreign or certificate.type == "IMPORTED":
        return False
    if certificate.status in {"FAILED", "VALIDATION_TIMED_OUT"}:
        return certificate.tags.get("ManagedBy") == INSTANCE
    used = certificate.arn in run.used or certificate.exported
    ends = certificate.not_after
    near = ends is not None and ends - world.cloud.now <= _CRITICAL
    return used and (certificate.status in {"EXPIRED", "REVOKED"} or near)


def _records(life: Life, run: Invocation) -> Iterator[str]:
    for call in run.calls:
        if call.operation != "ChangeResourceRecordSets":
            continue
        for change in call.parameters["ChangeBatch"]["Changes"]:
            record = change["ResourceRecordSet"]
            values = [entry["Value"] for entry in record.get("ResourceRecords", ())]
            wanted = _wanted(life, run).get(normalised(record["Name"]))
            if change["Action"] != "UPSERT" or record["Type"] != "CNAME" or values != [wanted]:
                yield f"{change['Action']} {record['Type']} {record['Name']}, which ACM wants not"
    for planted in life.world.planted:
        if planted.kind == "occupied" and not _is_occupied(life.world, planted):
            yield f"the foreign record for {planted.names[0]} is gone"


def _wanted(life: Life, run: Invocation) -> Mapping[str, str]:
    """Return the DNS records that ACM requires, by name."""
    certificates = [*run.before.values(), *life.world.cloud.certificates.all()]
    return {
        normalised(record.name): record.value
        for certificate in certificates
        for record in certificate.records
    }


def _is_occupied(world: World, planted: Planted) -> bool:
    certificate = world.certificate(planted.arn)
    names = [normalised(record.name) for record in certificate.records] if certificate else []
    found = world.cloud.zones.records(world.zones[planted.place[0]])
    return all(found.get((name, "TXT")) == (FOREIGN_VALUE,) for name in names)


def _deleted(life: Life, run: Invocation) -> Iterator[str]:
    for call in _done(run, "DeleteCertificate"):
        arn = call.parameters["CertificateArn"]
        old = run.before.get(arn)
        if old is None:
            yield f"{arn} was deleted, and this run was the first to see it"
            continue
        if old.exported:
            yield f"{_shown(life, arn)} was deleted, and it was exported"
        if not any(
            _succeeds(entry, old, life.world.cloud.now)
            for entry in life.world.cloud.certificates.all()
            if entry.arn not in life.world.decoys
        ):
            yield f"{_shown(life, arn)} was deleted, and has no valid successor"
        if old.account != DEFAULT_ACCOUNT:
            yield f"{_shown(life, arn)} was deleted, and belongs to another account"


def _blind(_: Life, run: Invocation) -> Iterator[str]:
    unread = {
        (attempt.account, attempt.region)
        for attempt, _ in run.traffic.lost.values()
        if attempt.operation == "ListCertificates"
    }
    if run.wish.function == "creation" or run.killed or not unread:
        return
    if run.wish.function == "apply":
        if _is_content(run):
            yield f"the command ended as if {unread} had been listed"
        return
    said = [("the log", run.scopes)]
    said += [("the message", document["scopes"]) for document in run.messages]
    # A replacement lists all certificates again before its request, and fails with that call.
    failures = [r for r in run.records if r.getMessage() == "replacement failed"]
    replacing = {tuple(vars(r)["certificate_arn"].split(":")[4:2:-1]) for r in failures}
    for where, scopes in said:
        failed = {(s["account_id"], s["region"]) for s in scopes if s["status"] == "failed"}
        if not unread <= failed | replacing:
            yield f"{where} does not say that {unread - failed} could not be listed"


def _is_content(run: Invocation) -> bool:
    """Whether a command has ended without reporting anything missing."""
    return run.result is not None and run.result.get("exit") in {Exit.HEALTHY, Exit.FINDINGS}


def _secrets(life: Life, run: Invocation) -> Iterator[str]:
    sent = [call.parameters for call in run.calls if call.operation not in SECRETIVE]
    out = f"{run.said} {sent!r}"
    for secret in (*life.world.secrets, *life.world.stage.network.secrets):
        if secret in out:
            place = out.index(secret)
            yield f"{secret!r} came out: ...{out[max(0, place - 200) : place + 40]!r}"


def _twins(life: Life, _: Invocation) -> Iterator[str]:
    followers: defaultdict[str, list[str]] = defaultdict(list)
    created: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for entry in life.world.cloud.certificates.all():
        if entry.status not in _LIVE or entry.arn in life.world.decoys:
            continue
        if _REPLACES in entry.tags:
            followers[entry.tags[_REPLACES]].append(entry.arn)
        elif entry.arn not in life.world.arns and entry.tags.get("ManagedBy") == INSTANCE:
            created[tuple(sorted(entry.names))].append(entry.arn)
    for old, arns in followers.items():
        if len(arns) > 1:
            yield f"{_shown(life, old)} has {len(arns)} successors: {arns}"
    for names, arns in created.items():
        if len(arns) > 1:
            yield f"{len(arns)} certificates were made for {names}: {arns}"


def _stranded(life: Life, _: Invocation) -> Iterator[str]:
    world = life.world
    known = {entry.arn: entry for entry in world.cloud.certificates.all()}
    for planted in world.planted:
        for consumer in planted.consumers:
            held = world.cloud.consumers.certificates(consumer)
            if missing := [arn for arn in held if arn not in known]:
                yield f"{consumer} serves {missing}, which do not exist"
            stays = planted.arn in held
            if not stays and not any(
                _covers(known[arn], planted.names, world.cloud.now) for arn in held if arn in known
            ):
                yield f"{consumer} gave up {_shown(life, planted.arn)} for {held}"


def _hidden(_: Life, run: Invocation) -> Iterator[str]:
    if (
        run.error is not None
        and run.wish.function == "rotation"
        and not isinstance(run.error, RotationError)
    ):
        yield f"the run raised {run.error!r}"
    text = str(run.error or "")
    if "This should not happen." in run.said:
        yield f"the command shows an error of its own: {run.said[-500:]}"
    if slips := [slip for slip in _SLIPS if slip in text]:
        yield f"the run shows {slips}: {text}"
    if run.killed:
        return
    lost = [
        (attempt, kind)
        for attempt, kind in run.traffic.lost.values()
        if not _does_without(run, attempt.operation)
    ]
    fails = run.error is not None or (run.wish.function == "apply" and not _is_content(run))
    if lost and not fails:
        yield f"{_lost_text(lost)} failed, and the run did not"
    before = [entry for entry in lost if entry[0].service not in _AFTERWARDS]
    for document in run.messages if before else ():
        troubled = any(scope["status"] != "ok" for scope in document["scopes"])
        failed = any(action["outcome"] == "failed" for action in document["actions"])
        if not troubled and not failed:
            yield f"{_lost_text(before)} failed, and the message does not say so"


def _does_without(run: Invocation, operation: str) -> bool:
    """Whether a call only makes a result cheaper or easier to read."""
    # A command logs nothing, and does not name consumers in its output.
    unnamed = run.logged("consumer names unavailable")
    unnamed = unnamed or run.wish.function == "apply"
    # The alarm no-subscribers is about a metric that a run leaves out if it cannot measure it.
    unmeasured = operation == "GetTopicAttributes" and run.logged("metric could not be measured")
    cheaper = operation in {"GetResources", "SearchCertificates"}
    return cheaper or unmeasured or (operation in _NAMING and unnamed)


def _lost_text(lost: Iterable[tuple[Any, Kind]]) -> str:
    return ", ".join(f"{attempt.operation} ({kind.name})" for attempt, kind in lost)


def _state_store(life: Life, run: Invocation) -> Iterator[str]:
    if not any(call.service == "dynamodb" for call in run.calls):
        return
    for account, region in life.world.scopes:
        state_store = life.world.state_store((account, region))
        try:
            state_store.replacement_records()
            state_store.alert_records()
            state_store.intents()
            state_store.last_notification()
            for entry in state_store.unreadable():
                yield entry.problem
        except StateUnreadableError as error:
            yield str(error)


def _late(_: Life, run: Invocation) -> Iterator[str]:
    """Check the duration of rotation, unless the service for its last writes hangs."""
    hung = {attempt.service for attempt, _ in run.traffic.lost.values()}
    if run.wish.function == "rotation" and run.out_of_time and not hung & _AFTERWARDS:
        yield f"Lambda had to stop it; {hung} did not answer"


def _trespass(life: Life, run: Invocation) -> Iterator[str]:
    writes = [call for call in run.calls if _writes(call)]
    event = run.wish.event
    if isinstance(event, Mapping) and event.get("dry_run") and writes:
        yield f"a dry run made {[call.operation for call in writes]}"
    for planted in life.world.planted:
        if planted.kind != "foreign":
            continue
        certificate = run.before.get(planted.arn)
        names = [record.name.rstrip(".") for record in certificate.records] if certificate else []
        for call in writes:
            afterwards = call.service in _AFTERWARDS
            if not afterwards and any(
                text in repr(call.parameters) for text in (planted.arn, *names)
            ):
                yield f"{call.operation} touched {planted.names[0]}, which another tool manages"


def _moved(life: Life, _: Invocation) -> Iterator[str]:
    world = life.world
    for planted in world.planted:
        # A certificate that waited too long for a record may need a successor now.
        if planted.replaceable or planted.kind in {"blocked", "moved-on", "stuck"}:
            continue
        if world.certificate(planted.arn) is None:
            yield f"{planted.names[0]} is gone"
        elif world.successors(planted.arn):
            yield f"{planted.names[0]} has got a successor"


def _trust(life: Life, _: Invocation) -> Iterator[str]:
    world = life.world
    known = {entry.arn: entry for entry in world.cloud.certificates.all()}
    for name, baseline in world.baselines.items():
        held = [known[arn] for arn in world.cloud.consumers.certificates(name) if arn in known]
        for after, reason in untrusted(baseline, held, is_list=_is_listener(name)):
            yield f"{name} serves {_shown(life, after.arn)}, and {reason}"
    for arn, versions in world.versions.items():
        yield from (f"{_shown(life, arn)}: {text}" for text in strange(versions))


def _older(life: Life, _: Invocation) -> Iterator[str]:
    for arn, versions in life.world.versions.items():
        yield from (f"{_shown(life, arn)}: {text}" for text in older(versions))


def _settings(life: Life, _: Invocation) -> Iterator[str]:
    world = life.world
    for name, text in lost_settings(world.baselines, settings_of(world.cloud)):
        yield f"{name}: {text}"
    known = {entry.arn: entry for entry in world.cloud.certificates.all()}
    for name, baseline in world.baselines.items():
        held = [known[arn] for arn in world.cloud.consumers.certificates(name) if arn in known]
        for lost in dropped(baseline, held) if _is_listener(name) else ():
            yield f"{name} has lost {_shown(life, lost.arn)}"


def _is_listener(name: str) -> bool:
    return ":listener/" in name


def _imports(life: Life, _: Invocation) -> Iterator[str]:
    known = {entry.arn for entry in life.world.cloud.certificates.all()}
    yield from (f"{arn} was deleted" for arn in sorted(life.world.imported - known))


def _pointers(life: Life, _: Invocation) -> Iterator[str]:
    world = life.world
    for name, planted in world.declared.items():
        value = world.pointer(name)
        named = world.certificate(value)
        if named is None or named.status in _UNISSUED or value in world.decoys:
            status = named.status if named else "gone"
            yield f"{name} names {value}, which is {status} or a decoy"
        elif not set(planted.names) <= set(named.names):
            yield f"{name} names {_shown(life, value)} instead of {planted.names[0]}"


def _kept(life: Life, run: Invocation) -> Iterator[str]:
    """Check each write of a pointer against its certificate at the start of the run and now."""
    for call in _done(run, "PutParameter"):
        planted = life.world.declared.get(call.parameters["Name"])
        if planted is None:
            yield f"{call.parameters['Name']} was written"
        elif call.parameters["Value"] != planted.arn:
            states = (run.before.get(planted.arn), life.world.certificate(planted.arn))
            if not any(_is_dead(life.world, run, state) for state in states if state):
                yield f"the pointer of {_shown(life, planted.arn)} was written"


EACH_RUN: Mapping[Invariant, EachRun] = {
    Invariant.NEEDLESS: _needless,
    Invariant.RECORDS: _records,
    Invariant.DELETED: _deleted,
    Invariant.BLIND: _blind,
    Invariant.SECRETS: _secrets,
    Invariant.TWINS: _twins,
    Invariant.STRANDED: _stranded,
    Invariant.HIDDEN: _hidden,
    Invariant.LEDGER: _state_store,
    Invariant.LATE: _late,
    Invariant.TRESPASS: _trespass,
    Invariant.MOVED: _moved,
    Invariant.TRUST: _trust,
    Invariant.OLDER: _older,
    Invariant.SETTINGS: _settings,
    Invariant.IMPORTS: _imports,
    Invariant.POINTERS: _pointers,
    Invariant.KEPT: _kept,
}


# --- At the end -----------------------------------------------------------------------------------


def _unreported(life: Life) -> Iterator[str]:
    documents = [document for run in life.runs for document in run.messages]
    texts = [finding["message"] for document in documents for finding in document["findings"]]
    verdicts: defaultdict[str, set[str]] = defaultdict(set)
    stories: defaultdict[str, str] = defaultdict(str)
    for document in documents:
        for finding in document["findings"]:
            verdicts[finding["certificate_arn"]].add(finding["verdict"])
    # The user of the command has seen its actions.
    documents += [
        json.loads(run.printed) for run in life.runs if run.wish.function == "apply" and run.printed
    ]
    for document in documents:
        for action in document["actions"]:
            if action["outcome"] in _TRIED:
                stories[action["certificate_arn"]] += f"; {action['detail']}"
    for planted in life.world.planted:
        heard = planted.expected_verdicts & verdicts[planted.arn] or stories.get(planted.arn)
        if planted.expected_verdicts and not heard:
            yield f"{planted.kind} {planted.names[0]} is in no message"
        if planted.proposal and not any(planted.proposal in text for text in texts):
            yield f"no message proposes {planted.proposal} for {planted.names[0]}"
    yield from _unsaid_settings(life, documents)
    written: set[str] = set()
    for run in life.runs:
        unsaid = _unsaid(life, run, stories, written)
        yield from (f"{run.wish.request_id} {text}, and no message says so" for text in unsaid)
    yield from _unended(life)


def _unsaid_settings(life: Life, documents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the settings that prevented a move without a message.

    The successor was issued before the last runs, so that all of them tried the move.
    """
    world, calm = life.world, life.undisturbed[0].started
    details = [action["detail"] for document in documents for action in document["actions"]]
    for planted in world.planted if world.mode == "replace" else ():
        certificate = world.certificate(planted.arn)
        if certificate is not None and _lasts(certificate, world.cloud.now):
            continue  # ACM has renewed it, so that nothing had to be moved
        issued = any(
            successor.issued_at is not None and successor.issued_at < calm
            for successor in world.successors(planted.arn)
            if successor.status == "ISSUED"
        )
        for consumer in planted.consumers if issued else ():
            member = world.guarded.get(consumer)
            stays = planted.arn in world.cloud.consumers.certificates(consumer)
            if member and stays and not any(member in detail for detail in details):
                yield f"{consumer} could not be moved because of {member}, and no message says so"


def _unsaid(
    life: Life, run: Invocation, stories: Mapping[str, str], written: set[str]
) -> list[str]:
    """Return the actions of a run that no message reports; `written` are records of earlier runs.

    A message about a failed call reports everything that the function knows.
    """
    unsaid: dict[str, None] = {}
    for call_id, call in run.traffic.carried:
        if call.error is not None or run.wish.function == "creation" or _is_mute(run):
            continue
        failed = call_id in run.traffic.lost and not run.killed
        for arns, words in _deeds(life, run, call):
            if call.operation == "ChangeResourceRecordSets" and words[0] in written:
                continue  # it existed already, and a stale read did not show it
            written.update(words)
            known = [stories[arn] for arn in arns if arn in stories]
            said = any(word in story for story in known for word in words)
            if not said and not (failed and known):
                unsaid[f"made {call.operation} for {[_shown(life, arn) for arn in arns]}"] = None
    return list(unsaid)


def _is_mute(run: Invocation) -> bool:
    """Whether a run could neither read its table nor send, and has failed with a log."""
    lost = {attempt.operation for attempt, _ in run.traffic.lost.values()}
    return "Query" in lost and (run.killed or (run.error is not None and "Publish" in lost))


def _deeds(
    life: Life, run: Invocation, call: Call
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield the certificate of each call, and words of which the message must contain one."""
    parameters = call.parameters
    match call.operation:
        case "RequestCertificate":
            yield (
                [_tag(call, _REPLACES)],
                ["requested the successor", "found the successor", "may have requested"],
            )
        case operation if operation in _WORDS:
            yield [parameters["CertificateArn"]], _WORDS[operation]
        case "PutParameter":
            name = parameters["Name"]
            yield [life.world.declared[name].arn], [f"parameter {name}"]
        case "PutSecretValue":
            secret = parameters["SecretId"]
            yield [p.arn for p in life.world.planted if p.secret_arn == secret], ["export"]
        case "ChangeResourceRecordSets":
            for change in parameters["ChangeBatch"]["Changes"]:
                name = normalised(change["ResourceRecordSet"]["Name"])
                yield _of_record(life, run, name), [name]
        case operation if operation in _BINDING:
            named = repr(parameters)
            yield (
                [p.arn for p in life.world.planted if any(c in named for c in p.consumers)],
                _BOUND,
            )
        case _:
            return


def _of_record(life: Life, run: Invocation, name: str) -> list[str]:
    """Return the certificates that a record validates, and those that they replace."""
    certificates = {entry.arn: entry for entry in run.before.values()}
    certificates |= {item.arn: item for item in life.world.cloud.certificates.all()}
    found = [
        certificate
        for certificate in certificates.values()
        if name in {normalised(r.name) for r in certificate.records}
    ]
    return [*(each.arn for each in found), *(each.tags.get(_REPLACES, "") for each in found)]


def _unended(life: Life) -> Iterator[str]:
    """Yield findings that the last message shows as open although they are resolved.

    A failed request is reported for a week and never resolved while ACM lists it.
    """
    last = [run for run in life.undisturbed if run.result is not None and "findings" in run.result]
    if not last or last[-1].result is None:
        return
    still_open = {
        f["certificate_arn"]
        for f in last[-1].result["findings"]
        if _is_open(f) or f["verdict"] == Verdict.REQUEST_FAILED
    }
    reported: dict[str | None, bool] = {}
    for run in life.runs:
        for document in run.messages:
            if _remembered(run):
                reported |= {f["certificate_arn"]: True for f in document["findings"]}
            acted = (a["certificate_arn"] for a in document["actions"] if a["outcome"] in _DONE)
            over = (c["certificate_arn"] for c in document["changes"] if c["kind"] == "resolved")
            reported |= dict.fromkeys((*acted, *over), False)
    for arn, is_open in reported.items():
        if arn is not None and is_open and arn not in still_open:
            yield f"{_shown(life, arn)} is over, and no message says so"


def _remembered(run: Invocation) -> bool:
    """Whether a run that sent a message could also store it."""
    lost = {attempt.service for attempt, _ in run.traffic.lost.values()}
    return not run.killed and not lost & {"dynamodb", "sns"}


def _is_open(finding: Mapping[str, Any]) -> bool:
    return finding["severity"] in {"warning", "critical"} or finding["action"] != "None"


def _repeated(life: Life) -> Iterator[str]:
    """Check the undisturbed runs, which know the sent messages.

    After a week without a message, a summary is expected.
    """
    news: set[tuple[str, str, str]] = set()
    spoken = [run.started for run in life.disturbed if run.messages]
    for run in life.undisturbed:
        silent = not spoken or run.started - spoken[-1] >= _SILENCE
        spoken += [run.started] if run.messages else []
        for document in run.messages:
            states = {
                f["certificate_arn"]: f["verdict"] + f["reason"] for f in document["findings"]
            }
            changes = {
                (entry["certificate_arn"], entry["kind"], states.get(entry["certificate_arn"], ""))
                for entry in document["changes"]
            }
            acted = {a["certificate_arn"] for a in document["actions"] if a["outcome"] in _TRIED}
            troubled = any(scope["status"] != "ok" for scope in document["scopes"])
            if not (changes or acted or document["recovered_scopes"] or troubled or silent):
                yield f"{run.wish.request_id} sent a message without anything new"
            # Several thresholds may be reached, and actions may be repeated.
            again = {change for change in changes & news if change[1] != "reminder"}
            if again := {item for item in again if item[0] not in acted}:
                yield f"{run.wish.request_id} reported {again} a second time"
            news = changes
    before, quiet = [run for run in life.undisturbed if run.wish.function == "rotation"][-2:]
    # Findings of the previous run may be resolved now.
    usual = _EACH_TIME | ({"Publish"} if _acted(before) else set())
    made = [c.operation for c in quiet.calls if _writes(c) and c.operation not in usual]
    if made:
        yield f"{quiet.wish.request_id}, right after another run, made {made}"


def _acted(run: Invocation) -> bool:
    """Whether a run reported an action."""
    actions = [entry for document in run.messages for entry in document["actions"]]
    return any(action["outcome"] in _DONE for action in actions)


def _unhealed(life: Life) -> Iterator[str]:
    world = life.world
    for planted in world.planted:
        if not _is_well(life, planted):
            yield f"{planted.kind} {planted.names[0]}: {_state(world, planted)}"
    for run in life.undisturbed:
        if run.error is not None:
            yield f"{run.wish.request_id} failed although nothing was wrong: {run.error}"


def _is_well(life: Life, planted: Planted) -> bool:
    """Whether all possible actions for a certificate were done."""
    world = life.world
    certificate = world.certificate(planted.arn)
    good = certificate is not None and _lasts(certificate, world.cloud.now)
    replaces = world.mode == "replace"
    match planted.kind:
        case "healthy" | "renewing" | "by-email":
            return good
        case "reimported":
            return good or planted.arn in world.spoiled
        case "stuck":
            # ACM's three days have passed, and the request of another tool is not repeated.
            return good or (
                certificate is not None and certificate.status == "VALIDATION_TIMED_OUT"
            )
        case "exported":
            return world.target_is_current(planted)
        case "blocked":
            return good or not replaces or _is_followed(life, planted)
        case "timed-out":
            history = certificate is None or world.cloud.now - certificate.created_at > _NEWS
            return not replaces or history or _is_followed(life, planted)
        case "given-up" | "expired" | "revoked" | "private":
            return not replaces or _is_followed(life, planted)
        case _:
            return True


def _is_followed(life: Life, planted: Planted) -> bool:
    """Whether a successor has taken over where possible, or is in progress."""
    world, calm = life.world, life.undisturbed[0].started
    known = {entry.arn: entry for entry in world.cloud.certificates.all()}
    for successor in world.successors(planted.arn):
        resolvable = all(
            world.cloud.certificates.resolvable(successor, name) for name in successor.names
        )
        if successor.status == "PENDING_VALIDATION" and resolvable:
            return True  # a failed one was requested again, a week later
        if successor.status == "VALIDATION_TIMED_OUT" and successor.created_at + _PATIENCE < calm:
            return True  # it is requested again a week later, after the end of this life
    if not planted.consumers:
        return any(item.status == "ISSUED" for item in world.successors(planted.arn))
    return all(
        consumer in world.stubborn | world.guarded.keys()
        or (
            planted.arn not in world.cloud.consumers.certificates(consumer)
            and any(
                _covers(known[arn], planted.names, world.cloud.now)
                for arn in world.cloud.consumers.certificates(consumer)
                if arn not in world.decoys
            )
        )
        for consumer in planted.consumers
    )


def _state(world: World, planted: Planted) -> str:
    certificate = world.certificate(planted.arn)
    status = f"{certificate.status} until {certificate.not_after}" if certificate else "gone"
    successors = [(successor.arn, successor.status) for successor in world.successors(planted.arn)]
    held = [world.cloud.consumers.certificates(consumer) for consumer in planted.consumers]
    record = _replacement_record(world, planted)
    return f"{status}, successors {successors}, served by {held}, record {record}"


def _replacement_record(world: World, planted: Planted) -> object:
    return [
        replacement_record
        for replacement_record in world.state_store(planted.place).replacement_records()
        if replacement_record.certificate_arn == planted.arn
    ]


AT_THE_END: Mapping[Invariant, AtTheEnd] = {
    Invariant.UNREPORTED: _unreported,
    Invariant.REPEATED: _repeated,
    Invariant.UNHEALED: _unhealed,
}


# --- What they are made of ------------------------------------------------------------------------


def _done(run: Invocation, operation: str) -> list[Call]:
    return [call for call in run.calls if call.operation == operation and call.error is None]


def _writes(call: Call) -> bool:
    return call.error is None and not call.operation.startswith(READING)


def _tag(call: Call, key: str) -> str:
    return str(next((t["Value"] for t in call.parameters.get("Tags", ()) if t["Key"] == key), ""))


def _lasts(certificate: Certificate, now: datetime) -> bool:
    ends = certificate.not_after
    return certificate.status == "ISSUED" and ends is not None and ends - now > timedelta(days=30)


def _covers(certificate: Certificate, names: Iterable[str], now: datetime) -> bool:
    ends = certificate.not_after
    valid = certificate.status == "ISSUED" and ends is not None and ends > now
    return valid and set(names) <= set(certificate.names)


def _succeeds(certificate: Certificate, old: Certificate, now: datetime) -> bool:
    return certificate.arn != old.arn and _covers(certificate, old.names, now)


def _shown(life: Life, arn: str) -> str:
    """Return the name under which a certificate, or the one it replaces, was created."""
    kinds = {entry.arn: f"{entry.kind} {entry.names[0]}" for entry in life.world.planted}
    certificate = life.world.certificate(arn)
    names = certificate.names[0] if certificate else "?"
    return f"{kinds.get(arn, names)} ({arn.rpartition('/')[2][:8]})"
