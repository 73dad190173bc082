"""The rotation function as one step of a run over an organization."""

from __future__ import annotations

import os
from collections.abc import Mapping
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
    """Run a step and return its figures; raises RotationError like a rotation."""
    scope = Scope.from_arn(context.invoked_function_arn)
    errors: list[str] = []
    settings = rotation_settings(os.environ, errors)
    command = organization_command(event, settings, scope, errors)
    if errors or settings.organization is None:
        raise ConfigurationError(errors)
    return _run(command, settings, settings.organization, scope, context)


def _run(
    command: OrganizationCommand,
    settings: RotationSettings,
    organization: OrganizationSettings,
    scope: Scope,
    context: LambdaContext,
) -> dict[str, Any]:
    scanned = next((scope.account_id for scope in command.rotation.scopes), "")
    accounts = {scope.account_id, *(account.account_id for account in settings.accounts)}
    # The settings of an account in `accounts` override those of the organization.
    is_extra = scanned not in {"", *accounts}
    extra_accounts = (organization.account(scanned),) if is_extra else ()
    clients = clients_of(
        settings,
        scope,
        extra_accounts,
        rate_share=organization.max_concurrency,
        exclusive_account=scanned,
    )
    folder = (lambda: clients.any("s3", scope.region), organization.bucket, f"runs/{command.run}/")
    documents = S3Documents(*folder)
    if command.step is OrganizationStep.LIST:
        return list_accounts(
            AwsOrganization(lambda: clients.any("organizations", scope.region)),
            documents,
            always=accounts,
            given=command.given,
            excluded=command.excluded,
            only=command.only,
        )
    repair = command.rotation.mode is not RotationMode.NOTIFY
    dependencies = run_dependencies(
        settings, scope, LambdaClock(context), clients, extra_accounts, repair=repair
    )
    if command.step is OrganizationStep.SCAN:
        # Not the name of the execution: a repeated step must not use the claims of the first
        # attempt, which may still run.
        request = run_request(
            command.rotation, settings, context.aws_request_id, current_time(), extra_accounts
        )
        return scan_account(request, dependencies, documents, current_time=current_time)
    return Aggregate(
        request=run_request(
            command.rotation,
            settings,
            command.run,
            command.started_at,
            function_arn=context.invoked_function_arn,
        ),
        regions=command.regions,
        partition=scope.partition,
        # Without a report bucket, the report is stored beside the results of the steps.
        dependencies=replace(dependencies, reports=dependencies.reports or RunReports(*folder)),
        documents=documents,
        state_store=lambda at: state_store_of(settings, scope, clients, at),
    ).run(current_time=current_time)
