"""Queries to begin with: five that run on each file that a role may read."""

WITHOUT_PATIENTS = {
    "No-show rate in person and by video": """select is_telehealth, count(*) as n_due,
    count(*) filter (where final_status = 'no_show') / count(*) as no_show_rate
from fct_appointments
where is_due
group by all
order by is_telehealth""",
    "Open care gaps by measure": """select measure_code, title, count(*) as n_open
from fct_measure_results
inner join dim_measures using (measure_code)
where gap_status = 'open'
group by all
order by n_open desc""",
    "Denied claims by payer class": """select payer_class, count(*) as n_claims,
    count(*) filter (where is_initially_denied) / count(*) as denial_rate
from fct_claims
group by all
order by denial_rate desc""",
    "What was collected, and what was written off": """select payer_class, movement_type,
    count(*) as n_payments, sum(amount_usd) as amount_usd
from fct_payments
group by all
order by payer_class, amount_usd desc""",
    "Visits of each sex and age": """select sex, 10 * floor(age_years / 10) as age_from, count(encounter_key) as n_visits
from dim_patients
left join fct_encounters using (patient_key)
group by all
order by sex, age_from""",
}
WITH_PATIENTS = {
    "No-show rate by month": """select month_on, sum(numerator) / nullif(sum(denominator), 0) as no_show_rate
from fct_kpis
where kpi_code = 'no_show_rate' and is_mature and is_complete_month
group by all
order by month_on""",
    "Every headline KPI in its newest mature quarter": """select kpi_name, value, dim_kpis.target, before_value, before_status
from fct_kpi_periods
inner join dim_kpis using (kpi_code)
where is_newest and n_months = 3 and slice_type = 'all' and is_headline
order by display_order""",
    "Open care gaps by measure": """select measure_code, count(*) as n_open,
    count(*) filter (where is_actionable_today) as n_today
from fct_care_gaps
where gap_status = 'open'
group by all
order by n_open desc""",
    "Claims denied first, by payer and reason": """select payer_name, initial_denial_reason,
    count(*) as n_claims, sum(billed_usd) as billed_usd
from fct_claims
where is_initially_denied
group by all
order by n_claims desc""",
    "How old the data of each source are": """select source_system, extract, n_rows, newest_exported_at
from dim_extracts
where is_delivered
order by newest_exported_at""",
}
