"""What companies had and when, from git alone."""
