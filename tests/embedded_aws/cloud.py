"""The embedded AWS: one server on loopback that behaves as AWS documents itself to behave.

    with Cloud.start() as cloud:
        cloud.certificates.add(domain_name="example.com", status="PENDING_VALIDATION")
        cloud.client("acm").list_certificates()

moto keeps the state of most services, and moto's state belongs to the process: several clouds may
follow one another in a process, but two at the same time would share everything.
What the embedded AWS still does not do is listed in `gaps.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from tests.embedded_aws import buckets, event_buses, parameters, state_machines
from tests.embedded_aws.acme_endpoints import AcmeEndpoints
from tests.embedded_aws.calls import Call, Recorder
from tests.embedded_aws.consumers import Consumers
from tests.embedded_aws.event_buses import EventBuses
from tests.embedded_aws.faults import Fault, Faults
from tests.embedded_aws.functions import Function, Functions
from tests.embedded_aws.gate import Gate, Settings, World
from tests.embedded_aws.organization import Organization
from tests.embedded_aws.protocol import AwsError, Request
from tests.embedded_aws.quotas import Quotas
from tests.embedded_aws.rates import Rates
from tests.embedded_aws.security_hub import SecurityHub
from tests.embedded_aws.stores import PrivateAuthorities, ServerCertificates
from tests.embedded_aws.tag_index import TagIndex
from tests.embedded_aws.topics import Topics
from tests.embedded_aws.zones import DEFAULT_ACCOUNT, Zones
from tests.estates.estate import DEFAULT_REGION, Estate

if TYPE_CHECKING:
    from typing import Self
    from wsgiref.types import WSGIApplication

HARNESS_KEY = "test"


class _QuietHandler(MotoRequestHandler):
    """Werkzeug's request handler without a log line for every call."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Say nothing: the recorder keeps the calls."""


