"""The rotation function as a state machine calls it: one step of a run over an organization."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from certificate_lifecycle.app.organization import Telling, list_accounts, look
from certificate_lifecycle.aws.organizations import AwsOrganization
from certificate_lifecycle.aws.reports import RunReports
from certificate_lifecycle.aws.s3 import S3Documents
from certificate_lifecycle.config import (
    OrganizationSettings,
    RotationMode,
    RotationSettings,
    rotation_settings,
)
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.errors import ConfigurationError
from certificate_lifecycle.events import OrganizationCommand, Step, organization_command
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext, current_time
from certificate_lifecycle.wiring import clients_of, ledger_of, outside_of, run_request


def organization_step(event: Mapping[str, object], context: LambdaContext) -> dict[str, Any]:
    """Return what a step came to, in a few figures; raise RotationError as the rotation does."""
    place = Place.from_arn(context.invoked_function_arn)
    faults: list[str] = []
    settings = rotation_settings(os.environ, faults)
    command = organization_command(event, settings, place, faults)
    if faults or settings.organization is None:
        raise ConfigurationError(faults)
    return _take(command, settings, settings.organization, place, context)


def _take(
    command: OrganizationCommand,
    settings: RotationSettings,
    organization: OrganizationSettings,
    place: Place,
    context: LambdaContext,
) -> dict[str, Any]:
    looked_at = next((scope.account_id for scope in command.rotation.scopes), "")
    accounts = {place.account_id, *(account.account_id for account in settings.accounts)}
    # What `accounts` says of one of them goes before what is said of all.
    joins = looked_at not in {"", *accounts}
    joining = (organization.account(looked_at),) if joins else ()
    clients = clients_of(
        settings, place, joining, shared_by=organization.max_concurrency, alone_in=looked_at
    )
    at = (lambda: clients.s3(place.region), organization.bucket, f"runs/{command.run}/")
    documents = S3Documents(*at)
    if command.step is Step.LIST:
        return _list(command, AwsOrganization(clients.organizations), documents, accounts)
    repair = command.rotation.mode is not RotationMode.NOTIFY
    outside = outside_of(settings, place, LambdaClock(context), clients, joining, repair=repair)
    if command.step is Step.LOOK:
        # Not the name of the execution: a repeated step must not pass for the first one, which may
        # still be at work, in the eyes of the ledger.
        request = run_request(
            command.rotation, settings, context.aws_request_id, current_time(), joining
        )
        return look(request, outside, documents, current_time=current_time)
    return Telling(
        request=run_request(command.rotation, settings, command.run, command.started_at),
        regions=command.regions,
        partition=place.partition,
        # Without a bucket of their own, reports lie beside what they were made from.
        outside=replace(outside, reports=outside.reports or RunReports(*at)),
        documents=documents,
        ledger=lambda where: ledger_of(settings, place, clients, where),
    ).tell(current_time=current_time)


def _list(
    command: OrganizationCommand,
    organization: AwsOrganization,
    documents: S3Documents,
    always: Collection[str],
) -> dict[str, Any]:
    return list_accounts(
        organization,
        documents,
        always=always,
        given=command.given,
        excluded=command.excluded,
        only=command.only,
    )
