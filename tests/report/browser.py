"""A real Chromium without a window, asked as the W3C's WebDriver says: https://www.w3.org/TR/webdriver2/."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.harness import ROOT
from tests.slow.builds import built

_ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""The key of an element in what a driver answers: https://www.w3.org/TR/webdriver2/#elements."""

_ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",  # as root, in a container, there is none
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no page reaches any network
)

DESKTOP: Final = (1280, 900)
PHONE: Final = (390, 844)


class Browser:
    """A session.

    Args:
        client: The driver, at the session's address.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, command: str, **arguments: Any) -> Any:
        """Send a command of WebDriver and return what it answers."""
        answer = self._client.post(command, json=arguments).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer

    def devtools(self, command: str, **arguments: Any) -> Any:
        """Send a command that WebDriver has none for: https://chromedevtools.github.io/devtools-protocol/."""
        return self.ask("goog/cdp/execute", cmd=command, params=arguments)

    def open(self, path: Path, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> None:
        """Open a file as a screen of that size shows it."""
        width, height = size
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=size == PHONE
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("url", url=path.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and return what it returns."""
        return self.ask("execute/sync", script=script, args=list(arguments))

    def run_until_called(self, script: str, *arguments: Any) -> Any:
        """Run a script whose last argument is the function that it calls with its answer."""
        return self.ask("execute/async", script=script, args=list(arguments))

    def text(self, selector: str) -> str:
        """Return the text of the first element that a selector of CSS finds, as a person sees it."""
        return str(self._client.get(f"element/{self._find(selector)}/text").json()["value"])

    def click(self, selector: str) -> None:
        """Click an element."""
        self.ask(f"element/{self._find(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        """Put a text in the place of what a field holds, key by key."""
        self.ask(f"element/{self._find(selector)}/clear")
        self.ask(f"element/{self._find(selector)}/value", text=text)

    def press(self, keys: str) -> None:
        """Press keys, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def _find(self, selector: str) -> str:
        return str(self.ask("element", using="css selector", value=selector)[_ELEMENT])

    def said(self) -> list[str]:
        """Return what the browser's console holds since it was last asked."""
        return [entry["message"] for entry in self.ask("se/log", type="browser")]

    def printed(self) -> bytes:
        """Return the page as PDF."""
        return base64.b64decode(self.ask("print"))

    def picture(self, form: str, height: int) -> bytes:
        """Return the page from its top as a picture, `png` or `webp`, not higher than that."""
        whole = self.run("return [document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": whole[0], "height": min(whole[1], height), "scale": 1}
        quality = {"quality": 70} if form == "webp" else {}
        shot = self.devtools(
            "Page.captureScreenshot",
            format=form,
            clip=clip,
            captureBeyondViewport=True,
            optimizeForSpeed=False,
            **quality,
        )
        return base64.b64decode(shot["data"])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium with its driver; a machine without them skips what needs them."""
    driver = shutil.which("chromedriver")
    if driver is None or shutil.which("chromium") is None:
        pytest.skip("no chromium and chromedriver here: Debian's packages chromium and chromium-driver bring them")
    with subprocess.Popen(
        [driver, "--port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ) as process:
        try:
            assert process.stdout is not None
            ports = (re.search(r"started successfully on port (\d+)", line) for line in process.stdout)
            port = next(match[1] for match in ports if match)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
                yield from _session(client)
        finally:
            process.terminate()


def _session(client: httpx.Client) -> Iterator[Browser]:
    options = {"args": list(_ARGUMENTS), "binary": shutil.which("chromium")}
    wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    answer = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
    assert "sessionId" in answer, answer
    session = f"/session/{answer['sessionId']}/"
    client.base_url = client.base_url.join(session)
    try:
        yield Browser(client)
    finally:
        client.delete("")


def axe() -> str:
    """Return axe-core's script, as npm brings the version of tools/page; a machine without npm skips what needs it."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here, which brings axe-core")
    source = ROOT / "tools" / "page"
    digest = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    install = 'cp package.json package-lock.json "$1" && npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund'
    folder = built(f"axe-{digest[:12]}", ("sh", "-c", install, "sh", "{}"), cwd=source)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
