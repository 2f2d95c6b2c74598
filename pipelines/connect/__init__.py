"""Systems reached by API: pulls become deliveries, lists are pushed, outcomes come back. Derives nothing from rows."""
