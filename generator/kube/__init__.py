"""Kubernetes objects and kustomize: schemas, pods, kustomizations, builds."""
