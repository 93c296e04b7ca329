"""Turn tenant files into Kustomize overlays and Argo CD entries, and prove what they promise."""

__version__ = "0.1.0"
