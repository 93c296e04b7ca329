"""The forms of a difference: nothing in them is markup that is not ours, and a comment is whole however long."""

import html.parser
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from generator.diff.difference import WORK_TREE, Difference
from generator.diff.formats import MOST, as_json, markdown, page, show
from generator.diff.groups import Owner, Pair, group
from generator.diff.report import Block, Report, Section, report
from generator.diff.selectors import Name, Traits, Universe
from generator.kube.lenient import Object

HOSTILE = (
    "```\n````\n</pre></code></summary></details><script>alert(1)</script><img src=x onerror=alert(2)>"
    " @everyone [link](javascript:alert(3)) **bold** | <!-- --> &lt;b&gt; `code` \u202e\x1b[31m\u200b"
)


def difference(tenants: int, before: Object | None, after: Object | None, **traits: str) -> Difference:
    """Make a difference in which the same object changes for many tenants."""
    names = [f"company-{number:04}" for number in range(tenants)]
    pairs = [
        Pair(Owner("tenant", name, (f"{name}.example.com",)), [before] if before else [], [after] if after else [])
        for name in names
    ]
    plan = traits.get("plan", "silver")
    universe = Universe(
        {name: Traits(plan, addons=frozenset(), ring="general", hosts=False) for name in names}, whole=True
    )
    return Difference(
        before="0" * 40, after=WORK_TREE, fleet=tenants, groups=group(pairs), tenants=universe, shards=("s00",)
    )


def an_object(name: str, **rest: object) -> Object:
    """Make a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **rest}


def hostile() -> Difference:
    """Make a difference with hostile text wherever text may be."""
    changed = (an_object(HOSTILE, data={HOSTILE: "a"}), an_object(HOSTILE, data={HOSTILE: HOSTILE}))
    return difference(5, *changed, plan=HOSTILE)


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_comment(self, data: str) -> None:
        self.tags.add(f"comment {data}")


def test_hostile_text_is_no_markup_in_html() -> None:
    """Only tags and attributes that we write are there."""
    parser = _Tags()

    parser.feed(page(report(hostile())))

    written = "html head meta title style body h1 h2 p ul li code details summary pre span"
    assert parser.tags <= set(written.split())
    assert parser.attributes <= {"lang", "charset", "name", "content", "class", "open"}


def test_an_html_page_needs_nothing_else() -> None:
    """It can be kept as an artifact and opened anywhere."""
    text = page(report(hostile()))

    assert not re.search(r"<(script|link|img|iframe)|https?:|url\(", text)


def test_hostile_text_is_no_markup_in_markdown() -> None:
    """Outside of code, of either kind, nothing of it is left."""
    rest = _without_code(markdown(report(hostile())))

    assert "alert" not in rest
    assert "everyone" not in rest
    assert "bold" not in rest
    assert set(re.findall(r"<[^>]*>", rest)) == {"<details open>", "</details>", "<summary>", "</summary>"}


def _without_code(text: str) -> str:
    """Take fenced blocks, code spans and code elements out, by the rules of CommonMark."""
    kept = []
    fence = ""
    for line in text.splitlines():
        if fence:
            if re.fullmatch(rf" {{0,3}}`{{{len(fence)},}}\s*", line):
                fence = ""
        elif opened := re.match(r" {0,3}(`{3,})[^`]*$", line):
            fence = opened[1]
        else:
            kept.append(line)
    assert not fence
    outside = re.sub(r"<code>[^<]*</code>", "", "\n".join(kept))
    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)


def test_nothing_in_the_text_moves_the_cursor_or_turns_the_reading() -> None:
    """What cannot be seen is written by its number."""
    text = show(hostile(), "text")

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u200b\u202e]", text)
    assert "\\u202e\\u001b[31m\\u200b" in text


def test_json_holds_hostile_text_as_it_is() -> None:
    """The data is for programs: escaped by JSON alone."""
    (one,) = json.loads(as_json(hostile()))["groups"]

    assert one["objects"][0]["edits"][0]["after"] == HOSTILE
    assert one["names"] == [f"company-{number:04}" for number in range(5)]


# --- how long a comment may be


LINES = st.lists(st.text("ab`# -+", max_size=40).map(lambda line: f"+ {line}"), min_size=1, max_size=12)
SECTIONS = st.lists(st.lists(LINES, max_size=4), max_size=8)


def _report(bodies: list[list[list[str]]]) -> Report:
    sections = [
        Section(
            heading=(f"group {group}",),
            lines=tuple(("changed: ", Name(f"Kind/{group}-{item}")) for item in range(len(blocks))),
            blocks=tuple(Block((Name(f"Kind/{group}-{item}"),), tuple(lines)) for item, lines in enumerate(blocks)),
            grave=False,
        )
        for group, blocks in enumerate(bodies)
    ]
    objects = tuple(words for section in sections for words in section.lines)
    return Report(
        grave=(), title=("title",), effects=(), sections=tuple(sections), objects=objects, command="tenantry diff"
    )


@given(SECTIONS, st.integers(200, 3000))
def test_a_comment_is_never_too_long_and_no_diff_is_cut(bodies: list[list[list[str]]], most: int) -> None:
    """A diff is there whole or not at all, and every object is named as long as the names alone fit."""
    said = _report(bodies)
    names = [f"`Kind/{group}-{item}`" for group, blocks in enumerate(bodies) for item in range(len(blocks))]

    text = markdown(said, most)

    assert len(text) <= most
    fenced = re.findall(r"^(`{3,})diff\n(.*?)\n\1$", text, re.MULTILINE | re.DOTALL)
    whole = {"\n".join(line.rstrip() for line in lines) for blocks in bodies for lines in blocks}
    assert all(body in whole for _, body in fenced)
    if 200 + sum(len(name) + 15 for name in names) < most:
        assert all(name in text for name in names)


def test_the_largest_diffs_are_left_out_first_and_it_is_said() -> None:
    """The small ones stay, and the line in the place of a large one says how to see it."""
    said = _report([[["+ small"], ["+ large"] * 400]])

    text = markdown(said, 1500)

    assert "+ small" in text
    assert "`Kind/0-1`: left out for its length, `tenantry diff` shows it" in text


def test_a_comment_for_a_thousand_different_changes_names_every_object() -> None:
    """Where even the groups find no room, each object is told once, with its tenants by number."""
    pairs = [
        Pair(
            Owner("tenant", f"company-{number:04}"),
            [an_object("settings", data={"a": "x" * 60, "b": str(number)}), an_object("other", data={"a": number})],
            [an_object("settings", data={"a": "y" * 60, "b": str(-number)}), an_object("other", data={"a": -1})],
        )
        for number in range(1000)
    ]
    universe = Universe(
        {pair.owner.name: Traits("silver", addons=frozenset(), ring="general", hosts=False) for pair in pairs},
        whole=True,
    )
    found = Difference(
        before="0" * 40, after=WORK_TREE, fleet=1000, groups=group(pairs), tenants=universe, shards=("s00",)
    )

    text = markdown(report(found))

    assert len(text) < MOST
    assert "- changed: `ConfigMap/settings` in all 1000 tenants, in 1000 ways" in text
    assert "- changed: `ConfigMap/other` in all 1000 tenants, in 1000 ways" in text


def test_one_change_in_many_tenants_is_as_long_as_in_one() -> None:
    """Tenants are told by their number; their names are in the JSON."""
    one, many = (
        len(markdown(report(difference(count, an_object("a", data={"x": "1"}), an_object("a", data={"x": "2"})))))
        for count in (5, 500)
    )

    assert many - one < 10
