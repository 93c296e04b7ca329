"""Looking into one company in a cluster: which command answers what, and what its objects say is wrong. Pure."""
