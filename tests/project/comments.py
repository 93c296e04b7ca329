"""The comments of a pull request, behind the addresses by which both forges offer them."""

import json
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar, Final

MARK: Final = "<!-- tenantry diff -->"
"""What our own comment begins with."""


@dataclass
class Forge:
    """The comments of one pull request, behind the addresses by which both forges offer them."""

    address: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)

    def comment(self, author: str, body: str) -> dict[str, Any]:
        """Add a comment, in the forms of both forges."""
        number = len(self.comments) + 1
        one = {
            "id": number,
            "url": f"{self.address}/comments/{number}",
            "user": {"login": author},
            "author": {"id": author},
            "body": body,
        }
        self.comments.append(one)
        return one

    def bodies(self, author: str) -> list[str]:
        """Return what an author's comments say."""
        return [comment["body"] for comment in self.comments if comment["user"]["login"] == author]


class Handler(BaseHTTPRequestHandler):
    """Answers for a forge."""

    forge: ClassVar[Forge]
    me: ClassVar[str]

    def answer(self, data: Any) -> None:
        """Send data as JSON."""
        content = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def sent(self) -> str:
        """Return the comment that was sent: GitHub takes JSON, GitLab a form."""
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        return str(json.loads(raw)["body"] if raw.startswith("{") else urllib.parse.parse_qs(raw)["body"][0])

    def do_GET(self) -> None:
        """Say who asks, or list the comments."""
        self.answer({"id": self.me} if self.path.endswith("/user") else self.forge.comments)

    def do_POST(self) -> None:
        """Add a comment."""
        self.answer(self.forge.comment(self.me, self.sent()))

    def do_PUT(self) -> None:
        """Replace the body of a comment."""
        one = self.forge.comments[int(self.path.rpartition("/")[2]) - 1]
        one["body"] = self.sent()
        self.answer(one)

    do_PATCH = do_PUT  # noqa: N815 -- as above

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[Forge]:
    """Serve the comments of a pull request on which others have commented before us, one of them with our mark."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Handler.forge = Forge(f"http://127.0.0.1:{server.server_port}")
        Handler.me = "github-actions[bot]"
        for author, body in (("someone", f"{MARK}\nfooled you"), (Handler.me, "another workflow's words")):
            Handler.forge.comment(author, body)
        Thread(target=server.serve_forever, daemon=True).start()
        yield Handler.forge
        server.shutdown()
