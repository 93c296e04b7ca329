"""Edits of tenant files."""
