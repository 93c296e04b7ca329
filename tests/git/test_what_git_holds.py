"""What git holds: ordinary files, the same in every checkout, whose names are told apart; and what git ignores."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.harness import Repository, environment

LINK: Final = "this is a symbolic link, and Argo CD follows it or refuses the whole repository"
MODULE: Final = "this is a repository inside the repository, and Argo CD fetches and applies what is in it"
CHATBOT: Final = "base/edge/components/ai-chatbot-gateway/ai-chatbot.yaml"
"""The first of three files of this name."""
UNREADABLE: Final = "the path holds a quote, a backslash, a semicolon or a character that cannot be printed"
DECOMPOSED: Final = "cafe\N{COMBINING ACUTE ACCENT}.md"


@pytest.fixture
def committed(tmp_path: Path) -> Repository:
    """This repository's own companies, committed on main, and a branch for the change."""
    repository = Repository.like_this_one(tmp_path / "repository")
    repository.git("branch", "--move", "main")
    repository.git("switch", "--quiet", "--create", "change")
    return repository


def follow(repository: Repository, command: str) -> None:
    """Run a command of a hint, as a shell does."""
    subprocess.run(["bash", "-c", command], check=True, cwd=repository.root, env=environment(), capture_output=True)


def commit(repository: Repository, *paths: str) -> Repository:
    """Commit these paths, or what is staged."""
    if paths:
        repository.git("add", "--all", "--", *paths)
    repository.git("commit", "--quiet", "--message", "change")
    return repository


def link(repository: Repository, path: str, target: str) -> Repository:
    """Make a symbolic link, and the folder above it."""
    (repository.root / path).parent.mkdir(parents=True, exist_ok=True)
    (repository.root / path).symlink_to(target)
    return repository


def submodule(repository: Repository, path: str) -> Repository:
    """Stage a submodule, as a clone holds it that did not fetch what is in it."""
    head = repository.git("rev-parse", "HEAD").strip()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},{path}")
    return repository


# --- what is no file


@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize(
    ("path", "target"),
    [("docs/outside", "/etc"), ("argocd/apps/more", "../../docs"), ("notes", "platform.yaml"), ("lost", "nowhere")],
)
def test_a_link_anywhere_is_an_error_and_goes_by_its_hint(
    committed: Repository, path: str, target: str, *, staged: bool
) -> None:
    """To a folder, out of the repository, to a file, to nothing: Argo CD applies it, or renders nothing at all."""
    link(committed, path, target)
    if staged:
        committed.git("add", path)
    way = f"git rm -f {path}" if staged else f"rm {path}"

    refused = committed.run("validate")
    follow(committed, way)
    passed = committed.run("validate")

    assert refused.exit == 1
    assert refused.stdout == (
        f"{path}: error: {LINK} [GIT001]\n  hint: put the file itself here, or remove the link: {way}\n"
    )
    assert passed.exit == 0, passed.said


def test_a_link_beside_our_own_folders_stops_nobody_where_there_is_no_git(repository: Repository) -> None:
    """An archive of a repository, with a virtual environment in it; among our own files a link stays an error."""
    repository.tenant()
    (repository.root / ".venv").mkdir()
    (repository.root / ".venv" / "lib64").symlink_to("lib")
    beside = repository.run("generate")
    (repository.root / "base" / "more.yaml").symlink_to("../.venv/lib64")

    assert beside.exit == 0, beside.said
    assert "base/more.yaml: error: this is a symbolic link" in repository.run("validate").said


def test_the_file_itself_in_the_place_of_a_link_passes(committed: Repository) -> None:
    """Before it is staged: what counts is what git will hold."""
    link(committed, "notes", "platform.yaml").git("add", "notes")
    committed.remove("notes").write("notes", "mine\n")

    assert committed.run("validate").exit == 0


