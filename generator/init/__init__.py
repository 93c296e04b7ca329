"""A repository of the user's own, and what its pipelines install."""
