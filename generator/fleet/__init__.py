"""The platform and its tenants: read, validated, and as they were in earlier commits."""
