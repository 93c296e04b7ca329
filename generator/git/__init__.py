"""The one door to git, and what a repository holds at one moment."""
