"""The rotation function as a state machine calls it: one step of a run over an organization."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from certificate_lifecycle.app.organization import Aggregate, list_accounts, scan_account
from certificate_lifecycle.aws.organizations import AwsOrganization
from certificate_lifecycle.aws.reports import RunReports
from certificate_lifecycle.aws.s3 import S3Documents
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext, current_time
from certificate_lifecycle.handlers.events import (
    OrganizationCommand,
    OrganizationStep,
    organization_command,
)
from certificate_lifecycle.handlers.wiring import (
    clients_of,
    run_dependencies,
    run_request,
    state_store_of,
)
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.settings import (
    OrganizationSettings,
    RotationMode,
    RotationSettings,
)


def organization_step(event: Mapping[str, object], context: LambdaContext) -> dict[str, Any]:
    """Return what a step came to, in a few figures; raise RotationError as the rotation does."""
    scope = Scope.from_arn(context.invoked_function_arn)
    errors: list[str] = []
    settings = rotation_settings(os.environ, errors)
    command = organization_command(event, settings, scope, errors)
    if errors or settings.organization is None:
        raise ConfigurationError(errors)
    return _take(command, settings, settings.organization, scope, context)


def _take(
    command: OrganizationCommand,
    settings: RotationSettings,
    organization: OrganizationSettings,
    scope: Scope,
    context: LambdaContext,
) -> dict[str, Any]:
    looked_at = next((scope.account_id for scope in command.rotation.scopes), "")
    accounts = {scope.account_id, *(account.account_id for account in settings.accounts)}
    # What `accounts` says of one of them goes before what is said of all.
    joins = looked_at not in {"", *accounts}
    extra_accounts = (organization.account(looked_at),) if joins else ()
    clients = clients_of(
        settings,
        scope,
        extra_accounts,
        rate_share=organization.max_concurrency,
        scope_alone=looked_at,
    )
    at = (lambda: clients.s3(scope.region), organization.bucket, f"runs/{command.run}/")
    documents = S3Documents(*at)
    if command.step is OrganizationStep.LIST:
        return _list(command, AwsOrganization(clients.organizations), documents, accounts)
    repair = command.rotation.mode is not RotationMode.NOTIFY
    dependencies = run_dependencies(
        settings, scope, LambdaClock(context), clients, extra_accounts, repair=repair
    )
    if command.step is OrganizationStep.SCAN:
        # Not the name of the execution: a repeated step must not pass for the first one, which may
        # still be at work, in the eyes of the ledger.
        request = run_request(
            command.rotation, settings, context.aws_request_id, current_time(), extra_accounts
        )
        return scan_account(request, dependencies, documents, current_time=current_time)
    return Aggregate(
        request=run_request(command.rotation, settings, command.run, command.started_at),
        regions=command.regions,
        partition=scope.partition,
        # Without a bucket of their own, reports lie beside what they were made from.
        dependencies=replace(dependencies, reports=dependencies.reports or RunReports(*at)),
        documents=documents,
        state_store=lambda where: state_store_of(settings, scope, clients, where),
    ).run(current_time=current_time)


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
