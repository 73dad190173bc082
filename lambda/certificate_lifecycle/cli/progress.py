"""Progress on standard error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

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


@dataclass(slots=True)
class ScanCount:
    """How far a scan of `scopes` accounts and regions is.

    `prepared` of them know how many certificates are `to_describe`.
    """

    scopes: int
    prepared: int = 0
    listed: int = 0
    described: int = 0
    to_describe: int = 0

    @property
    def total(self) -> int | None:
        """The certificates to describe; None while that is unknown, and once all are described."""
        known = self.prepared == self.scopes and self.described < self.to_describe
        return self.to_describe if known else None

    @property
    def text(self) -> str:
        """The counts in words."""
        of = max(self.described, self.to_describe)
        counts = f"{self.listed:,} listed"
        if of:
            counts += f", {self.described:,} of {of:,} described"
        if self.scopes == 1:
            return counts
        return f"{self.prepared} of {self.scopes} accounts and regions: {counts}"


class _ScanCounter:
    """Shows the counts of a scan; the bar has no end while the end is unknown."""

    def __init__(self, progress: Progress, scopes: int) -> None:
        self._progress, self._count = progress, ScanCount(scopes)
        self._lock = threading.Lock()
        self._task = progress.add_task("", total=None, text="")

    def on_describe(self, certificates: int) -> None:
        with self._lock:
            self._count.prepared += 1
            self._count.to_describe += certificates
            self._show()

    def count(self, listed: int, described: int) -> None:
        with self._lock:
            self._count.listed += listed
            self._count.described += described
            self._show()

    def _show(self) -> None:
        # `update` cannot take a total away.
        self._progress.tasks[0].total = self._count.total
        self._progress.update(self._task, completed=self._count.described, text=self._count.text)


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
        BarColumn(bar_width=10),
        TextColumn("{task.fields[text]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        counter = _ScanCounter(progress, scopes)

        def counted(clients: ScopeClients) -> ScopeClients:
            certificates = _CountedCertificates(clients.certificates, counter.count)
            return replace(clients, certificates=certificates, on_describe=counter.on_describe)  # type: ignore[arg-type] # it delegates the other methods

        yield counted


@contextmanager
def busy(console: Console, text: str, *, quiet: bool) -> Iterator[None]:
    """Show a spinner with a text while the block runs, if this is a terminal."""
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(text):
        yield
