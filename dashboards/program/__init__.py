"""What an engagement program did and was worth: the answer, its evidence, its money, and what would change it."""
