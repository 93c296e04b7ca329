"""The fleet on one HTML page that needs no other file and no network: for people who would rather look than read."""
