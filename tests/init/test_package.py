"""What `init --package` takes, what it refuses, and what an installation says of itself."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import __version__
from generator.findings.finding import TenantryError
from generator.init.package import Package, origin, package
from tests.harness import Repository
from tests.init.test_init import PACKAGE, UNPROVED, everything, new

__all__ = ["new"]  # a fixture

COMMIT = "0123456789" * 4
WHEEL = f"tenantry-{__version__}-py3-none-any.whl"
HASH = "ab" * 32
EXAMPLES = (
    f"for example --package dist/{WHEEL}, --package https://HOST/{WHEEL}#sha256=HASH "
    "or --package git+https://HOST/tenantry.git@COMMIT"
)


def a_wheel(folder: Path, name: str = WHEEL, version: str = __version__) -> Path:
    """Write the least that is a wheel."""
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"tenantry-{version}.dist-info/METADATA", "Name: tenantry\n")
    return path


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"git+https://git.acme.example/tenantry.git@{COMMIT}", None),
        (f"git+ssh://git@git.acme.example:22/tenantry.git@{COMMIT}", None),
        (f"git+file:///srv/git/tenantry.git@{COMMIT}", None),
        (
            f"https://get.acme.example/a/{WHEEL}#sha256={HASH}",
            f"https://get.acme.example/a/{WHEEL} --hash=sha256:{HASH}",
        ),
    ],
)
def test_what_a_hash_or_a_commit_proves_is_taken(text: str, line: str | None) -> None:
    """Any transport will do."""
    assert package(text) == Package(line=line or text)


def test_a_wheel_by_its_path_is_committed_with_its_hash(tmp_path: Path) -> None:
    """So that no pipeline needs another server for it."""
    content = a_wheel(tmp_path).read_bytes()

    taken = package(WHEEL, tmp_path)

    digest = hashlib.sha256(content).hexdigest()
    assert taken == Package(line=f"./{WHEEL} --hash=sha256:{digest}", wheel=(WHEEL, content))


@pytest.mark.parametrize(
    ("text", "fact", "hint"),
    [
        ("tenantry", "'tenantry' is neither a wheel nor a git commit", EXAMPLES),
        ("tenantry==0.1.0", "'tenantry==0.1.0' is neither a wheel nor a git commit", EXAMPLES),
        ("", "'' is neither a wheel nor a git commit", EXAMPLES),
        (
            "git+https://git.acme.example/tenantry.git@v0.1.0",
            "'git+https://git.acme.example/tenantry.git@v0.1.0' is not git+ADDRESS@COMMIT",
            "name the whole commit, 40 digits, and no branch and no tag, which can be moved: git rev-parse HEAD",
        ),
        (
            f"git+https://me:s3cret@git.acme.example/tenantry.git@{COMMIT}",
            "the address on git.acme.example holds credentials",
            "leave user and password out: whoever may read the repository could read them",
        ),
        (
            f"https://t0ken@get.acme.example/{WHEEL}#sha256={HASH}",
            "the address on get.acme.example holds credentials",
            "leave user and password out: whoever may read the repository could read them",
        ),
        (
            f"https://get.acme.example/{WHEEL}",
            f"'https://get.acme.example/{WHEEL}' is not the address of a wheel with its hash",
            f"append the hash of the file, as sha256sum prints it: {WHEEL}#sha256=HASH",
        ),
        (
            f"https://get.acme.example/tenantry-9.9.9-py3-none-any.whl#sha256={HASH}",
            f"tenantry-9.9.9-py3-none-any.whl is not tenantry {__version__}, which lays this repository down",
            "install the package that the pipelines are to have, and run its own init",
        ),
        (
            f"https://get.acme.example/tenantri-{__version__}-py3-none-any.whl#sha256={HASH}",
            f"tenantri-{__version__}-py3-none-any.whl is not tenantry {__version__}, which lays this repository down",
            "install the package that the pipelines are to have, and run its own init",
        ),
        ("tenantry.whl", "'tenantry.whl' is not the name of a wheel", EXAMPLES),
    ],
)
def test_what_nothing_proves_is_refused(text: str, fact: str, hint: str) -> None:
    """A name, a branch, an address without hash; and what would put a secret into the repository."""
    with pytest.raises(TenantryError) as refused:
        package(text)

    assert (refused.value.fact, refused.value.hint) == (fact, hint)


@pytest.mark.parametrize("line", ["\n--index-url https://evil.example", " --hash=sha256:x", "\0", "\n", ";x", "#egg=y"])
@pytest.mark.parametrize("text", [PACKAGE, f"https://get.acme.example/{WHEEL}#sha256={HASH}", WHEEL])
def test_nothing_rides_along(tmp_path: Path, text: str, line: str) -> None:
    """What is written is one line of one meaning."""
    a_wheel(tmp_path)
    with pytest.raises(TenantryError):
        package(f"{text}{line}", tmp_path)


@given(st.text(max_size=60))
def test_whatever_is_named_is_refused_or_one_line(text: str) -> None:
    """Also behind what is right."""
    for named in (text, f"git+https://{text}@{COMMIT}", f"https://{text}/{WHEEL}#sha256={HASH}"):
        try:
            line = package(named, Path("/nowhere")).line
        except TenantryError:
            continue
        assert line.isascii()
        assert line.isprintable()
        assert line.count(" ") == line.count(" --hash=sha256:")


@pytest.mark.parametrize("content", [None, b"", b"not a zip", "folder", "other version", "too large"])
def test_a_file_that_is_no_wheel_of_this_version_is_refused(tmp_path: Path, content: bytes | str | None) -> None:
    """Before it is committed, and not by the first pipeline."""
    path = tmp_path / WHEEL
    match content:
        case bytes():
            path.write_bytes(content)
        case "folder":
            path.mkdir()
        case "other version":
            a_wheel(tmp_path, version="9.9.9")
        case "too large":
            path.touch()
            enlarge(path, (16 << 20) + 1)
        case _:
            assert content is None

    with pytest.raises(TenantryError, match=f"{WHEEL} is not a wheel of "):
        package(WHEEL, tmp_path)


def enlarge(path: Path, size: int) -> None:
    """Make a file large without writing it."""
    with path.open("r+b") as stream:
        stream.truncate(size)


# --- where an installation came from


def recorded(**keys: Any) -> str:
    """Return a direct_url.json."""
    return json.dumps(keys)


GIT = {"vcs": "git", "requested_revision": "v0.1.0", "commit_id": COMMIT}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (recorded(url="https://g.example/t.git", vcs_info=GIT), f"git+https://g.example/t.git@{COMMIT}"),
        (recorded(url="ssh://git@g.example/t.git", vcs_info=GIT), f"git+ssh://git@g.example/t.git@{COMMIT}"),
        (
            recorded(url=f"https://g.example/{WHEEL}", archive_info={"hashes": {"sha256": HASH}}),
            f"https://g.example/{WHEEL}#sha256={HASH}",
        ),
        (
            recorded(url=f"https://g.example/{WHEEL}", archive_info={"hash": f"sha256={HASH}"}),
            f"https://g.example/{WHEEL}#sha256={HASH}",
        ),
    ],
)
def test_an_installation_with_a_proof_names_itself(text: str, named: str) -> None:
    """As PEP 610 records it; and what it names is taken."""
    assert origin(text) == named
    assert package(named).wheel is None


def test_an_installation_from_a_wheel_that_is_still_there_names_its_path(tmp_path: Path) -> None:
    """With the bytes that were installed, and with no others."""
    path = a_wheel(tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    text = recorded(url=path.as_uri(), archive_info={"hashes": {"sha256": digest}})

    assert origin(text) == str(path)
    path.write_bytes(b"another")
    assert origin(text) is None
    path.unlink()
    assert origin(text) is None


@pytest.mark.parametrize(
    "text",
    [
        recorded(url="file:///home/me/tenantry", dir_info={"editable": True}),
        recorded(url="file:///home/me/tenantry", dir_info={}),
        recorded(url="file:///home/me/tenantry", vcs_info=GIT),
        recorded(url="https://g.example/t.git", vcs_info=GIT | {"vcs": "hg"}),
        recorded(url="https://g.example/t.git", vcs_info=GIT, subdirectory="part"),
        recorded(url="https://g.example/t.git", vcs_info={"vcs": "git"}),
        recorded(url=f"https://g.example/{WHEEL}", archive_info={}),
        recorded(url=f"https://g.example/{WHEEL}", archive_info={"hash": "md5=00"}),
        recorded(url="https://g.example/tenantry-0.1.0.tar.gz", archive_info={"hashes": {"sha256": HASH}}),
        recorded(),
        "[]",
        "{",
        "null",
    ],
)
def test_an_installation_without_proof_names_nothing(text: str) -> None:
    """A folder, an address on this machine, an archive without hash, a record that is none."""
    assert origin(text) is None


# --- init


def test_without_a_proof_init_asks_for_the_package(new: Repository) -> None:
    """This very installation is an editable one."""
    done = new.run("init", ".", *UNPROVED)

    assert (done.exit, done.stdout) == (2, "")
    asked = "Missing option '--package'. Nothing proves where this tenantry was installed from, so name what the "
    assert f"Error: {asked}pipelines install: {EXAMPLES.removeprefix('for example ')}\n" in done.stderr
    assert list(new.root.iterdir()) == []


@pytest.mark.slow
def test_init_takes_what_is_installed_when_that_is_proved(new: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to say it again."""
    monkeypatch.setattr("generator.init.package.installed", lambda: PACKAGE)

    done = new.run("init", ".", *UNPROVED)

    assert done.exit == 0, done.said
    assert new.read(".tenantry/package.txt").splitlines()[-1] == PACKAGE


