"""The door to the files of a repository: what is not an ordinary, small file is named, and never opened or read."""

import os
import socket
from pathlib import Path

import pytest

from generator.reading import files
from generator.reading.files import BadFile, Bounds, Entry, Kind

BOUND = 100


def refusal(root: Path, path: str) -> str:
    """Return what the door says to a path that it refuses, with its way out."""
    with pytest.raises(BadFile) as caught:
        files.read(root, path, BOUND)
    return f"{caught.value.fact} ({caught.value.hint})" if caught.value.hint else caught.value.fact


@pytest.mark.parametrize("size", [0, 1, BOUND])
def test_an_ordinary_file_is_read_whole(tmp_path: Path, size: int) -> None:
    """Up to the last byte of the bound."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "a.yaml").write_bytes(b"x" * size)

    assert files.read(tmp_path, "base/a.yaml", BOUND) == b"x" * size


def test_a_file_above_the_bound_is_refused_unread(tmp_path: Path) -> None:
    """By the size that the disk tells: this one takes no space, and would take 60 MB of memory."""
    with (tmp_path / "a.yaml").open("wb") as stream:
        stream.truncate(60_000_000)

    said = "a.yaml: the file has more than 100 bytes (split it, or remove what does not belong there)"
    assert refusal(tmp_path, "a.yaml") == said


def test_a_file_that_says_to_be_empty_and_is_not_is_bounded() -> None:
    """The files of /proc have no size, and a file can grow while it is read."""
    path = f"proc/{os.getpid()}/maps"
    if not Path("/", path).is_file():
        pytest.skip("this system has no /proc")

    said = f"{path}: the file has more than 100 bytes (split it, or remove what does not belong there)"
    assert refusal(Path("/"), path) == said


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/hostname", "b.yaml", "nowhere", "a.yaml"])
def test_a_link_is_not_followed(tmp_path: Path, target: str) -> None:
    """Wherever it leads: to a device, out of the repository, to a file in it, to nothing, to itself."""
    (tmp_path / "b.yaml").write_bytes(b"x")
    (tmp_path / "a.yaml").symlink_to(target)

    assert refusal(tmp_path, "a.yaml") == "a.yaml: this is a symbolic link (put the file itself here)"
    assert files.kind_of(tmp_path, "a.yaml") is Kind.LINK


def test_a_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    """The file behind it is an ordinary one, and outside."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.yaml").write_bytes(b"x")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "base").symlink_to(tmp_path / "outside")

    assert refusal(tmp_path / "inside", "base/a.yaml") == "base: this is a symbolic link (put the folder itself here)"


def test_the_root_may_be_reached_through_a_link(tmp_path: Path) -> None:
    """Where the repository lies is the choice of whoever runs tenantry, as /tmp of macOS is."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.yaml").write_bytes(b"x")
    (tmp_path / "root").symlink_to("real")

    assert files.read(tmp_path / "root", "a.yaml") == b"x"


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody writes to it."""
    os.mkfifo(tmp_path / "a.yaml")

    assert refusal(tmp_path, "a.yaml") == "a.yaml: this is not an ordinary file (remove it)"


def test_a_socket_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of it the system says "no such device", which would help nobody."""
    monkeypatch.chdir(tmp_path)  # the path of a socket may be short only
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a.yaml")

        assert refusal(tmp_path, "a.yaml") == "a.yaml: this is not an ordinary file (remove it)"


def test_a_folder_or_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    """With the path at which something must change."""
    (tmp_path / "a.yaml" / "b.yaml").mkdir(parents=True)
    (tmp_path / "base").write_bytes(b"")

    assert refusal(tmp_path, "a.yaml") == "a.yaml: this is a folder, and a file must be here (move it away)"
    assert refusal(tmp_path, "base/c.yaml") == "base: this is a file, and a folder must be here (move it away)"


def test_a_missing_file_can_be_told_from_a_bad_one(tmp_path: Path) -> None:
    """Whoever reads may take that for an answer."""
    for path in ("a.yaml", "base/a.yaml"):
        with pytest.raises(BadFile) as caught:
            files.read(tmp_path, path)

        assert caught.value.missing
        assert files.kind_of(tmp_path, path) is None


@pytest.mark.parametrize(
    "path", ["../a.yaml", "base/../a.yaml", "/etc/hostname", "base//a.yaml", "./a.yaml", "a\0", ""]
)
def test_a_path_that_is_not_plain_is_refused(tmp_path: Path, path: str) -> None:
    """What is inside the repository can be told from such a path only by following it."""
    assert refusal(tmp_path, path).endswith(": this is not a path inside the repository")


def test_what_a_terminal_obeys_is_not_shown(tmp_path: Path) -> None:
    """File names are bytes, and a name can be as long as a path may be."""
    assert refusal(tmp_path, "\x1b[2J\udcff") == r"\x1b[2J\udcff: the file is missing"
    assert refusal(tmp_path, "a" * 2000).startswith(
        f"{'a' * 100}...{'a' * 100}: the path has more than 1024 characters"
    )


def test_a_folder_is_walked_in_order_and_links_are_not_entered(tmp_path: Path) -> None:
    """The order does not depend on that of the disk."""
    for path in ("base/b/z.yaml", "base/b/a.yaml", "base/c.yaml", "outside/d.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    (tmp_path / "base" / "a").symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / "base" / "d")

    assert list(files.walk(tmp_path, "base")) == [
        Entry("base/a", Kind.LINK),
        Entry("base/b", Kind.FOLDER),
        Entry("base/c.yaml", Kind.FILE),
        Entry("base/d", Kind.OTHER),
        Entry("base/b/a.yaml", Kind.FILE),
        Entry("base/b/z.yaml", Kind.FILE),
    ]
    assert list(files.walk(tmp_path, "nothing")) == []


def test_folders_nested_without_end_are_refused(tmp_path: Path) -> None:
    """4,000 of them make a path that no system opens, and a recursion that Python ends; it stops long before."""
    (tmp_path / "/".join(["deep"] * 100)).mkdir(parents=True)

    with pytest.raises(BadFile) as caught:
        list(files.walk(tmp_path, "deep"))

    assert caught.value.fact == f"{'/'.join(['deep'] * 17)}: this folder is inside 16 others"
    assert caught.value.hint == "move it further up"


def test_a_folder_that_holds_too_much_is_refused(tmp_path: Path) -> None:
    """It is named, not one of its files."""
    (tmp_path / "base").mkdir()
    for number in range(4):
        (tmp_path / "base" / f"{number}.yaml").write_bytes(b"")

    with pytest.raises(BadFile) as caught:
        list(files.walk(tmp_path, "base", Bounds(entries=3, total=0)))

    assert caught.value.fact == "base: more than 3 files and folders"
    assert len(list(files.walk(tmp_path, "base", Bounds(entries=4, total=0)))) == 4
