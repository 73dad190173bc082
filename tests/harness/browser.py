"""A real Chromium that tests steer by the Chrome DevTools Protocol over two pipes.

https://chromedevtools.github.io/devtools-protocol/ describes the methods; with
`--remote-debugging-pipe`, messages are JSON, each ended by a zero byte, on descriptors 3 and 4.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_SECONDS = 120.0
#: Starts a program with two open files as descriptors 3 and 4.
_START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


class Browser:
    """One tab of a running browser.

    `complaints` are the errors of the page shown last: exceptions, and refusals of its policy.
    """

    def __init__(self, folder: Path, requests: int, answers: int) -> None:
        self.complaints: list[str] = []
        self._folder, self._requests, self._answers = folder, requests, answers
        self._number, self._buffer, self._session = 0, b"", ""
        self._loaded = False
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def show(
        self, page: str, address: str = "", *, width: int = 1400, media: str = "", scheme: str = ""
    ) -> None:
        """Load a page; `media` is "" or "print", `scheme` is "light" or "dark"."""
        file = self._folder / "report.html"
        file.write_text(page, encoding="utf-8")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme or "light"}]
        self._call("Emulation.setEmulatedMedia", media=media, features=features)
        # Between two addresses of one document, a browser does not load it again.
        self._navigate("about:blank")
        self.complaints.clear()
        self._navigate(f"{file.as_uri()}{address}")

    def evaluate(self, script: str) -> Any:  # noqa: ANN401 - JSON
        """Return the value of an expression of JavaScript; a promise is awaited."""
        found = self._call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def pdf(self) -> bytes:
        """Return the page as a printer would get it."""
        printed = self._call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        return b64decode(printed["data"])

    def screenshot(self, *, whole: bool = False) -> bytes:
        """Return the first screen, or the whole page, as PNG."""
        return b64decode(self._call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def close(self) -> None:
        """End the browser with all of its processes."""
        self._session = ""
        self._call("Browser.close")

    def _navigate(self, address: str) -> None:
        self._loaded = False
        self._call("Page.navigate", url=address)
        while not self._loaded:
            self._receive()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        session = {"sessionId": self._session} if self._session else {}
        data = json.dumps({**message, **session}).encode() + b"\0"
        while data:
            data = data[os.write(self._requests, data) :]
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        """Return the next message, an answer or an event."""
        ends = time.monotonic() + _SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], ends - time.monotonic())
            part = os.read(self._answers, 1 << 20) if ready else b""
            assert part, "the browser does not answer"
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, event: str | None, values: Mapping[str, Any]) -> None:
        match event:
            case "Page.loadEventFired":
                self._loaded = True
            case "Log.entryAdded":
                self.complaints.append(values["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(values["exceptionDetails"]["text"])


def _pipe() -> tuple[int, int]:
    """Return a pipe whose descriptors are neither 3 nor 4."""
    ends = os.pipe()
    reader, writer = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return reader, writer


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser with a profile of its own in `folder`, and end it."""
    assert CHROMIUM is not None
    requests, to_browser = _pipe()
    from_browser, answers = _pipe()
    arguments = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", _START, str(requests), str(answers), CHROMIUM, *arguments],
        pass_fds=(requests, answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(requests)
    os.close(answers)
    try:
        running = Browser(folder, to_browser, from_browser)
        yield running
        running.close()
        process.wait(_SECONDS)
    finally:
        process.terminate()
        process.wait()
        os.close(to_browser)
        os.close(from_browser)
