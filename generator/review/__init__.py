"""What is wrong with one state of the repository, and with a change from one to another."""
