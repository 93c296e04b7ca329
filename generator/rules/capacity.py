"""CAP: what a tenant may use, against what its plan holds."""
