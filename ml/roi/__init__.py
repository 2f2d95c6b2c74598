"""What a program was worth: cash flows from effects, volumes, unit values and assumptions, with their uncertainty carried
through.

Scenario      assumptions, as ranges                                     scenario.py
Volumes       what the effects apply to, month by month, and the costs   volumes.py
Quantities    every uncertain number as draws, or at its centre          quantities.py
cash_flows    benefits and costs, draws x months, nothing twice          cash_flows.py
valuation     the tables: values by year, returns, tornado               valuation.py, sensitivity.py
"""
