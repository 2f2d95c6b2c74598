"""Simulates a practice: `caregap simulate`.

What belongs here: how synthetic people live, are seen, billed and written to, and what three systems deliver of it. What does
not: anything that the product does with it; the simulator knows the contracts in `models/` and nothing else.

Every patient has a hidden state (engaged, wavering, disengaged) that moves month by month (`laws.py`, `engagement.py`). It
decides who books, comes, replies and returns; `visits.py` gives days and hours to what it decided, the clinical modules fill the
visits, `billing.py` charges them, the CRM modules write and call. `deliveries.py` says which versions an export shows, `dirt.py`
spoils some of it. Patients are simulated in chunks, each with random streams of its own: same seed, same bytes, bounded memory.

`truth/` is for tests and benchmarks alone:

    identities            person_id of every delivered patient, contact and account
    engagement_states     per patient and month: hidden state and what moves it
    disengagement_risk    per eligible patient and first of month: the risk of lapsing given the state (`probability`) and given
                          all that can be known (`best_possible`), the expected interval, and what came of it
    outreach_effects      per campaign member: probability of a visit in the month and the next two, with and without an attempt
    program_effects       per site and month: counts in this world and in the same world without the program
    care_gaps             per measure and group (17 of the 18), year and patient of the denominator: status, evidence_on
    quarantine            every row that must be quarantined: file, row_number, field
    parameters.json       rates, odds and effects
"""
