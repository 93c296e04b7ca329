"""What the API server checks of one object and no schema says: names, references inside it, what excludes what."""
