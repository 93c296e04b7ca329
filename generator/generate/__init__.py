"""From the fleet to files: sizes, overlays, what Argo CD reads."""
