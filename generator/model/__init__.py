"""What a company may be made of: the kinds and fields that are understood, and why each of them is."""
