"""A git hook that tells webhook receivers of a push, as GitHub does. Usage: post_receive.py REPOSITORY_URL URL...

What became of each delivery goes to standard error: git lets a push pass whatever its hook says, and a receiver that
was not told looks at git much later.
"""

import json
import subprocess
import sys
import time
import urllib.request

_NOTHING = "0" * 40
_SECONDS = 10  # as GitHub does


def main() -> None:
    """Send one event for each line `OLD NEW REF` on standard input."""
    repository, *receivers = sys.argv[1:]
    for line in sys.stdin:
        old, new, ref = line.split()
        event = {
            "ref": ref,
            "before": old,
            "after": new,
            "repository": {"html_url": repository, "default_branch": "main"},
            "commits": [_changes(old, new)],
        }
        for receiver in receivers:
            headers = {"Content-Type": "application/json", "X-GitHub-Event": "push"}
            request = urllib.request.Request(receiver, json.dumps(event).encode(), headers)  # noqa: S310  # http by construction
            print(time.strftime("%H:%M:%S"), ref, receiver, _deliver(request), file=sys.stderr)  # noqa: T201  # it is the log


def _deliver(request: urllib.request.Request) -> str:
    """Return what became of it in words: one that fails takes no other with it."""
    start = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  # http by construction
            status = str(answer.status)
    except OSError as error:
        status = f"lost, {error}"
    return f"{status} after {time.monotonic() - start:.1f} s"


def _changes(old: str, new: str) -> dict[str, list[str]]:
    """Return the paths that were added, modified and removed between two commits."""
    since = _git("hash-object", "-t", "tree", "/dev/null").strip() if old == _NOTHING else old
    names = {"A": "added", "M": "modified", "D": "removed"}
    changes: dict[str, list[str]] = {name: [] for name in names.values()}
    fields = _git("diff", "--name-status", "--no-renames", "-z", since, new).split("\0")
    for letter, path in zip(fields[0:-1:2], fields[1::2], strict=True):
        changes[names.get(letter, "modified")].append(path)
    return changes


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
