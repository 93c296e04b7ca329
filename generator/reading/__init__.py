"""Text read strictly: YAML, JSON Schema, quantities, files. Knows no tenant."""
