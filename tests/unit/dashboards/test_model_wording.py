"""A risk model's figures in words."""

from dashboards.figures.model_wording import looks_in_words, rank_in_words


def test_how_well_a_model_ranks_is_said_in_pairs_of_patients():
    said = rank_in_words(0.862, 0.711, 0.016, "drifted away")
    assert "in 86 of 100 such pairs" in said and "does so in 71: that is better by more than chance" in said
    assert "no gain can be told from chance" in rank_in_words(0.6, 0.52, -0.06, "missed the appointment")


def test_predictions_that_came_true_stand_beside_those_expected():
    """17 / 1.07 = 15.9; 17 of 190 are 9 %."""
    said = looks_in_words(190, 92, 17, 1.07, "drifted away")
    assert said == (
        "92 patients, each looked at once a month while the test ran: 190 predictions. "
        "After 17 of them (9 %) the patient drifted away; 16 were expected."
    )


def test_a_model_of_appointments_was_tested_on_appointments():
    """67 / 0.995 = 67.3; 67 of 672 are 10 %."""
    said = looks_in_words(672, 529, 67, 0.995, "missed the appointment")
    assert said == "672 appointments of 529 patients. 67 of them (10 %) were missed; 67 were expected."
