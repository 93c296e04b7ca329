"""What the fleet costs, by declared prices, and what each company brings. Pure."""