def test_a_link_is_a_link_where_it_is_checked_out_as_a_file(committed: Repository) -> None:
    """With core.symlinks=false its target stands in an ordinary file, and git goes on to hold a link."""
    link(committed, "notes", "platform.yaml").git("add", "notes")
    committed.git("config", "core.symlinks", "false")
    committed.remove("notes").write("notes", "platform.yaml")

    assert f"notes: error: {LINK} [GIT001]" in committed.run("validate").stdout


def test_what_lies_behind_a_linked_folder_is_not_there(committed: Repository, tmp_path: Path) -> None:
    """The folder of a company, moved away and linked to: git holds none of it."""
    (committed.root / "overlays/company-001").rename(tmp_path / "elsewhere")
    link(committed, "overlays/company-001", str(tmp_path / "elsewhere"))

    done = committed.run("verify", "company-001")

    assert f"overlays/company-001: error: {LINK} [GIT001]" in done.stdout
    assert "overlays/company-001/facts.yaml: error: this is a symbolic link [GEN002]" in done.stdout


def test_a_submodule_is_an_error_and_goes_by_its_hint(committed: Repository) -> None:
    """Argo CD fetches and applies what is in it, and no rule has seen that."""
    path = "argocd/shards/s03/projects/more"
    submodule(committed, path)

    refused = committed.run("validate")
    follow(committed, f"git rm --cached {path}")
    passed = committed.run("validate")

    assert refused.exit == 1
    assert refused.stdout == (
        f"{path}: error: {MODULE} [GIT001]\n"
        f"  hint: take it out: git rm --cached {path}, and move the folder away if it is there\n"
    )
    assert passed.exit == 0, passed.said


def test_a_list_of_submodules_is_an_error_and_goes_by_its_hint(committed: Repository) -> None:
    """Empty as well: the next commit may fill it."""
    committed.write(".gitmodules", "").git("add", ".gitmodules")

    refused = committed.run("validate")
    follow(committed, "git rm -f .gitmodules")
    passed = committed.run("validate")

    assert refused.stdout == (
        ".gitmodules: error: this file names repositories that Argo CD fetches together with this one [GIT001]\n"
        "  hint: remove it: git rm -f .gitmodules\n"
    )
    assert passed.exit == 0, passed.said


def test_a_repository_that_is_not_added_is_an_error_until_it_is_ignored(committed: Repository) -> None:
    """`git add --all` would make a submodule of it."""
    committed.git("init", "--quiet", "tools/other")

    refused = committed.run("validate")
    committed.write(".gitignore", "/tools/other/\n")
    passed = committed.run("validate")

    assert refused.stdout == (
        "tools/other: error: this folder is a git repository of its own, and would be added as one [GIT001]\n"
        "  hint: move it away, or name it in .gitignore\n"
    )
    assert passed.exit == 0, passed.said


@pytest.mark.parametrize("path", ["base/edge/core/pipe.yaml", "tenants/company-101.yaml"])
def test_what_git_cannot_hold_is_named_among_files_of_people(committed: Repository, path: str) -> None:
    """Git passes over a FIFO, and who looks at the folder takes it for a file."""
    os.mkfifo(committed.root / path)

    refused = committed.run("validate")
    follow(committed, f"rm {path}")
    passed = committed.run("validate")

    assert refused.stdout == f"{path}: error: this is not an ordinary file [GIT001]\n  hint: remove it: rm {path}\n"
    assert passed.exit == 0, passed.said


@pytest.mark.parametrize("verb", [["validate"], ["generate"], ["generate", "--check"], ["verify"], ["check"]])
def test_every_gate_refuses_a_submodule(committed: Repository, verb: list[str]) -> None:
    """What one of them lets through, another must not."""
    done = submodule(committed, "vendor/charts").run(*verb)

    assert done.exit == 1
    assert f"vendor/charts: error: {MODULE} [GIT001]" in done.said