class Cloud:
    """The server, its state, and the tests' hands on both."""

    def __init__(self) -> None:
        self._now: datetime | None = None
        self._clients: dict[tuple[str, ...], Any] = {}
        self.zones = Zones()
        self.certificates = Estate(lambda: self.now, self.zones)
        self.consumers = Consumers(self.certificates)
        self.server_certificates = ServerCertificates()
        self.authorities = PrivateAuthorities()
        self.acme_endpoints = AcmeEndpoints(lambda: self.now, self.zones)
        self.topics = Topics()
        self.organization = Organization()
        self.event_buses = EventBuses()
        self.security_hub = SecurityHub()
        self.quotas = Quotas()
        self.tag_index = TagIndex(self.certificates)
        self._world = World(
            recorder=Recorder(),
            faults=Faults(),
            zones=self.zones,
            estate=self.certificates,
            consumers=self.consumers,
            topics=self.topics,
            functions=Functions(),
            rates=Rates(),
            server_certificates=self.server_certificates,
            authorities=self.authorities,
            acme_endpoints=self.acme_endpoints,
            organization=self.organization,
            event_buses=self.event_buses,
            security_hub=self.security_hub,
            quotas=self.quotas,
            tag_index=self.tag_index,
            invoke=self._invoke,
        )
        buckets.install()
        event_buses.install()
        #: The application of the server, for calls without a socket.
        self.application: WSGIApplication = Gate(self._world)
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", 0, self.application, threaded=True, request_handler=_QuietHandler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[Self]:
        """Serve until the block ends."""
        cloud = cls()
        cloud.reset()
        cloud._thread.start()
        try:
            yield cloud
        finally:
            cloud.stop()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.reset()

    def reset(self) -> None:
        """Empty every service, the recorded calls, the clock and all settings."""
        BackendDict.reset()
        reset_model_data()
        # moto's interpreter is one for the process: another cloud may have had it in between.
        state_machines.install(self._client_of_a_state_machine)
        parameters.install(lambda: self.now)
        self._now = None
        self.zones.reset()
        self.certificates.reset()
        self.consumers.reset()
        self.server_certificates.reset()
        self.authorities.reset()
        self.acme_endpoints.reset()
        self.topics.reset()
        self.organization.reset()
        self.event_buses.reset()
        self.security_hub.reset()
        self.quotas.reset()
        self.tag_index.reset()
        self._world.functions.reset()
        self._world.faults.clear()
        self._world.rates.reset()
        self._world.recorder.clear()
        self._world.settings = Settings()

    # --- reaching it --------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def environment(
        self, region: str = DEFAULT_REGION, account: str = DEFAULT_ACCOUNT
    ) -> dict[str, str]:
        """Name the variables that make any AWS SDK, and Terraform, come here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": _harness_key(account),
            "AWS_SECRET_ACCESS_KEY": HARNESS_KEY,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(
        self,
        service: str,
        region: str = DEFAULT_REGION,
        account: str = DEFAULT_ACCOUNT,
        *,
        role_arn: str | None = None,
        credentials: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401 - Config's own
    ) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Make a boto3 client: the harness itself, which is never judged, or an assumed role.

        `credentials` are boto3's own keywords, as `assume` returns them.
        The harness's clients are made once, because boto3 takes its time over them.
        """
        if role_arn is not None:
            credentials = self.assume(role_arn)
        if credentials is not None:
            return self._make_client(service, region, credentials, options)
        key = (service, region, account, repr(sorted(options.items())))
        if key not in self._clients:
            keys = {
                "aws_access_key_id": _harness_key(account),
                "aws_secret_access_key": HARNESS_KEY,
            }
            self._clients[key] = self._make_client(service, region, keys, options)
        return self._clients[key]

    def _make_client(
        self, service: str, region: str, keys: Mapping[str, str], options: Mapping[str, Any]
    ) -> Any:  # noqa: ANN401 - as above
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.url,
            config=Config(**options),
            **keys,
        )

    def assume(self, role_arn: str, session_name: str = "test") -> dict[str, str]:
        """Credentials of a role, as Lambda gets them: whatever the trust policy says."""
        answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name)
        credentials = answer["Credentials"]
        return {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }

    # --- watching and steering it ---------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """Every call that was answered since the start, the last reset or `forget_calls`."""
        return self._world.recorder.snapshot()

    @property
    def refusals(self) -> list[Call]:
        """The calls that IAM refused."""
        return [call for call in self.calls if not call.allowed]

    def forget_calls(self) -> None:
        self._world.recorder.clear()

    @property
    def now(self) -> datetime:
        """ACM's clock: the real one until it is set, and then it stands still."""
        return self._now or datetime.now(UTC)

    @now.setter
    def now(self, moment: datetime | None) -> None:
        if moment is not None and moment.tzinfo is None:
            raise ValueError("the clock needs an aware datetime")
        self._now = moment

    def advance(self, **duration: float) -> datetime:
        """Move the clock on, by the arguments of `timedelta`."""
        self.now = self.now + timedelta(**duration)
        return self.now

    def fail(  # noqa: PLR0913 - all that a failure may depend on
        self,
        service: str,
        operation: str,
        code: str = "ThrottlingException",
        message: str = "Rate exceeded",
        *,
        times: int | None = 1,
        status: int = 400,
        when: Callable[[Mapping[str, Any]], bool] = lambda _: True,
        account: str | None = None,
        region: str | None = None,
    ) -> Fault:
        """Let an operation fail; the answer's `count` says how often it did.

        `*` stands for all services, and for all operations.
        """
        error = AwsError(code, message, status=status)
        fault = Fault(service, operation, error, times, when, account, region)
        return self._world.faults.add(fault)

    def clear_failures(self) -> None:
        """Remove all ordered failures."""
        self._world.faults.clear()

    @property
    def enforcing(self) -> bool:
        """Whether assumed roles are judged by their policies."""
        return self._world.settings.enforcing

    @enforcing.setter
    def enforcing(self, value: bool) -> None:
        self._world.settings.enforcing = value

    @property
    def rate_limited(self) -> bool:
        """Whether the request rates that AWS documents are enforced."""
        return self._world.rates.enforced

    @rate_limited.setter
    def rate_limited(self, value: bool) -> None:
        self._world.rates.enforced = value

    @property
    def latency(self) -> float:
        """Seconds that every call takes."""
        return self._world.settings.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._world.settings.latency = seconds

    def _client_of_a_state_machine(self, service: str, region: str, role_arn: str) -> Any:  # noqa: ANN401 - as above
        return self.client(service, region, role_arn=role_arn, read_timeout=900)

    def _invoke(self, request: Request) -> dict[str, Any]:
        """Run a function and wait for its end, as Invoke with the type RequestResponse does."""
        from tests.harness.deployed import invoke_directly  # it needs this module

        return invoke_directly(self, request)

    def function(
        self, name: str, region: str = DEFAULT_REGION, account: str = DEFAULT_ACCOUNT
    ) -> Function:
        """Look up a deployed Lambda function, its code included."""
        return self._world.functions.find(name, account=account, region=region)


def _harness_key(account: str) -> str:
    return HARNESS_KEY if account == DEFAULT_ACCOUNT else account
