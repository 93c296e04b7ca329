"""Rules, by family: each has its words at the function that checks it, and `every` knows them all."""
