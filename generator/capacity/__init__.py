"""Whether the companies fit the nodes: what they run, where it is placed, and what is left. Pure."""
