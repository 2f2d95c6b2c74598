"""The report for the board: a month or a quarter of the published warehouse as one HTML file that needs nothing else.

period.py says which months; kpis.py, movement.py, care_gaps.py and program.py read what the report shows; charts.py draws it as
SVG; report.py puts it together with the template `report.html.j2`. It holds counts and rates: no patient, no clinician.
"""
