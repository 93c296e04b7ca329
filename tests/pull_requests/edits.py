"""Edits of a repository, drawn at random: of YAML at any path, of bytes, of files and folders, and of what git is told.

Each takes a seeded generator and the repository's folder, changes it, and says what it did. An edit that does not fit
says nothing and changes nothing, and another is drawn.
"""

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from tests.harness import environment

Edit = Callable[[random.Random, Path], str]

AREAS: Final = {
    "platform.yaml": 18,
    "base": 32,
    "tenants": 22,
    "argocd": 20,
    "overlays": 4,
    ".gitignore": 2,
    ".gitattributes": 2,
}
"""Where an edit lands, by weight."""


def draw(rng: random.Random, root: Path) -> list[str]:
    """Make one to three edits, and say what was done; at least one fits."""
    done: list[str] = []
    wanted = rng.choices((1, 2, 3), (70, 20, 10))[0]
    while len(done) < wanted:
        kinds, weights = zip(*_KINDS.items(), strict=True)
        edit = rng.choices(kinds, weights)[0]
        try:
            said = edit(rng, root)
        except (OSError, yaml.YAMLError, UnicodeError, ValueError, RecursionError):
            said = ""
        if said:
            done.append(said)
    return done


def _some_file(rng: random.Random, root: Path, suffixes: Sequence[str] = ()) -> Path:
    """Choose a file: an area by its weight, then any file of it."""
    areas, weights = zip(*AREAS.items(), strict=True)
    while True:
        top = root / rng.choices(areas, weights)[0]
        paths: list[Path] = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
        paths = [path for path in paths if not path.is_symlink() and (not suffixes or path.suffix in suffixes)]
        if paths:
            return paths[rng.randrange(len(paths))]


# --- YAML at any path


def _yaml(rng: random.Random, root: Path) -> str:
    path = _some_file(rng, root, (".yaml",))
    documents = list(yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader))
    holder, key = rng.choice(list(_places(documents)))
    said = rng.choice(_CHANGES)(rng, root, holder, key)
    if said:
        path.write_text(
            yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=1000),
            encoding="utf-8",
        )
        return f"{path.relative_to(root)}: {said}"
    return ""


def _places(value: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    steps: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    found = [] if depth == 0 else [(value, step) for step in steps]
    for step in steps:
        if isinstance(value[step], dict | list):
            found += _places(value[step], depth + 1)
    return found


def _delete(rng: random.Random, root: Path, holder: Any, key: Any) -> str:
    del rng, root
    gone = holder[key]
    del holder[key]
    return f"delete {key!r} ({_short(gone)})"


def _rename(rng: random.Random, root: Path, holder: Any, key: Any) -> str:
    del root
    if not isinstance(holder, dict):
        return ""
    new = rng.choice([f"{key}x", str(key).upper(), str(key)[:-1], f" {key}", f"x-{key}"])
    items = [(new if one == key else one, value) for one, value in holder.items()]
    holder.clear()
    holder.update(items)
    return f"rename the key {key!r} to {new!r}"


def _replace(rng: random.Random, root: Path, holder: Any, key: Any) -> str:
    old = holder[key]
    holder[key] = rng.choice(_hostile(root))
    return f"{key!r} was {_short(old)}, is {_short(holder[key])}" if old != holder[key] else ""


def _tweak(rng: random.Random, root: Path, holder: Any, key: Any) -> str:
    """Change a value a little: what a slip of a hand or a careless search and replace does."""
    del root
    old = holder[key]
    if isinstance(old, bool):
        holder[key] = not old
    elif isinstance(old, int):
        holder[key] = rng.choice([old + 1, old - 1, -old, old * 10, 0])
    elif isinstance(old, str) and old:
        at = rng.randrange(len(old))
        holder[key] = rng.choice(
            [f"{old}-2", f"x{old}", old[:-1], old.upper(), f"{old[:at]}0{old[at:]}", "0", f"new-{old}"]
        )
    else:
        return ""
    return f"{key!r} was {_short(old)}, is {_short(holder[key])}" if old != holder[key] else ""


def _duplicate(rng: random.Random, root: Path, holder: Any, key: Any) -> str:
    del rng, root
    if not isinstance(holder, list):
        return ""
    holder.insert(key, holder[key])
    return f"entry {key} twice ({_short(holder[key])})"


def _swap(rng: random.Random, root: Path, holder: Any, key: Any) -> str:
    del root
    others = [item for item in (holder if isinstance(holder, dict) else range(len(holder))) if item != key]
    if not others:
        return ""
    other = rng.choice(list(others))
    holder[key], holder[other] = holder[other], holder[key]
    return f"{key!r} and {other!r} swap their values"


def _graft(rng: random.Random, root: Path, holder: Any, key: Any) -> str:
    """Put what stands somewhere else in its place."""
    path = _some_file(rng, root, (".yaml",))
    places = list(_places(list(yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader))))
    other, step = rng.choice(places)
    old, holder[key] = holder[key], other[step]
    return f"{key!r} was {_short(old)}, is {_short(other[step])}" if old != other[step] else ""


