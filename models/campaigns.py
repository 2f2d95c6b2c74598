"""What a campaign may be: the words that its definition, its rule in SQL and the page that defines it share."""

AUDIENCES = ("condition", "prevention", "lapsed")
"""Whom a practice may define a campaign for: a chronic condition, preventive care that is due, or who has drifted away."""

STANDING_AUDIENCES = ("discharge", "visit", "prevention", "lapsed")
"""Those of the lists that every practice has (seed `outreach_campaigns`)."""

NEVER_HELD_OUT = ("discharge", "visit")
"""Those of lists of what a clinician ordered: nobody is held out, so what contacting changes cannot be told."""

CONDITIONS = (
    "arrhythmia",
    "arthritis",
    "asthma",
    "autism",
    "cancer",
    "chronic_kidney_disease",
    "copd",
    "coronary_artery_disease",
    "dementia",
    "depression",
    "diabetes",
    "heart_failure",
    "hepatitis",
    "hyperlipidemia",
    "hypertension",
    "osteoporosis",
    "schizophrenia",
    "stroke",
)
"""Conditions of the seed `chronic_condition_codes` that may be a reason to call: no list names who has HIV or uses substances."""

MOST_SITE_CAPACITY = 10_000
LONGEST_TITLE, LONGEST_WHY = 60, 160