@pytest.mark.slow
def test_a_submodule_in_a_commit_is_an_error(committed: Repository) -> None:
    """Check --base reads the commit of HEAD; the index is somebody's own."""
    commit(submodule(committed, "argocd/shards/s03/projects/more"))
    committed.git("rm", "--quiet", "--cached", "argocd/shards/s03/projects/more")

    refused = committed.run("check", "--base", "main")
    passed = commit(committed).run("check", "--base", "main")

    assert refused.exit == 1
    assert f"argocd/shards/s03/projects/more: error: {MODULE} [GIT001]" in refused.stdout
    assert passed.exit == 0, passed.said


# --- attributes


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("working-tree-encoding=UTF-16", "working-tree-encoding"),
        ("filter=lfs", "filter"),
        ("ident", "ident"),
        ("eol=crlf", "eol"),
        ("text eol=crlf", "eol"),
    ],
)
@pytest.mark.parametrize("file", [".gitattributes", "base/edge/.gitattributes", ".git/info/attributes", "of the user"])
def test_an_attribute_that_changes_bytes_is_an_error_and_goes_by_its_hint(
    committed: Repository, tmp_path: Path, file: str, attribute: str, name: str
) -> None:
    """Whatever file of attributes it stands in; the place is the line to change."""
    place = file
    if file == "of the user":
        place = str(tmp_path / "attributes")
        committed.git("config", "core.attributesFile", place)
    path = tmp_path / place if file == "of the user" else committed.root / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# ours\nai-chatbot.yaml {attribute}\n", encoding="utf-8")

    refused = committed.run("validate")
    path.write_text("# ours\n", encoding="utf-8")
    passed = committed.run("validate")

    shown = attribute.removeprefix("text ")
    assert refused.exit == 1
    assert refused.stdout == (
        f"{place}:2: error: {shown} makes {CHATBOT} and 2 more differ between a checkout and what git holds [GIT002]\n"
        f"  hint: take {name} out of this line\n"
    )
    assert passed.exit == 0, passed.said


def test_an_attribute_by_a_macro_is_found(committed: Repository) -> None:
    """Git says what comes out of it; the place is where the attribute itself is written."""
    committed.write(".gitattributes", "[attr]secret filter=crypt\n/platform.yaml secret\n")

    done = committed.run("validate")

    assert done.stdout == (
        ".gitattributes:1: error: filter=crypt makes platform.yaml differ between a checkout and what git holds"
        " [GIT002]\n"
        "  hint: take filter out of this line\n"
    )


@pytest.mark.parametrize(
    "line", ["* text=auto eol=lf", "* text=auto", "* -text", "* text", "* working-tree-encoding=UTF-8", "docs/** ident"]
)
def test_attributes_that_change_nothing_of_ours_pass(committed: Repository, line: str) -> None:
    """The first is what init writes; what lies beside tenants, base and Argo CD's files is anybody's."""
    committed.write(".gitattributes", f"{line}\n*.png filter=lfs\n").write("docs/logo.png", b"\x89PNG\r\n\x1a\n\0")

    done = committed.run("validate")

    assert done.exit == 0, done.said


@pytest.mark.slow
def test_a_commit_is_judged_by_its_own_attributes(committed: Repository) -> None:
    """Not by those of the work tree, and not by those of whoever runs the check: Argo CD has neither."""
    commit(committed.write("overlays/.gitattributes", "*.yaml ident\n"), "overlays")
    committed.remove("overlays/.gitattributes")
    refused = committed.run("check", "--base", "main")
    commit(committed, "overlays").write(".git/info/attributes", "*.yaml filter=mine\n")
    passed = committed.run("check", "--base", "main")

    assert refused.exit == 1
    assert "overlays/.gitattributes:1: error: ident makes overlays/" in refused.stdout
    assert passed.exit == 0, passed.said


