"""Generated files on the branch that Argo CD follows."""
