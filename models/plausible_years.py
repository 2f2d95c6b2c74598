"""Between which years the day of a record can lie: what is outside stands for no day, or is a typing error."""

FIRST_YEAR, LAST_YEAR = 1800, 2200