@pytest.mark.parametrize("path", ["platform.yaml", "tenants/company-001.yaml", "base/edge/core/fileserver.yaml"])
def test_lines_that_end_in_cr_lf_are_an_error_and_go_by_their_hint(committed: Repository, path: str) -> None:
    """Git makes LF of them in one checkout and leaves them in another."""
    first, rest = committed.read(path).encode().split(b"\n", 1)
    committed.write(path, first + b"\n" + rest.replace(b"\n", b"\r\n"))

    refused = committed.run("validate")
    follow(committed, f"sed -i 's/\\r$//' {path}")
    passed = committed.run("validate")

    assert refused.stdout == (
        f"{path}:2: error: a line ends in CR LF, which git writes in some checkouts and not in others [GIT002]\n"
        f"  hint: end lines in LF: sed -i 's/\\r$//' {path}\n"
    )
    assert passed.exit == 0, passed.said


@pytest.mark.parametrize("path", ["platform.yaml", "tenants/company-001.yaml", "base/edge/core/fileserver.yaml"])
def test_a_line_that_ends_in_cr_alone_is_an_error_and_goes_by_its_hint(committed: Repository, path: str) -> None:
    """What follows a comment then looks like a part of it, and YAML reads it."""
    first, rest = committed.read(path).encode().split(b"\n", 1)
    committed.write(path, first + b"\n# note\r" + rest)

    refused = committed.run("validate")
    follow(committed, f"sed -i 's/\\r/\\n/g' {path}")
    passed = committed.run("validate")

    assert refused.stdout == (
        f"{path}:2: error: a line ends in CR alone, where YAML ends a line and git and a review do not [GIT002]\n"
        f"  hint: end lines in LF: sed -i 's/\\r/\\n/g' {path}\n"
    )
    assert passed.exit == 0, passed.said


def test_lines_that_end_in_cr_lf_in_a_blob_are_an_error(committed: Repository) -> None:
    """Also where the work tree shows them as LF."""
    path = "tenants/company-001.yaml"
    text = committed.read(path)
    commit(committed.write(path, text.replace("\n", "\r\n")), path).write(path, text)

    done = committed.run("check", "--base", "main")

    assert done.exit == 1
    assert f"{path}:1: error: a line ends in CR LF" in done.stdout


def test_a_file_that_is_no_text_has_no_lines(committed: Repository) -> None:
    """Git leaves alone what holds a NUL."""
    assert committed.write("base/edge/core/logo.png", b"\x89PNG\r\n\x1a\n\0").run("validate").exit == 0


# --- names


@pytest.mark.parametrize(
    ("name", "shown", "fact"),
    [
        (b"caf\xe9.md", r"caf\udce9.md", "the path is not UTF-8"),
        (DECOMPOSED.encode(), DECOMPOSED, "the path is not in the form of Unicode (NFC) that other machines give it"),
        (b"a\nb.md", r"a\nb.md", UNREADABLE),
        (b'"a".md', '"a".md', UNREADABLE),
        (b"a\\b.md", "a\\b.md", UNREADABLE),
        (b"a;b.md", "a;b.md", UNREADABLE),
        (b"\x1b[31m.md", r"\x1b[31m.md", UNREADABLE),
    ],
)
def test_a_name_that_machines_read_differently_is_shown_escaped(
    committed: Repository, name: bytes, shown: str, fact: str
) -> None:
    """Where it matters, renaming it is the way out; elsewhere it is anybody's."""
    inside = os.fsencode(committed.root) + b"/base/" + name
    Path(os.fsdecode(inside)).write_text("ours\n", encoding="utf-8")

    refused = committed.run("validate")
    outside = os.fsencode(committed.root) + b"/" + name
    Path(os.fsdecode(inside)).rename(os.fsdecode(outside))
    passed = committed.run("validate")

    assert refused.stdout == f"base/{shown}: error: {fact} [GIT003]\n  hint: rename it: git mv\n"
    assert passed.exit == 0, passed.said


