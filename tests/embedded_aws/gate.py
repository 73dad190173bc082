"""The WSGI application in front of moto: recognises, records, judges, checks, and repairs.

moto answers all other requests.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moto import backends
from moto.core.request import Request as HttpRequest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response

from tests.embedded_aws import (
    actions,
    condition_keys,
    log_groups,
    parameters,
    policy,
    simulation,
    state_machines,
    strict,
    tables,
)
from tests.embedded_aws.acm import Acm
from tests.embedded_aws.acme_endpoints import AcmeEndpoints
from tests.embedded_aws.calls import Call, Permission, Recorder
from tests.embedded_aws.consumers import Consumers
from tests.embedded_aws.event_buses import EventBuses
from tests.embedded_aws.faults import Faults
from tests.embedded_aws.functions import Functions
from tests.embedded_aws.material import CertificateBundle
from tests.embedded_aws.organization import Organization
from tests.embedded_aws.principals import Caller, caller, existing_role, trust_policy
from tests.embedded_aws.protocol import (
    AwsError,
    Request,
    access_denied_code,
    credential_of,
    error_code,
    failure,
    recognise,
    success,
    validation_code,
)
from tests.embedded_aws.quotas import Quotas
from tests.embedded_aws.rates import Rates
from tests.embedded_aws.repeats import Repeats
from tests.embedded_aws.resource_policies import resource_policy
from tests.embedded_aws.route53 import Route53
from tests.embedded_aws.rules import RULES
from tests.embedded_aws.secrets import secret_key
from tests.embedded_aws.security_hub import SecurityHub
from tests.embedded_aws.stores import PrivateAuthorities, ServerCertificates
from tests.embedded_aws.tag_index import TagIndex
from tests.embedded_aws.topics import Topics, customer_key
from tests.embedded_aws.zones import Zones
from tests.estates.estate import Estate
from tests.harness.settings import Elsewhere

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NOT_IMPLEMENTED = 501
SERVER_ERROR = 500
INVOKE = ("lambda", "Invoke")
PUBLISH = ("sns", "Publish")
# What a model demands and AWS itself contradicts: a custom domain is a fully qualified name.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolDomain.html
NOT_ENFORCED = {"cognito-idp": "at 'domain' failed to satisfy constraint: Member must satisfy reg"}


@dataclass
class Settings:
    """What a test may change about the gate."""

    enforcing: bool = True
    latency: float = 0.0


@dataclass
class World:
    """The state behind the gate."""

    recorder: Recorder
    faults: Faults
    zones: Zones
    estate: Estate
    consumers: Consumers
    topics: Topics
    functions: Functions
    rates: Rates
    server_certificates: ServerCertificates
    authorities: PrivateAuthorities
    acme_endpoints: AcmeEndpoints
    organization: Organization
    event_buses: EventBuses
    security_hub: SecurityHub
    quotas: Quotas
    tag_index: TagIndex
    invoke: Callable[[Request], Mapping[str, object]]
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True)
class Judgement:
    """What IAM says about a request."""

    permissions: tuple[Permission, ...]
    allowed: bool = True
    reason: str | None = None


# moto lists its own folder at every request, without this.
_MODULES = frozenset(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: _MODULES


class Gate:
    """One call in, one recorded and judged answer out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.RLock()
        self._repeats = Repeats()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._handlers = {
            **{("acm", name): handler for name, handler in Acm(world.estate).handlers().items()},
            **{("acm", name): h for name, h in CertificateBundle(world.estate).handlers().items()},
            **{("route53", name): h for name, h in Route53(world.zones).handlers().items()},
            **world.consumers.handlers(),
            **world.server_certificates.handlers(),
            **world.authorities.handlers(),
            **world.acme_endpoints.handlers(),
            **world.organization.handlers(),
            **world.event_buses.handlers(),
            **world.security_hub.handlers(),
            **world.quotas.handlers(),
            **world.tag_index.handlers(),
            **log_groups.HANDLERS,
            **parameters.HANDLERS,
            **simulation.HANDLERS,
            **state_machines.HANDLERS,
            **tables.HANDLERS,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Always read to its end: closing a connection with unread data resets it.
        body = HttpRequest(environ).get_data(cache=True, parse_form_data=False)
        invocation_id = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        response = self._repeats.once(invocation_id, lambda: self._answer(environ, body))
        return response(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, body: bytes) -> Response:
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["wsgi.input"] = io.BytesIO(body)
        credential = credential_of(environ.get("HTTP_AUTHORIZATION", ""))
        if credential is None:
            return self._forward(environ, body)
        who = caller(credential.access_key)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = who.account
        http = HttpRequest({**environ, "wsgi.input": io.BytesIO(body)})
        request = recognise(http, credential, who.account)
        if request is None:
            return Response(
                f"no model knows this request to {credential.service}", status=NOT_IMPLEMENTED
            )
        return self._serve(request, who, environ, body)

    def _serve(
        self, request: Request, who: Caller, environ: WSGIEnvironment, body: bytes
    ) -> Response:
        if self._world.settings.latency:
            time.sleep(self._world.settings.latency)
        judgement = Judgement(())
        try:
            judgement = self._judge(request, who)
            response = self._admitted(request, judgement, environ, body)
        except AwsError as refused:
            response = failure(request, refused)
        except Exception as error:  # noqa: BLE001 - a fault of this harness must be seen, not retried
            message = f"the embedded AWS failed: {type(error).__name__}: {error}"
            broken = AwsError("EmbeddedAwsFailure", message, status=NOT_IMPLEMENTED)
            response = failure(request, broken)
        self._world.recorder.add(_call(request, who, judgement, response))
        return response

    def _admitted(
        self, request: Request, judgement: Judgement, environ: WSGIEnvironment, body: bytes
    ) -> Response:
        """Answer unless a fault was ordered, the role may not, or the parameters are wrong."""
        self._world.faults.raise_for(request)
        self._world.rates.raise_for(request)
        if not judgement.allowed:
            raise AwsError(access_denied_code(request), str(judgement.reason))
        self._check(request)
        return self._perform(request, environ, body)

    # --- judging ------------------------------------------------------------------------------

    def _judge(self, request: Request, who: Caller) -> Judgement:
        scene = actions.Scene(
            request,
            who.principal,
            self._tags_of,
            customer_key,
            self._world.estate.names_of,
            secret_key,
            self._world.organization.of,
        )
        key = (request.service, request.operation)
        needs = actions.TABLE.get(key)
        permissions = tuple(needs(scene)) if needs else ()
        if unsent := condition_keys.not_sent(permissions):
            raise ValueError(f"AWS sends no such condition keys: {', '.join(unsent)}")
        judged = who.role is not None and self._world.settings.enforcing
        if not judged or key in actions.FREE:
            return Judgement(permissions)
        if needs is None:
            reason = f"unknown action: {key} is not in tests/embedded_aws/actions.py"
            return Judgement((), allowed=False, reason=reason)
        for permission in permissions:
            verdict = _verdict(who, permission)
            if not verdict.allowed:
                return Judgement(
                    permissions, allowed=False, reason=_refusal(who, permission, verdict.reason)
                )
        if key == ("sts", "AssumeRole"):
            return _trusted(who, permissions)
        return Judgement(permissions)

    def _tags_of(self, arn: str) -> Mapping[str, str]:
        return self._world.estate.tags_of(arn)

    # --- performing ---------------------------------------------------------------------------

    def _check(self, request: Request) -> None:
        faults = [
            fault
            for fault in strict.violations(request.model.input_shape, request.parameters)
            if not (request.service in NOT_ENFORCED and NOT_ENFORCED[request.service] in fault)
        ]
        if faults:
            count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
            raise AwsError(validation_code(request), f"{count}: {'; '.join(faults)}")
        rule = RULES.get((request.service, request.operation))
        if rule is not None:
            rule(request)

    def _perform(self, request: Request, environ: WSGIEnvironment, body: bytes) -> Response:
        key = (request.service, request.operation)
        handler = self._handlers.get(key)
        if handler is not None:
            with self._lock, suppress(Elsewhere):
                return success(request, handler(request))
        if key == INVOKE:
            # Not under the lock: what is run makes calls of its own.
            return success(request, self._world.invoke(request))
        if key == state_machines.START:
            body = state_machines.named(request, body)
            environ["CONTENT_LENGTH"] = str(len(body))
        response = self._forward(environ, body, request)
        if request.service == "lambda":
            return self._world.functions.amend(request, response)
        if key == PUBLISH and response.status_code < 300:
            self._world.topics.record(request)
        return response

    def _forward(
        self, environ: WSGIEnvironment, body: bytes, request: Request | None = None
    ) -> Response:
        """Ask moto; what it lacks or fails on becomes "not implemented", which is not retried.

        A 500 would be retried: by the Terraform provider for 47 minutes.
        """
        environ["wsgi.input"] = io.BytesIO(body)
        environ.pop("werkzeug.request", None)
        try:
            response = Response.from_app(self._moto, environ, buffered=True)
        except Exception as error:  # noqa: BLE001 - whatever moto raises, the caller must hear it
            return _lacking(request, f"{type(error).__name__}: {error}")
        unrouted = response.status_code == 404 and response.mimetype == "text/html"
        if response.status_code >= SERVER_ERROR or unrouted:
            return _lacking(request, response.get_data(as_text=True)[:500])
        return response


def _call(request: Request, who: Caller, judgement: Judgement, response: Response) -> Call:
    name = f"{request.service}:{request.operation}"
    permissions = judgement.permissions or (Permission(name, "*"),)
    return Call(
        service=request.service,
        operation=request.operation,
        action=permissions[0].action,
        resources=tuple(dict.fromkeys(permission.resource for permission in permissions)),
        parameters=request.parameters,
        region=request.region,
        account=request.account,
        principal=who.principal,
        allowed=judgement.allowed,
        context=permissions[0].context,
        status=response.status_code,
        error=error_code(response),
        permissions=permissions,
        reason=judgement.reason,
    )


def _verdict(who: Caller, permission: Permission) -> policy.Verdict:
    """Judge by the role's policies and boundary, and by the policy that the resource has."""
    resource, owner = resource_policy(permission.resource)
    return policy.decide(
        policy.Principal(str(who.principal)),
        permission,
        identity=who.documents,
        boundary=who.boundary,
        resource=resource,
        owner=owner,
    )


def _trusted(who: Caller, permissions: tuple[Permission, ...]) -> Judgement:
    """Judge by the target role's trust policy, once the caller's own policies allow."""
    target = existing_role(permissions[0].resource)
    if target is None:
        verdict = policy.denied("there is no such role")
    else:
        trust = trust_policy(target)
        verdict = policy.trusts(trust, str(who.principal), permissions[0])
    if verdict.allowed:
        return Judgement(permissions)
    return Judgement(
        permissions, allowed=False, reason=_refusal(who, permissions[0], verdict.reason)
    )


def _refusal(who: Caller, permission: Permission, reason: str) -> str:
    return (
        f"User: {who.principal} is not authorized to perform: {permission.action} "
        f"on resource: {permission.resource} because {reason}"
    )


def _lacking(request: Request | None, detail: str) -> Response:
    if request is None:
        return Response(detail, status=NOT_IMPLEMENTED)
    name = f"{request.service}:{request.operation}"
    message = f"the embedded AWS does not implement {name} ({detail})"
    return failure(request, AwsError("NotImplemented", message, status=NOT_IMPLEMENTED))
