"""What answers `promote` in the place of Prometheus and of kubectl."""

import http.server
import json
import os
import threading
import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest


class Prometheus:
    """Prometheus' API on a port of its own, which answers what Argo CD's controller would have told it.

    Args:
        ill: Names of companies that were Degraded.
        known: Names of companies that it knows, besides those of a fleet.
        behind: Names of companies that are OutOfSync now.
        times: In how many times of ten minutes it has seen each.
    """

    def __init__(
        self,
        ill: list[str],
        known: tuple[str, ...] = ("pilot-1", "pilot-2"),
        behind: tuple[str, ...] = (),
        times: int = 10000,
    ) -> None:
        names = [*known, *(f"company-{number:03}" for number in range(1, 9))]
        asked = self.asked = []  # type: list[str]

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                (query,) = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["query"]
                asked.append(query)
                labels, told = {}, names
                if "health_status" in query:
                    labels, told = {"health_status": "Degraded"}, ill
                elif "sync_status" in query:
                    labels, told = {"sync_status": "OutOfSync", "health_status": "Healthy"}, [*behind]
                rows: list[dict[str, Any]] = [
                    {"metric": {"name": name, **labels}, "value": [0, str(times)]} for name in told
                ]
                answer = json.dumps({"status": "success", "data": {"resultType": "vector", "result": rows}}).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Kubectl:
    """A script in kubectl's place, and a kubeconfig to hand to it.

    Args:
        folder: Holds both.
        monkeypatch: Puts the script first in PATH.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text("{}")
        programs = folder / "programs"
        programs.mkdir()
        (programs / "kubectl").write_text(f'#!/bin/sh\necho "$@" > {folder}/asked\ncat {folder}/answer\n')
        (programs / "kubectl").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def answers(self, names: Iterable[str], health: str) -> None:
        """From now on the Applications of these companies are Synced, and of this health."""
        status = {"sync": {"status": "Synced"}, "health": {"status": health}}
        apps = [{"metadata": {"name": name}, "status": status} for name in names]
        (self._folder / "answer").write_text(json.dumps({"items": apps}))

    def asked(self) -> str:
        """Return the words of the last question."""
        return (self._folder / "asked").read_text()
