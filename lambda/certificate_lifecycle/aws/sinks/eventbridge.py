"""The module's own events on an event bus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from certificate_lifecycle.aws.permissions import Setting, at_home, for_rotation_function
from certificate_lifecycle.aws.responses import validated_response
from certificate_lifecycle.aws.sinks.base import RequireTime, Sink
from certificate_lifecycle.model.errors import EventsRejectedError
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.render.eventbridge import SOURCE, Announcement, announcements, batches

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.model.scope import Scope
    from certificate_lifecycle.policy.settings import RotationSettings

PERMISSIONS = for_rotation_function(
    "events",
    at_home("events", "event-bus/{event_bus}"),
    Setting.EVENT_BUS,
    context={"events:source": SOURCE},
    PutEvents="send the events of a run",
)


class EventBus(Sink):
    """One event bus of the function's own account and region.

    EventBridge silently drops events for a bus that does not exist.
    """

    permissions = PERMISSIONS

    def __init__(self, client: Callable[[], Any], name: str) -> None:
        self._client = client
        self._bus = name

    @classmethod
    def from_settings(
        cls, settings: RotationSettings, home: Scope, clients: Clients
    ) -> EventBus | None:
        """Return the configured bus, if any."""
        if settings.event_bus_name is None:
            return None
        return cls(lambda: clients.any("events", home.region), settings.event_bus_name)

    @property
    def name(self) -> str:
        """The name in error messages."""
        return f"the event bus {self._bus}"

    def publish(self, run: Run, require_time: RequireTime) -> None:
        """Send the events of a run; raises EventsRejectedError if some were refused twice."""
        events = announcements(run)
        refusals: Counter[str] = Counter()
        for batch in batches(events):
            require_time()
            refused = self._put(batch)
            if refused:
                require_time()
                refused = self._put([event for event, _ in refused])
            refusals.update(code for _, code in refused)
        if refusals:
            codes = ", ".join(f"{code} ({count})" for code, count in refusals.most_common())
            raise EventsRejectedError(
                f"{refusals.total()} of {len(events)} events were refused: {codes}"
            )

    @validated_response("PutEvents")
    def _put(self, batch: Sequence[Announcement]) -> list[tuple[Announcement, str]]:
        """Send a batch; return the refused events with the error codes."""
        answer = self._client().put_events(Entries=[self._entry(event) for event in batch])
        return [
            (event, str(result["ErrorCode"]))
            for event, result in zip(batch, answer["Entries"], strict=True)
            if result.get("ErrorCode")
        ]

    def _entry(self, event: Announcement) -> dict[str, Any]:
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": event.type.value,
            "Time": event.time,
            "Resources": list(event.resources),
            "Detail": event.detail,
        }
