"""What is being done, on standard error, while it takes its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from certificate_lifecycle.app.ports import Certificates, ScopeClients
from certificate_lifecycle.model.certificate import Certificate

Watched = Callable[[ScopeClients], ScopeClients]


class _Counting:
    """ACM's certificates, counted as they pass by; all else goes through as it is."""

    def __init__(self, certificates: Certificates, count: Callable[[int, int], None]) -> None:
        self._certificates = certificates
        self._count = count

    def __getattr__(self, name: str) -> object:
        return getattr(self._certificates, name)

    def list_all(self) -> Iterator[Certificate]:
        for certificate in self._certificates.list_all():
            self._count(1, 0)
            yield certificate

    def describe(self, arn: str) -> Certificate:
        described = self._certificates.describe(arn)
        self._count(0, 1)
        return described


class _Counter:
    """How many certificates were listed and described, in all accounts and regions together."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task
        self._lock = threading.Lock()
        self._listed = self._described = self._begun = 0

    def begin(self) -> None:
        with self._lock:
            self._begun += 1
            self._progress.update(self._task, completed=self._begun)

    def count(self, listed: int, described: int) -> None:
        with self._lock:
            self._listed += listed
            self._described += described
            text = f"{self._listed:,} listed, {self._described:,} looked at"
            self._progress.update(self._task, what=text)


@contextmanager
def looking(console: Console, scopes: int, *, quiet: bool) -> Iterator[Watched]:
    """Show how far the look at `scopes` accounts and regions is, while the block runs.

    Nothing is shown where standard error is no terminal.
    """
    if quiet or not console.is_terminal:
        yield lambda clients: clients
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed} of {task.total} accounts and regions begun"),
        BarColumn(bar_width=10),
        TextColumn("{task.fields[what]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        counter = _Counter(progress, progress.add_task("", total=scopes, what=""))

        def watched(clients: ScopeClients) -> ScopeClients:
            counter.begin()
            counting = _Counting(clients.certificates, counter.count)
            return replace(clients, certificates=counting)  # type: ignore[arg-type] # it passes on whatever it lacks

        yield watched


@contextmanager
def busy(console: Console, what: str, *, quiet: bool) -> Iterator[None]:
    """Show that something is being done, while the block runs."""
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield
