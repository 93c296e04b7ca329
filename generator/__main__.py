"""Lets `python -m generator` do what `tenantry` does."""

from generator.cli import main

if __name__ == "__main__":
    main()