_CHANGES: Final = (_delete, _delete, _rename, _replace, _replace, _tweak, _tweak, _tweak, _duplicate, _swap, _graft)


def _hostile(root: Path) -> list[Any]:
    names = sorted(path.stem for path in (root / "tenants").glob("*.yaml"))
    return [
        *names,
        *(f"{name}.files.example.com" for name in names),
        *(f"tenants/{name}/fileserver" for name in names),
        *(f"{name}:admin" for name in names),
        "*",
        "",
        None,
        True,
        0,
        -1,
        10**20,
        [],
        {},
        "default",
        "kube-system",
        "argocd",
        "0.0.0.0/0",
        "::/0",
        "{{ .tenant }}",
        "{{",
        "$(id)",
        "../../..",
        "/dev/zero",
        "https://attacker.example.org/x.git",
        "github.com/attacker/repo?ref=main",
        "a\nb",
        "\u202e",
        "x" * 5000,
        "1Gi",
        "600Gi",
        "Prune=true",
        "cluster-admin",
        "system:authenticated",
        {"namespaceSelector": {}},
        [{"ipBlock": {"cidr": "0.0.0.0/0"}}],
    ]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"{text[:57]}..."


# --- documents


def _drop_document(rng: random.Random, root: Path) -> str:
    path = rng.choice(sorted((root / "base").rglob("*.yaml")))
    parts = path.read_text(encoding="utf-8").split("\n---\n")
    if len(parts) == 1:
        return ""
    gone = parts.pop(rng.randrange(len(parts)))
    path.write_text("\n---\n".join(parts), encoding="utf-8")
    kind = next((line for line in gone.splitlines() if line.startswith("kind:")), "?")
    return f"{path.relative_to(root)}: drop a document ({kind})"


def _rename_everywhere(rng: random.Random, root: Path) -> str:
    """Rename a thing wherever base/ has its name, as a careful person does: it builds, and is another object."""
    word, new = rng.choice(
        [
            ("files", "data"),
            ("fileserver", "storage"),
            ("tenant", "company"),
            ("placeholder", "nobody"),
            ("plan", "quota"),
        ]
    )
    count = 0
    for path in sorted((root / "base").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        changed = text.replace(f"name: {word}\n", f"name: {new}\n").replace(f"name: {word},", f"name: {new},")
        changed = changed.replace(f"claimName: {word}\n", f"claimName: {new}\n").replace(
            f"name: {word}}}", f"name: {new}}}"
        )
        if text != changed:
            path.write_text(changed, encoding="utf-8")
            count += 1
    return f"base/: rename {word} to {new} in {count} files" if count else ""


_DECOYS: Final = {
    "argocd/platform/extra.yaml": (
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: NAME, namespace: argocd}\n"
        "spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}]}\n"
    ),
    "argocd/apps/extra.yaml": (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: extra, namespace: argocd}\n"
        "spec: {project: default, source: {repoURL: 'https://attacker.example.org/x.git', path: .},"
        " destination: {server: 'https://kubernetes.default.svc', namespace: NAME}}\n"
    ),
    "argocd/shards/s00/projects/extra.yaml": (
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: NAME, namespace: argocd}\nspec: {}\n"
    ),
    "argocd/shards/s01/extra.yaml": (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: extra}\n"
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n"
        "subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'NAME:admin'}]\n"
    ),
    "argocd/shards/s02/tenants/extra.yaml": 'tenant: "NAME"\n',
    "base/edge/core/kustomization.yml": "resources: [namespace.yaml]\n",
    "base/edge/core/Kustomization": "resources: []\n",
    "base/edge/core/extra.yaml": (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: extra}\nrules: []\n"
    ),
    "base/github.com/x/y/kustomization.yaml": "resources: []\n",
    "overlays/NAME/kustomization.yml": "resources: []\n",
    "overlays/NAME/extra.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n",
    "argocd/platform/kustomization.yml": "resources: []\n",
    "tenants/zulu.yaml": "name: zulu\nplan: bronze\n",
    "tenants/sub/yankee.yaml": "name: yankee\nplan: gold\nhosts: [x.yankee.customers.example.net]\n",
    "tenants/vault.yaml": "name: vault\nplan: silver\naddons: [chatbot]\n",
    "tenants/.hidden.yaml": "name: hidden\nplan: bronze\n",
    "approvals/" + "0" * 64 + ".yaml": "digest: '" + "0" * 64 + "'\nreason: x\nby: x\n",
    "approvals/empty.yaml": "",
    ".github/workflows/extra.yml": "on: push\n",
    "tenants/note.txt": "nothing\n",
    "base/edge/README.md": "# nothing\n",
    ".DS_Store": "\0\1\2",
}