def test_init_refuses_a_name_in_an_index(new: Repository) -> None:
    """It is a wrong use of the option."""
    done = new.run("init", ".", *UNPROVED, "--package", "tenantry==0.1.0")

    assert (done.exit, done.stdout) == (2, "")
    said = "Error: Invalid value for '--package': 'tenantry==0.1.0' is neither a wheel nor a git commit"
    assert f"{said}\n  hint: {EXAMPLES}\n" in done.stderr
    assert list(new.root.iterdir()) == []


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_pin_stands_in_one_place(new: Repository, forge: str) -> None:
    """Whatever else names tenantry reads it there; and nothing is installed by name."""
    new.write("w/x", "")
    digest = hashlib.sha256(a_wheel(new.root / "w").read_bytes()).hexdigest()

    done = new.run("init", "made", *UNPROVED, "--package", f"w/{WHEEL}", "--forge", forge)

    assert done.exit == 0, done.said
    made = new.root / "made"
    texts = {path: (made / path).read_text() for path in everything(made) if not path.endswith(".whl")}
    assert [path for path, text in texts.items() if digest in text] == [".tenantry/package.txt"]
    assert [path for path, text in texts.items() if "tenantry==" in text] == []
    assert (made / ".tenantry" / WHEEL).read_bytes() == (new.root / "w" / WHEEL).read_bytes()
