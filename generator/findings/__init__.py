"""What is said: findings, the words of the rules, and the formats of both."""
