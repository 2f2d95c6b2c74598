"""Values a program: cash flows from effects, volumes, unit values and assumptions, with their uncertainty propagated.

Scenario      assumptions as ranges                                       scenario.py
Volumes       monthly volumes that the effects apply to, and the costs    volumes.py
Quantities    uncertain inputs as draws or central values                 quantities.py
cash_flows    benefits and costs, draws x months, without double counting cash_flows.py
ownership     costs by category and year over five years                  ownership.py
valuation     the tables: values by year, returns, tornado                valuation.py, sensitivity.py
"""
