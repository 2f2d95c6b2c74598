"""A layout says how an export's columns fill a contract, and every mistake in it is named."""

import pytest

from models.settings.layout import read_layout
from models.settings.toml_schema import SettingsRefused

GOOD = """\
title = "Payments of our till"
source = "billing"
extract = "patient_payments"
recognised_by = ["Receipt", "Patient No"]

[form]
dates = "day_first"

[columns]
payment_id = "Receipt"
account_id = "Patient No"
paid_on = "Day"
amount_usd = "Paid"
method = { column = "How", values = { "EC" = "card" }, default = "cash" }
is_at_service = { constant = "true" }
updated_at = { join = ["Day", "Time"] }
"""


def mistakes_in(text: str) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        read_layout(text.encode(), "till.toml")
    return str(refused.value).splitlines()


def test_a_layout_names_the_columns_of_each_field():
    layout = read_layout(GOOD.encode(), "till.toml")

    assert layout.columns["payment_id"].columns == ["Receipt"]
    assert layout.columns["updated_at"].columns == ["Day", "Time"]
    assert layout.columns["is_at_service"].columns == []


FIXED = '{ constant = "true" }'


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('"billing"', '"biling"', 'till.toml:2: source cannot be "biling": it must be one of crm, billing.'),
        ('"patient_payments"', '"patient_payment"', "till.toml:3: extract is no table of billing. Did you mean patient_payments"),
        ('"day_first"', '"dmy"', 'till.toml:7: form.dates cannot be "dmy": it must be month_first or day_first.'),
        ("amount_usd =", "amount =", "till.toml:13: columns.amount is no field of patient_payments. Did you mean amount_usd?"),
        ("amount_usd =", "charge_id =", "till.toml:9: columns.amount_usd is missing, and must have a value: Amount;"),
        ('= "card"', '= "EC"', 'till.toml:14: columns.method.values.EC cannot be "EC": it must be one of card, cash, check'),
        (FIXED, '{ split = "Name", part = "1" }', 'columns.is_at_service.part cannot be "1": it must be which part'),
        (FIXED, '{ constnt = "true" }', "is_at_service.constnt is not a setting here. Did you mean constant?"),
        (FIXED, '{ constant = "true", column = "X" }', "must say one of column, first_of, any_of, join, split, constant, not 2"),
        (FIXED, '"TODO: which column?"', "till.toml:15: columns.is_at_service.column is still to be said: which column?"),
        (FIXED, '{ split = "Name" }', "must say both split and part"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(was: str, becomes: str, said: str):
    assert said in "\n".join(mistakes_in(GOOD.replace(was, becomes, 1)))


def test_all_that_is_still_to_be_said_is_named_at_once():
    text = GOOD.replace('"Receipt"\n', '"TODO: which?"\n').replace('"Paid"', '"TODO: which?"')

    assert len(mistakes_in(text)) == 2


def test_a_layout_that_no_file_could_be_known_by_is_refused():
    [said] = mistakes_in(GOOD.replace('recognised_by = ["Receipt", "Patient No"]\n', ""))

    assert "say by which columns or file names such a file is known" in said
