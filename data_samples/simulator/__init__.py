"""Simulates a practice: `caregap simulate`.

Belongs here: how synthetic patients live, are treated, billed and contacted, and what three systems deliver about it. Does not:
anything that the product does with it. The simulator depends only on the contracts in `models/`.

Every patient has a hidden state (engaged, wavering, disengaged) that changes from month to month (`laws.py`, `engagement.py`). It
determines who books, attends, replies and returns. `visits.py` assigns days and times, the clinical modules fill the visits,
`billing.py` charges them, the CRM modules send messages and call. `deliveries.py` selects the versions in each export, `dirt.py`
adds faults. Patients are simulated in chunks, each with its own random streams: same seed, same bytes, bounded memory.

`truth/` is for tests and benchmarks alone:

    identities            person_id of every delivered patient, contact and account
    engagement_states     per patient and month: hidden state and its drivers
    disengagement_risk    per eligible patient and first of month: the risk of lapsing given the state (`probability`) and given
                          everything observable (`best_possible`), the expected interval, and the outcome
    outreach_effects      per campaign member: probability of a visit in the month and the next two, with and without an attempt
    program_effects       per site and month: counts in this world and in the same world without the program
    care_gaps             per measure and group (36 of 37), year and patient of the denominator: status, evidence_on
    quarantine            every row that must be quarantined: file, row_number, field
    parameters.json       rates, odds and effects
"""