def _decoy(rng: random.Random, root: Path) -> str:
    path, text = rng.choice(sorted(_DECOYS.items()))
    name = rng.choice(sorted(item.stem for item in (root / "tenants").glob("*.yaml")))
    path = path.replace("NAME", name)
    target = root / path
    if target.exists():
        return ""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text.replace("NAME", name), encoding="utf-8")
    if path.startswith("base/edge/core/extra"):
        file = root / "base/edge/core/kustomization.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("resources:\n", "resources:\n- extra.yaml\n"))
    if path == "argocd/platform/extra.yaml":
        file = root / "argocd/platform/kustomization.yaml"
        file.write_text(file.read_text(encoding="utf-8") + "- extra.yaml\n")
    return f"new file {path} ({name})"


# --- bytes


def _bytes(rng: random.Random, root: Path) -> str:
    path = _some_file(rng, root)
    raw = path.read_bytes()
    if not raw:
        return ""
    at = rng.randrange(len(raw))
    lines = raw.splitlines(keepends=True)
    line = rng.randrange(len(lines))
    what, new = rng.choice(
        [
            ("flip a bit", raw[:at] + bytes([raw[at] ^ (1 << rng.randrange(8))]) + raw[at + 1 :]),
            ("cut it off", raw[:at]),
            ("CRLF", raw.replace(b"\n", b"\r\n")),
            ("a byte order mark", b"\xef\xbb\xbf" + raw),
            ("a NUL", raw[:at] + b"\0" + raw[at:]),
            ("without a line", b"".join(lines[:line] + lines[line + 1 :])),
            ("a line twice", b"".join(lines[: line + 1] + lines[line:])),
            ("indent a line", b"".join([*lines[:line], b"  ", *lines[line:]])),
            ("a tab", b"".join([*lines[:line], b"\t", *lines[line:]])),
            ("an anchor", raw.replace(b": ", b": &x ", 1)),
            ("UTF-16", raw.decode("utf-8", "replace").encode("utf-16")),
            ("nothing in it", b""),
            ("a second document", raw + b"---\na: b\n"),
            ("a comment", b"# a comment\n" + raw),
        ]
    )
    if new == raw:
        return ""
    path.write_bytes(new)
    return f"{path.relative_to(root)}: {what} (at {at}, line {line + 1})"


# --- files


def _remove(rng: random.Random, root: Path) -> str:
    path = _some_file(rng, root)
    path.unlink()
    return f"remove {path.relative_to(root)}"


def _remove_folder(rng: random.Random, root: Path) -> str:
    folders = [
        path for top in ("base", "argocd", "overlays", "tenants") for path in (root / top).rglob("*") if path.is_dir()
    ]
    path = rng.choice(sorted(folders))
    shutil.rmtree(path)
    return f"remove the folder {path.relative_to(root)}"


def _move(rng: random.Random, root: Path) -> str:
    path = _some_file(rng, root)
    other = _some_file(rng, root)
    new = rng.choice(
        [path.with_name(f"{path.name}.bak"), path.with_name(f"x{path.name}"), path.parent / "sub" / path.name, other]
    )
    if new == path:
        return ""
    new.parent.mkdir(parents=True, exist_ok=True)
    path.replace(new)
    return f"move {path.relative_to(root)} to {new.relative_to(root)}"


def _rename_tenant(rng: random.Random, root: Path) -> str:
    path = rng.choice(sorted((root / "tenants").glob("*.yaml")))
    new = rng.choice([f"{path.stem}-2", f"x{path.stem}", "wiki"])
    text = path.read_text(encoding="utf-8").replace(f'name: "{path.stem}"\n', f"name: {new}\n")
    path.unlink()
    path.with_name(f"{new}.yaml").write_text(text, encoding="utf-8")
    return f"rename the tenant {path.stem} to {new}"


