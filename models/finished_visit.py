"""By which words, other than FHIR's own, systems say that a visit is finished."""

WORDS = ("complete", "completed", "closed", "checkedout", "discharged")
"""In small letters, without signs between words."""
