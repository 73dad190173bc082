"""Progress on standard error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from certificate_lifecycle.app.ports import Certificates, ScopeClients
from certificate_lifecycle.model.certificate import Certificate

ClientsWrapper = Callable[[ScopeClients], ScopeClients]


class _CountedCertificates:
    """Counts the certificates that are listed and described; delegates all other calls."""

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


class _ScanCounter:
    """Shows the number of certificates listed and described in all accounts and regions."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task
        self._lock = threading.Lock()
        self._listed = self._described = self._started = 0

    def start_scope(self) -> None:
        with self._lock:
            self._started += 1
            self._progress.update(self._task, completed=self._started)

    def count(self, listed: int, described: int) -> None:
        with self._lock:
            self._listed += listed
            self._described += described
            text = f"{self._listed:,} listed, {self._described:,} described"
            self._progress.update(self._task, text=text)


@contextmanager
def scan_progress(console: Console, scopes: int, *, quiet: bool) -> Iterator[ClientsWrapper]:
    """Show the progress of a scan of `scopes` accounts and regions, if this is a terminal.

    Yields a function that wraps the clients of each scope.
    """
    if quiet or not console.is_terminal:
        yield lambda clients: clients
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed} of {task.total} accounts and regions started"),
        BarColumn(bar_width=10),
        TextColumn("{task.fields[text]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        counter = _ScanCounter(progress, progress.add_task("", total=scopes, text=""))

        def counted(clients: ScopeClients) -> ScopeClients:
            counter.start_scope()
            certificates = _CountedCertificates(clients.certificates, counter.count)
            return replace(clients, certificates=certificates)  # type: ignore[arg-type] # it delegates the other methods

        yield counted


@contextmanager
def busy(console: Console, text: str, *, quiet: bool) -> Iterator[None]:
    """Show a spinner with a text while the block runs, if this is a terminal."""
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(text):
        yield
