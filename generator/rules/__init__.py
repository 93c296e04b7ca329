"""Rules: `catalog` says what each one is, the family modules beside it hold the functions that check them."""