def _swap_files(rng: random.Random, root: Path) -> str:
    path, other = _some_file(rng, root), _some_file(rng, root)
    if path == other:
        return ""
    raw = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(raw)
    return f"{path.relative_to(root)} and {other.relative_to(root)} swap what they hold"


def _mode(rng: random.Random, root: Path) -> str:
    path = _some_file(rng, root)
    path.chmod(0o755)
    return f"{path.relative_to(root)} becomes executable"


def _link(rng: random.Random, root: Path) -> str:
    path, other = _some_file(rng, root), _some_file(rng, root)
    target = rng.choice(
        [os.path.relpath(other, path.parent), "/dev/zero", "/etc/passwd", "../../../../etc", "nowhere", "."]
    )
    path.unlink()
    path.symlink_to(target)
    return f"{path.relative_to(root)} becomes a link to {target}"


def _folder_link(rng: random.Random, root: Path) -> str:
    path = rng.choice(
        ["argocd/apps/more", "argocd/shards/s00/more", "base/edge/components/more", "tenants/more", "more"]
    )
    target = rng.choice([".", "..", "/tmp", "../overlays", "/proc"])  # noqa: S108 -- a link that leads out, no file
    if (root / path).exists():
        return ""
    (root / path).symlink_to(target)
    return f"{path} is a link to {target}"


# --- what git is told

_ATTRIBUTES: Final = (
    "* ident\n",
    "*.yaml ident\n",
    "*.yaml text eol=crlf\n",
    "tenants/* working-tree-encoding=UTF-16\n",
    "base/** filter=evil\n",
    "overlays/** export-ignore\n",
    "* text=auto eol=lf\n",
    "*.yaml -diff\n",
    "[attr]x ident\n*.yaml x\n",
    "*.yaml merge=union\n",
    "argocd/** -text\n",
)
_MODULES: Final = '[submodule "x"]\n\tpath = argocd/shards/s03/projects\n\turl = https://attacker.example.org/x.git\n'
_IGNORED: Final = (
    "tenants/\n",
    "overlays/\n",
    "*.yaml\n",
    "argocd/\n",
    "base/guard/core/network.yaml\n",
    "!*\n",
    "*.bak\n",
)


def _attributes(rng: random.Random, root: Path) -> str:
    folder = rng.choice(["", "", "", "tenants/", "base/edge/", "overlays/", "argocd/"])
    line = rng.choice(_ATTRIBUTES)
    path = root / f"{folder}.gitattributes"
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + line, encoding="utf-8")
    if "ident" in line:
        tenant = rng.choice(sorted((root / "tenants").glob("*.yaml")))
        tenant.write_text(f"# $Id$\n{tenant.read_text(encoding='utf-8')}", encoding="utf-8")
    return f"{folder}.gitattributes: {line!r}"


def _modules(rng: random.Random, root: Path) -> str:
    del rng
    (root / ".gitmodules").write_text(_MODULES, encoding="utf-8")
    return ".gitmodules"


def _ignore(rng: random.Random, root: Path) -> str:
    line = rng.choice(_IGNORED)
    with (root / ".gitignore").open("a", encoding="utf-8") as stream:
        stream.write(line)
    return f".gitignore: {line!r}"


def _gitlink(rng: random.Random, root: Path) -> str:
    """Put a repository inside the repository: `git add` takes it for a submodule."""
    path = rng.choice(["argocd/shards/s03/projects/evil", "base/edge/evil", "tenants/evil", "evil", "overlays/evil"])
    if (root / path).exists():
        return ""
    (root / path).mkdir(parents=True)
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "--quiet"], [*who, "commit", "--quiet", "--allow-empty", "--message", "evil"]):
        subprocess.run(["git", *command], cwd=root / path, check=True, capture_output=True, env=environment())
    return f"{path} is a gitlink"


_KINDS: Final[dict[Edit, int]] = {
    _yaml: 55,
    _drop_document: 5,
    _rename_everywhere: 4,
    _decoy: 7,
    _bytes: 8,
    _remove: 4,
    _remove_folder: 2,
    _move: 4,
    _rename_tenant: 2,
    _swap_files: 2,
    _mode: 1,
    _link: 3,
    _folder_link: 2,
    _attributes: 3,
    _modules: 1,
    _ignore: 2,
    _gitlink: 2,
}
