"""What kustomize makes of the generated files, class by class."""
