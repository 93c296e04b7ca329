"""What `verify` proves about a render, each proof a pure function that returns data and counterexamples."""
