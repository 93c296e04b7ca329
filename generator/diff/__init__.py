"""The rendered difference of two states: semantic, grouped over tenants, with what Argo CD will make of it.

`states` makes the two, `objects` compares objects, `groups` finds equal changes, `selectors` names their tenants,
`effects` says what happens in the cluster, `report` puts it into words, and `formats` writes them.
"""
