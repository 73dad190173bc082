"""EventBridge: the entries that PutEvents rejects, and those that it drops without an error.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
moto 5.2.5 delivers to queues what its rules match, and checks neither sizes nor sources. It takes a
schedule for a rule that matches everything, ignores a rule's state, and fails for functions.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.events.models import Rule, events_backends

from tests.embedded_aws.protocol import AwsError, Request

if TYPE_CHECKING:
    from moto.events.utils import EventMessageType

MAX_BYTES = 256 * 1024
#: Bytes that `Time` counts for.
TIME_BYTES = 14
REQUIRED = ("Source", "DetailType", "Detail")

#: Services of targets that moto can deliver to.
REACHED = ("sqs", "events", "logs")

Entry = Mapping[str, Any]

_deliver = Rule.send_to_targets


def _send_to_targets(
    self: Rule,
    original_event: EventMessageType,
    transform_input: bool = True,  # noqa: FBT001, FBT002 - moto's own signature
) -> None:
    """Deliver what a rule's pattern matches to those of its targets that can be reached."""
    if self.state != "ENABLED" or not self.event_pattern.get_pattern():
        return
    rule = copy.copy(self)
    rule.targets = [target for target in self.targets if target["Arn"].split(":")[2] in REACHED]
    _deliver(rule, original_event, transform_input)


def install() -> None:
    """Let schedules match no event, and leave out the targets that moto breaks on."""
    Rule.send_to_targets = _send_to_targets  # type: ignore[method-assign] # moto has no other way in


class EventBuses:
    """PutEvents; `refuse` orders the refusal of single entries, by the code that it answers."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.refuse: Callable[[Entry], str | None] = _nothing

    def handlers(self) -> Mapping[tuple[str, str], Callable[[Request], dict[str, Any]]]:
        return {("events", "PutEvents"): self.put_events}

    def put_events(self, request: Request) -> dict[str, Any]:
        entries = request.parameters["Entries"]
        if sum(size(entry) for entry in entries) >= MAX_BYTES:
            raise AwsError(
                "ValidationException",
                "Total size of the entries in the request is over the limit.",
            )
        results = [self._put(request, entry) for entry in entries]
        refused = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": refused, "Entries": results}

    def _put(self, request: Request, entry: Entry) -> dict[str, Any]:
        code = self.refuse(entry) or _fault(entry)
        if code:
            return {"ErrorCode": code, "ErrorMessage": "This entry was not taken."}
        backend = events_backends[request.account][request.region]
        bus = str(entry.get("EventBusName", "default")).rpartition("/")[2]
        if bus not in backend.event_buses:
            # AWS answers as if it had taken the event.
            return {"EventId": str(uuid.uuid4())}
        time = {"Time": entry["Time"].timestamp()} if "Time" in entry else {}
        (result,) = backend.put_events([{**entry, **time}])
        return dict(result)


def size(entry: Entry) -> int:
    """Count an entry as AWS does.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-calculate-event-size
    """
    texts = [*(entry.get(name, "") for name in REQUIRED), *entry.get("Resources", ())]
    return sum(len(text.encode()) for text in texts) + (TIME_BYTES if "Time" in entry else 0)


def _fault(entry: Entry) -> str | None:
    if any(not entry.get(name) for name in REQUIRED):
        return "InvalidArgument"
    return "NotAuthorizedForSourceException" if entry["Source"].startswith("aws.") else None


def _nothing(_: Entry) -> None:
    return None
