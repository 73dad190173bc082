"""Consumers that CloudFront serves are searched in every region of a run, each listed once."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lifecycle.aws.consumers.base import ListedConsumer
from certificate_lifecycle.aws.consumers.regions import RunRegions
from certificate_lifecycle.aws.consumers.registry import AwsConsumers, RunServices
from certificate_lifecycle.model.errors import CertificateLifecycleError, ManualStepRequiredError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind
from tests.unit.builders import PLACE, certificate, detail

HOME, EDGE, FAR = "eu-west-1", "us-east-1", "ap-south-1"
OWN, AWS = PLACE.account_id, "999999999999"
AT_EDGE = Scope(OWN, EDGE)
OLD, NEW = (AT_EDGE.arn("acm", f"certificate/{name}") for name in ("old", "new"))
FOREIGN = f"arn:aws:cloudfront::{AWS}:distribution/E1"
REGIONS = RunRegions((HOME, EDGE), (FAR,))
KETTLE = ConsumerKind("Kettle")


class Kettles(ListedConsumer):
    """A made-up service that CloudFront serves; a client has the certificates of one region."""

    service = "kettle"
    kinds = (KETTLE,)
    permissions = ()
    key_algorithms = frozenset({"RSA_2048"})
    edge = True
    _client: Any

    @classmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        return arn.foreign and arn.service == "cloudfront"

    @classmethod
    def explains(cls, binding: Binding, arn: ConsumerArn) -> bool:
        del binding
        return cls.owns(arn)

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        del arn
        return (f"aws kettle boil --region REGION --name NAME --certificate {successor_arn}",)

    def manual_steps_of(self, binding: Binding, certificate_arn: str) -> tuple[str, ...]:
        return (f"aws kettle boil --name {binding.consumer} --certificate {certificate_arn}",)

    def settings(self) -> list[tuple[Binding, str]]:
        listed = self._client.list()
        return [
            (Binding(KETTLE, name, label=f"kettle {name}"), arn) for name, arn in listed.items()
        ]

    def current(self, binding: Binding) -> BindingState | None:
        return BindingState((self._client.certificates[binding.consumer],))

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        assert self._client.certificates[binding.consumer] == instead_of
        self._client.certificates[binding.consumer] = certificate_arn


class Region:
    """The kettles of a region, and the number of lists."""

    def __init__(self, **certificates: str) -> None:
        self.certificates = certificates
        self.lists = 0
        self.failure: Exception | None = None

    def list(self) -> dict[str, str]:
        self.lists += 1
        if self.failure is not None:
            raise self.failure
        return dict(self.certificates)


class World:
    """The regions of an account, as the clients of a run."""

    def __init__(self) -> None:
        self.regions = {HOME: Region(h=OLD), EDGE: Region(e=OLD), FAR: Region(f=OLD)}

    def any(self, _: str, region: str, __: str | None = None) -> Region:
        return self.regions[region]


@pytest.fixture
def world() -> Any:  # noqa: ANN401 - a fake of any client
    return World()


@pytest.fixture
def consumers(world: Any) -> AwsConsumers:  # noqa: ANN401 - as above
    return AwsConsumers(world, AT_EDGE, consumers=(Kettles,), regions=REGIONS)


def used(*in_use_by: str) -> Any:  # noqa: ANN401 - a certificate
    return certificate(arn=OLD, detail=detail(in_use_by=in_use_by))


USED = used(FOREIGN, f"{FOREIGN}2", f"{FOREIGN}3", f"{FOREIGN}4")


def test_every_region_of_the_run_is_searched_and_named(consumers: AwsConsumers) -> None:
    found = consumers.find(USED)
    assert found.errors == {}
    labels = [binding.label for binding in found.bindings]
    assert labels == ["kettle e", "kettle f in ap-south-1", "kettle h in eu-west-1"]
    assert [binding.region for binding in found.bindings] == ["", FAR, HOME]
    assert consumers.names(USED) == [*labels, f"{FOREIGN}4"]
    assert consumers.unexplained(USED, found.bindings) == (f"{FOREIGN}4",)


def test_a_region_is_listed_once_for_all_certificates_and_scopes_of_a_run(
    world: World, consumers: AwsConsumers
) -> None:
    consumers.find(USED)
    consumers.find(USED)
    consumers.names(USED)
    assert [region.lists for region in world.regions.values()] == [1, 1, 1]
    services: Any = RunServices(world)  # type: ignore[arg-type] # a fake
    for region in (EDGE, HOME, FAR):
        scope = Scope(OWN, region)
        AwsConsumers(
            services, scope, consumers=(Kettles,), regions=REGIONS, services=services
        ).find(USED)
    assert [region.lists for region in world.regions.values()] == [2, 2, 2]


def test_a_region_that_cannot_be_read_is_unknown_and_does_not_stop_the_others(
    world: World, consumers: AwsConsumers
) -> None:
    world.regions[HOME].failure = CertificateLifecycleError("denied")
    for _ in range(2):
        found = consumers.find(USED)
        assert [binding.consumer for binding in found.bindings] == ["e", "f"]
        assert {place: str(error) for place, error in found.errors.items()} == {
            "kettle in eu-west-1": "denied"
        }
        assert consumers.names(USED)[:2] == ["kettle e", "kettle f in ap-south-1"]
    assert world.regions[HOME].lists == 1


@pytest.mark.parametrize(
    ("scope", "regions", "in_use_by"),
    [
        pytest.param(AT_EDGE, REGIONS, "arn:aws:kettle:us-east-1:1:kettle/k", id="of no AWS"),
        pytest.param(Scope(OWN, HOME), REGIONS, FOREIGN, id="another region's certificate"),
        pytest.param(Scope(OWN, EDGE, "aws-cn"), REGIONS, FOREIGN, id="another partition"),
        pytest.param(AT_EDGE, RunRegions((EDGE,), (EDGE,)), FOREIGN, id="the only region"),
    ],
)
def test_other_regions_are_searched_only_if_they_may_have_the_consumer(
    world: Any,  # noqa: ANN401 - as above
    scope: Scope,
    regions: RunRegions,
    in_use_by: str,
) -> None:
    consumers = AwsConsumers(world, scope, consumers=(Kettles,), regions=regions)
    consumers.find(used(in_use_by))
    assert [name for name, region in world.regions.items() if region.lists] == [scope.region]


def test_a_setting_is_changed_and_read_in_its_region(world: World, consumers: AwsConsumers) -> None:
    (there,) = [found for found in consumers.find(USED).bindings if found.region == HOME]
    consumers.bind(there, NEW, instead_of=OLD)
    assert world.regions[HOME].certificates == {"h": NEW}
    assert consumers.current(there) == BindingState((NEW,))
    # The list of this run is older than the change.
    assert there not in consumers.find(USED).bindings
    assert consumers.tags(there) == ()


def test_a_setting_in_a_region_that_is_not_monitored_is_left_to_a_person(
    world: World, consumers: AwsConsumers
) -> None:
    (there,) = [found for found in consumers.find(USED).bindings if found.region == FAR]
    with pytest.raises(ManualStepRequiredError) as raised:
        consumers.bind(there, NEW, instead_of=OLD)
    reason, *steps = str(raised.value).splitlines()
    assert reason.startswith("its region is not among the monitored `regions`")
    assert steps == [f"aws kettle boil --name f --certificate {NEW}"]
    assert world.regions[FAR].certificates == {"f": OLD}


def test_a_region_that_is_not_monitored_may_be_closed_to_the_role(
    world: World, consumers: AwsConsumers
) -> None:
    """Otherwise no message has the commands for a use that no region of the run explains."""
    world.regions[FAR].failure = CertificateLifecycleError("denied by the organization")
    found = consumers.find(USED)
    assert ([binding.consumer for binding in found.bindings], found.errors) == (["e", "h"], {})


def test_manual_steps_name_each_region_of_the_run(consumers: AwsConsumers) -> None:
    lines = consumers.manual_steps(USED, FOREIGN, NEW).splitlines()
    calls = [line for line in lines if line.startswith("aws kettle")]
    assert [line.split()[4] for line in calls] == [FAR, HOME, EDGE]
