"""The rendered difference of two states: semantic, grouped over tenants, with what Argo CD will make of it.

`compare` makes the two states and `owned` renders them; `objects` compares objects, `effects` says what happens to them
in the cluster, `groups` finds equal changes, and `selectors` names their tenants; `report` puts it all into words, and
`formats` writes them.
"""

from typing import Final

FORMATS: Final = ("text", "markdown", "json", "html")
"""What `formats.show` writes; here, because the command line must not import what it takes to write them."""