@pytest.mark.parametrize(
    ("one", "other"), [("README.md", "readme.md"), ("stra\N{LATIN SMALL LETTER SHARP S}e", "strasse")]
)
def test_two_names_that_become_one_are_an_error(committed: Repository, one: str, other: str) -> None:
    """MacOS and Windows keep one of the two."""
    committed.write(f"base/{one}", "one\n").write(f"base/{other}", "other\n")

    refused = committed.run("validate")
    passed = committed.remove(f"base/{other}").run("validate")

    first, second = sorted([f"base/{one}", f"base/{other}"])
    assert refused.stdout == (
        f"{second}: error: on a machine that takes both names for one, this file and {first} are the same [GIT003]\n"
        "  hint: rename one of the two: git mv\n"
    )
    assert passed.exit == 0, passed.said


@pytest.mark.slow
def test_odd_names_in_a_commit_break_nothing(committed: Repository) -> None:
    """Line ends, quotes and bytes that are no text, in the listing of a commit and of what a change touches."""
    for name in (b"a\nb", b'"c"', b"\xff\xfe", b" d ", b"tab\t"):
        Path(os.fsdecode(os.fsencode(committed.root) + b"/" + name)).write_text("mine\n", encoding="utf-8")
    committed.git("add", "--all")

    done = commit(committed).run("check", "--base", "main")

    assert done.exit == 0, done.said


def test_a_tree_that_leads_out_of_the_repository_is_named_and_not_written(committed: Repository) -> None:
    """Git itself refuses such names, and whoever writes objects by hand does not ask it."""
    blob = committed.git("rev-parse", "HEAD:platform.yaml").strip()
    above = _tree(committed, f"100644 blob {blob}\tevil")
    inner = _tree(committed, f"040000 tree {above}\t..")
    base = committed.git("ls-tree", "HEAD:base").strip()
    tree = _tree(committed, f"{base}\n040000 tree {inner}\tzz")
    top = "\n".join(line for line in committed.git("ls-tree", "HEAD").splitlines() if not line.endswith("\tbase"))
    whole = _tree(committed, f"{top}\n040000 tree {tree}\tbase")
    made = committed.git("commit-tree", "-p", "HEAD", "-m", "evil", whole).strip()
    committed.git("update-ref", "HEAD", made)

    done = committed.run("check", "--base", "main")

    fact = "this path leads out of the repository, or into git's own folder"
    assert done.exit == 1
    assert f"base/zz/../evil: error: {fact} [GIT003]" in done.stdout


