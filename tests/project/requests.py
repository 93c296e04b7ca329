"""The pull requests of a repository, behind the addresses by which both forges offer them."""

import json
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

from tests.harness import environment


@dataclass
class Requests:
    """The pull requests of a repository.

    Attributes:
        origin: The bare repository.
        address: Of the API.
        made: Every request that was ever made, in order.
    """

    origin: Path
    address: str = ""
    made: list[dict[str, Any]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """What the requests say that are open."""
        return [one["text"] for one in self.made if one["open"]]

    def make(self, head: str, base: str, title: str, text: str) -> dict[str, Any] | None:
        """Make a request; None where a forge refuses: there is one, or nothing to be merged."""
        has = any(one["open"] and one["head"] == head for one in self.made)
        range_ = f"refs/heads/{base}..refs/heads/{head}"
        command = ["git", "rev-list", "--count", range_]
        done = subprocess.run(command, cwd=self.origin, env=environment(), capture_output=True, text=True, check=False)
        if has or done.returncode or not int(done.stdout):
            return None
        self.made.append({"head": head, "base": base, "title": title, "text": text, "open": True})
        return self.shown(len(self.made))

    def shown(self, number: int) -> dict[str, Any]:
        """Return a request in the forms of both forges."""
        one = self.made[number - 1]
        return {"number": number, "iid": number, "title": one["title"], "body": one["text"]}


class Handler(BaseHTTPRequestHandler):
    """Answers for a forge."""

    requests: ClassVar[Requests]

    def answer(self, data: Any, status: int = 200) -> None:
        """Send data as JSON."""
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def sent(self) -> dict[str, str]:
        """Return what was sent: GitHub takes JSON, GitLab a form."""
        assert self.headers["Authorization"] == "Bearer t0ken" or self.headers["PRIVATE-TOKEN"] == "t0ken"
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        return json.loads(raw) if raw.startswith("{") else dict(urllib.parse.parse_qsl(raw))

    def do_GET(self) -> None:
        """List the open requests from one branch to another."""
        url = urllib.parse.urlsplit(self.path)
        asked = dict(urllib.parse.parse_qsl(url.query))
        assert asked["state"] == ("open" if url.path.endswith("/pulls") else "opened")
        head = asked.get("source_branch") or asked["head"].removeprefix("acme:")
        base = asked.get("target_branch") or asked["base"]
        found = [
            self.requests.shown(number)
            for number, one in enumerate(self.requests.made, 1)
            if (one["open"], one["head"], one["base"]) == (True, head, base)
        ]
        self.answer(found)

    def do_POST(self) -> None:
        """Make a request."""
        sent = self.sent()
        head, base = (
            sent.get(key) or sent[f"{other}_branch"] for key, other in (("head", "source"), ("base", "target"))
        )
        made = self.requests.make(head, base, sent["title"], sent.get("body") or sent["description"])
        self.answer(made or {"message": "refused"}, 201 if made else 422)

    def do_PUT(self) -> None:
        """Write the text of a request again, or close it."""
        sent, number = self.sent(), int(self.path.rpartition("/")[2])
        one = self.requests.made[number - 1]
        one["text"] = sent.get("body") or sent.get("description") or one["text"]
        if sent.get("state") == "closed" or sent.get("state_event") == "close":
            one["open"] = False
        self.answer(self.requests.shown(number))

    do_PATCH = do_PUT  # noqa: N815 -- as above

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextmanager
def served(origin: Path) -> Iterator[Requests]:
    """Serve the pull requests of a bare repository, of which there are none yet."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Handler.requests = Requests(origin, f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, daemon=True).start()
        yield Handler.requests
        server.shutdown()
