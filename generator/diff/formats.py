"""The forms in which a difference is shown; each is a function from the report to text. Pure.

Whatever comes from outside (names, paths, values) is kept from being markup: in Markdown it stands in code, behind
fences longer than any inside; in HTML it is escaped.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, Literal

from generator.diff.difference import Difference
from generator.diff.groups import Group, Item, Owner, fill
from generator.diff.objects import ABSENT, Edit, place
from generator.diff.report import Block, Report, Section, object_name, report, stand_in, visible, whose
from generator.diff.selectors import Name, Words

MOST: Final = 65_000
"""Characters of a Markdown text: a comment on GitHub holds 65,536, and whoever posts it may add a mark of its own."""

_VERSION: Final = 1

Style = Literal["", "heading", "grave", "gone", "new", "faint"]


def show(difference: Difference, form: str) -> str:
    """Write a difference in one of `generator.diff.FORMATS`; the text has no colour, see `text`."""
    match form:
        case "text":
            return "".join(f"{line}\n" for line, _ in text(report(difference)))
        case "markdown":
            return markdown(report(difference))
        case "json":
            return as_json(difference)
        case "html":
            return page(report(difference))
        case _:
            raise ValueError(form)


# --- text


def text(said: Report) -> Iterator[tuple[str, Style]]:
    """Yield the lines for a terminal, each with the style that it has where there is colour."""
    for words in said.grave:
        yield f"Argo CD {_plain(words)}", "grave"
    if said.grave:
        yield "", ""
    yield _plain(said.title), "heading"
    if said.effects:
        yield "Argo CD", ""
        yield from ((f"  {_plain(words)}", "") for words in said.effects)
    if said.capacity:
        yield "Nodes", ""
        yield from ((f"  {_plain(words)}", "") for words in said.capacity)
    for section in said.sections:
        yield "", ""
        yield _plain(section.heading), "grave" if section.grave else "heading"
        yield from ((f"  {_plain(words)}", "") for words in section.lines)
        for block in section.blocks:
            yield "", ""
            yield f"  {_plain(block.title)}", "heading"
            yield from ((f"    {line}".rstrip(), _STYLES.get(line[0], "faint")) for line in block.lines)


_STYLES: Final[Mapping[str, Style]] = {"-": "gone", "+": "new"}


def _plain(words: Words) -> str:
    return visible("".join(words))


# --- Markdown


def markdown(said: Report, most: int = MOST) -> str:
    """Write a comment for a pull request.

    Args:
        said: What is said.
        most: How many characters it may have. When it would have more, whole diffs are left out, the largest first,
            each with a line that says so; then every section, for one line an object. Nothing is cut in the middle.
    """
    head = [
        *(f"**Argo CD {_code(words)}**\n" for words in said.grave),
        f"### {_code(said.title)}\n",
        *_list("Argo CD", said.effects),
        *_list("Nodes", said.capacity),
    ]
    diffs = [_fenced(block) for section in said.sections for block in section.blocks]
    notes = [_note(block, said.command) for section in said.sections for block in section.blocks]
    room = most - _length(_with_sections(head, said.sections, diffs))
    chosen = list(diffs)
    for number in sorted(range(len(diffs)), key=lambda one: len(diffs[one]), reverse=True):
        if room >= 0:
            break
        if len(notes[number]) < len(diffs[number]):
            room += len(diffs[number]) - len(notes[number])
            chosen[number] = notes[number]
    if room >= 0:
        return "\n".join(_with_sections(head, said.sections, chosen))
    left_out = f"Too much differs in too many ways to be told here; `{said.command}` tells it all. Every object once:\n"
    return _lines_within(most, [*head, left_out, *(f"- {_code(words)}" for words in said.objects), ""], said.command)


def _lines_within(most: int, parts: Sequence[str], command: str) -> str:
    """Join whole lines as long as they fit; all do, unless `base/` itself makes hundreds of objects of a tenant."""
    if _length(parts) <= most:
        return "\n".join(parts)
    ends = list(accumulate(len(part) + 1 for part in parts))
    rest = f"- and more than fits here: `{command}`\n"
    fitting = sum(end + len(rest) < most for end in ends)
    return "\n".join([*parts[:fitting], rest])


def _length(parts: Iterable[str]) -> int:
    return sum(len(part) + 1 for part in parts)


def _with_sections(head: Sequence[str], sections: Iterable[Section], diffs: Iterable[str]) -> list[str]:
    """Return the parts of the text, each without the line end behind it."""
    parts = list(head)
    remaining = iter(diffs)
    for section in sections:
        parts.append(f"#### {_code(section.heading)}\n")
        parts += [f"- {_code(words)}" for words in section.lines]
        parts.append("")
        parts += [next(remaining) for _ in section.blocks]
    return parts


def _list(title: str, items: Sequence[Words]) -> Iterator[str]:
    if items:
        yield f"{title}\n"
        yield from (f"- {_code(words)}" for words in items)
        yield ""


_SHORT: Final = 30
"""Lines of a diff that is shown unfolded."""


def _fenced(block: Block) -> str:
    fence = _fence("\n".join(block.lines), at_least=3)
    unfolded = " open" if len(block.lines) <= _SHORT else ""
    body = "\n".join(line.rstrip() for line in block.lines)
    return (
        f"<details{unfolded}><summary>{_tagged(block.title)}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"
    )


def _note(block: Block, command: str) -> str:
    return f"{_code(block.title)}: left out for its length, `{command}` shows it\n"


def _fence(inside: str, *, at_least: int) -> str:
    """Return more backticks than stand anywhere inside, so that nothing inside ends it."""
    longest = max((len(run) for run in re.findall("`+", inside)), default=0)
    return "`" * max(at_least, longest + 1)


def _code(words: Words) -> str:
    """Write a sentence with all that comes from outside in code spans, where nothing is markup or calls anybody."""
    return "".join(_span(word) if isinstance(word, Name) else word for word in words)


def _span(name: str) -> str:
    shown = visible(name)
    fence = _fence(shown, at_least=1)
    return f"{fence} {shown} {fence}" if "`" in shown else f"{fence}{shown}{fence}"


def _tagged(words: Words) -> str:
    """Write a sentence as HTML, all that comes from outside escaped and in code."""
    return "".join(
        f"<code>{html.escape(visible(word))}</code>" if isinstance(word, Name) else html.escape(word) for word in words
    )


# --- HTML


_CSS: Final = """\
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
code{overflow-wrap:anywhere}
@media(min-width:45rem){code{white-space:nowrap}}
pre{margin:.5rem 0;padding:.5rem;overflow:auto;border:1px solid #d1d9e0;border-radius:6px}
.grave{margin:.5rem 0;padding:.5rem 1rem;border-left:4px solid #cf222e;background:#ffebe9}
.gone{color:#a40e26}.new{color:#116329}.faint{color:#59636e}
summary{cursor:pointer}
@media(prefers-color-scheme:dark){body{color:#f0f6fc;background:#0d1117}pre{border-color:#3d444d}
.grave{background:#442a2d}.gone{color:#ff9492}.new{color:#7ee787}.faint{color:#9198a1}}
"""


def page(said: Report) -> str:
    """Write one HTML file that needs no other, and holds no script."""
    title = html.escape(_plain(said.title))
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        f'<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>',
        f"<style>\n{_CSS}</style></head>",
        "<body>",
        *(f'<p class="grave">Argo CD {_tagged(words)}</p>' for words in said.grave),
        f"<h1>{_tagged(said.title)}</h1>",
    ]
    if said.effects:
        parts += ["<p>Argo CD</p>", *_items(said.effects)]
    if said.capacity:
        parts += ["<p>Nodes</p>", *_items(said.capacity)]
    for section in said.sections:
        parts += [f"<h2>{_tagged(section.heading)}</h2>", *_items(section.lines)]
        for block in section.blocks:
            unfolded = " open" if len(block.lines) <= _SHORT else ""
            lines = "\n".join(_line(line) for line in block.lines)
            parts.append(f"<details{unfolded}><summary>{_tagged(block.title)}</summary><pre>{lines}</pre></details>")
    return "\n".join([*parts, "</body>", "</html>", ""])


def _items(sentences: Iterable[Words]) -> list[str]:
    return ["<ul>", *(f"<li>{_tagged(words)}</li>" for words in sentences), "</ul>"]


def _line(line: str) -> str:
    return f'<span class="{_STYLES.get(line[0], "faint")}">{html.escape(line)}</span>'


# --- JSON


def as_json(difference: Difference) -> str:
    """Write all of it as data: every group with the names of its tenants and every edit.

    What is a tenant's own stands as `<tenant>`, `<host>`, `<host 1>` where a group has more than one.
    """
    said = report(difference)
    document = {
        "version": _VERSION,
        "before": difference.before,
        "after": difference.after,
        "tenants": difference.fleet,
        "synced": list(difference.synced(paused=False)),
        "paused": list(difference.synced(paused=True)),
        "grave": [_plain(words) for words in said.grave],
        "effects": [_plain(words) for words in said.effects],
        "capacity": [_plain(words) for words in said.capacity],
        "groups": [_group(difference, group) for group in difference.groups],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _group(difference: Difference, group: Group) -> dict[str, Any]:
    return {
        "of": group.owners[0].kind,
        "names": [owner.name for owner in group.owners],
        "selector": _plain(whose(difference, group.owners)),
        "objects": [_object(item, group.owners) for item in group.items],
    }


def _object(item: Item, owners: Sequence[Owner]) -> dict[str, Any]:
    strings = stand_in(owners)
    found: dict[str, Any] = {
        "apiVersion": item.api_version,
        "object": object_name(item, owners),
        "fate": str(item.fate),
        "restartsPods": item.restarts,
        "cannotChange": list(item.fields),
    }
    if item.whole is not None:
        return found | {"after": fill(item.whole, strings)}
    return found | {"edits": [_edit(edit, strings) for edit in item.edits]}


def _edit(edit: Edit, strings: Sequence[str]) -> dict[str, Any]:
    sides = {"before": edit.before, "after": edit.after}
    where = {"path": place(fill(edit.path, strings))}
    return where | {key: fill(side, strings) for key, side in sides.items() if side is not ABSENT}