def _tree(repository: Repository, lines: str) -> str:
    command = ["git", "mktree"]
    done = subprocess.run(
        command, input=f"{lines}\n", cwd=repository.root, env=environment(), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


# --- what git ignores, and what is not added yet


def test_a_file_that_git_ignores_is_not_looked_at(committed: Repository) -> None:
    """The Finder's own files lie everywhere, and concern nobody."""
    committed.write("overlays/.DS_Store", b"\0").write("argocd/apps/.DS_Store", b"\0").write(
        ".gitignore", ".DS_Store\n"
    )

    done = committed.run("verify")

    assert done.exit == 0, done.said


def test_base_may_not_need_a_file_that_git_ignores(committed: Repository) -> None:
    """It lies on this machine alone; the message names the rule, and its first command passes."""
    core = "base/edge/core"
    committed.write(f"{core}/notes.yaml", committed.read(f"{core}/fileserver.yaml")).write(".gitignore", "notes.*\n")
    text = committed.read(f"{core}/kustomization.yaml").replace("fileserver.yaml", "notes.yaml")
    committed.write(f"{core}/kustomization.yaml", text)

    refused = committed.run("explain", "company-001")
    follow(committed, f"git add -f {core}/notes.yaml")
    passed = committed.run("explain", "company-001")

    assert refused.exit == 1
    assert f"git ignores {core}/notes.yaml, by .gitignore:1 (notes.*)" in refused.stderr
    assert f"have git hold it: git add -f {core}/notes.yaml; or take that line out" in refused.stderr
    assert passed.exit == 0, passed.said


@pytest.mark.slow
def test_generated_files_that_branch_mode_ignores_are_read_from_the_disk(committed: Repository) -> None:
    """Whoever generates to look at it can verify and render what came out, and nothing else is taken for generated."""
    committed.edit("platform.yaml", "publishing: committed", "publishing: branch")
    ignored = ["/argocd/root.yaml", "/argocd/apps/", "/argocd/shards/", "/overlays/", "/tenants/tenant.schema.json"]
    committed.write(".gitignore", "".join(f"{line}\n" for line in ignored))
    committed.git("rm", "--quiet", "--cached", "-r", "argocd/apps", "argocd/shards", "argocd/root.yaml", "overlays")
    committed.write("overlays/.DS_Store", b"\0").write("overlays/company-001/mine.yaml", "mine\n").generate()

    verified, rendered = committed.run("verify"), committed.run("render", "company-001")

    assert verified.exit == 0, verified.said
    assert verified.stderr.startswith("6 tenants, 174 objects, ")
    assert rendered.exit == 0, rendered.said


def test_content_is_read_as_it_stands_in_the_work_tree(committed: Repository) -> None:
    """An edit that is not staged is found, and a file that was removed and not staged is gone."""
    committed.edit("base/edge/core/fileserver.yaml", "runAsNonRoot: true", "runAsNonRoot: false")
    committed.remove("tenants/company-006.yaml")

    verified, listed = committed.run("verify", "company-001"), committed.run("list")

    assert verified.exit == 1
    assert "runAsNonRoot is false [SEC002]" in verified.stdout
    assert "company-006" not in listed.stdout


def test_a_check_of_a_change_says_what_it_did_not_look_at(committed: Repository) -> None:
    """What is not committed: an edit that would be refused, and one that would help, are both left out."""
    commit(committed.write("docs/notes.md", "ours\n"), "docs")
    committed.write("tenants/company-001.yaml", "nonsense\n").write("tenants/company-101.yaml", "nonsense\n")

    done = committed.run("check", "--base", "main")

    assert done.exit == 0, done.said
    assert done.stderr.splitlines()[-1] == (
        "not looked at, because it is not committed: tenants/company-001.yaml and 1 more"
    )


def test_what_git_ignores_is_not_read_where_something_is_missing(committed: Repository) -> None:
    """An ignored file in the place of one that git lost is not taken for it."""
    path = "base/edge/core/kustomization.yaml"
    text = committed.read(path)
    committed.git("rm", "--quiet", path)
    committed.write(path, text).write(".gitignore", "kustomization.yaml\n!/overlays/**\n")

    refused = committed.run("explain", "company-001")
    follow(committed, f"git add -f {path}")
    passed = committed.run("explain", "company-001")

    assert refused.exit == 1
    assert f"git ignores {path}, by .gitignore:1 (kustomization.yaml)" in refused.stderr
    assert passed.exit == 0, passed.said


def test_a_company_is_not_written_where_git_ignores_it(committed: Repository) -> None:
    """It would be there for nobody else; nor is a file that lies there ignored written over."""
    committed.write(".gitignore", "company-1*\n").write("tenants/company-101.yaml", "mine\n")

    taken = committed.run("add", "company-101", "--plan", "bronze")
    refused = committed.run("add", "company-102", "--plan", "bronze")
    passed = committed.remove(".gitignore").run("add", "company-102", "--plan", "bronze")

    assert taken.stderr.startswith("error: tenants/company-101.yaml is there already\n")
    assert refused.stderr == (
        "error: git ignores tenants/company-102.yaml, by .gitignore:1 (company-1*)\n  hint: take that line out\n"
    )
    assert committed.read("tenants/company-101.yaml") == "mine\n"
    assert passed.exit == 0, passed.said


def test_generated_files_that_git_ignores_are_not_called_missing(committed: Repository) -> None:
    """Generating again would not help; the command that is named does."""
    path = "overlays/company-001/facts.yaml"
    committed.write(".gitignore", "facts.yaml\n").git("rm", "--quiet", "--cached", path)

    refused = committed.run("verify", "company-001")
    follow(committed, f"git add -f {path}")
    passed = committed.run("verify", "company-001")

    assert refused.stdout.startswith(
        f"{path}: error: git ignores {path}, by .gitignore:1 (facts.yaml) [GEN002]\n"
        f"  hint: have git hold it: git add -f {path}; or take that line out\n"
    )
    assert passed.exit == 0, passed.said


def test_a_platform_file_that_git_ignores_is_not_read(committed: Repository) -> None:
    """Everybody would read another one."""
    committed.git("rm", "--quiet", "--cached", "platform.yaml")
    committed.write(".gitignore", "/platform.yaml\n")

    refused = committed.run("validate")
    follow(committed, "git add -f platform.yaml")
    passed = committed.run("validate")

    assert refused.stdout == (
        "platform.yaml: error: git ignores platform.yaml, by .gitignore:1 (/platform.yaml) [PLT001]\n"
        "  hint: have git hold it: git add -f platform.yaml; or take that line out\n"
    )
    assert passed.exit == 0, passed.said


def test_a_merge_that_is_not_finished_is_read_as_it_stands(committed: Repository) -> None:
    """Its files stand there with marks of the conflict, and git lists them in three stages."""
    path = "tenants/company-001.yaml"
    commit(committed.edit(path, "plan: bronze", "plan: silver"), path).git("switch", "--quiet", "main")
    commit(committed.edit(path, "plan: bronze", "plan: gold"), path)
    assert not committed.may_fail("merge", "change")

    done = committed.run("validate")

    assert done.exit == 1
    assert done.stdout.count(f"{path}:") == 1


def test_a_file_in_the_place_of_a_folder_and_the_other_way_round(committed: Repository) -> None:
    """Not staged: what is tracked below it is gone, and what is new is there."""
    committed.git("mv", "argocd/platform", "away")
    committed.write("argocd/platform", "mine\n")

    done = committed.run("list")

    assert done.exit == 0, done.said


@pytest.mark.parametrize("verb", [["validate"], ["verify"], ["generate"], ["check"]], ids=" ".join)
def test_a_platform_file_that_is_gone_is_put_back_by_the_hint(committed: Repository, verb: list[str]) -> None:
    """The repository is known by its history then."""
    committed.remove("platform.yaml")

    refused = committed.run(*verb)
    follow(committed, "git checkout HEAD -- platform.yaml")
    passed = committed.run("validate")

    assert refused.exit == 1
    assert (
        "platform.yaml: error: the file is missing [PLT001]\n  hint: put it back: git checkout HEAD -- platform.yaml\n"
    ) in refused.said
    assert passed.exit == 0, passed.said


@pytest.mark.slow
def test_a_change_that_removes_the_platform_file_is_refused_with_the_way_back(committed: Repository) -> None:
    """By a pull request as well, where the work tree has none either."""
    commit(committed.remove("platform.yaml"), "platform.yaml")
    gone = committed.git("rev-parse", "HEAD").strip()[:10]

    refused = committed.run("check", "--base", "main")
    follow(committed, f"git checkout {gone}^ -- platform.yaml")
    passed = commit(committed).run("check", "--base", "main")

    assert refused.exit == 1
    assert (
        "platform.yaml: error: the file is missing [PLT001]\n"
        f"  hint: put it back: git checkout {gone}^ -- platform.yaml\n"
    ) in refused.stdout
    assert passed.exit == 0, passed.said


def test_a_platform_file_that_is_a_link_is_not_read(committed: Repository) -> None:
    """It may lead to another repository's, or to a device."""
    committed.remove("platform.yaml")
    link(committed, "platform.yaml", "/dev/zero")

    done = committed.run("validate")

    assert done.exit == 1
    assert done.stdout == (
        f"platform.yaml: error: {LINK} [GIT001]\n"
        "  hint: put the file itself here, or remove the link: git rm -f platform.yaml\n"
    )
