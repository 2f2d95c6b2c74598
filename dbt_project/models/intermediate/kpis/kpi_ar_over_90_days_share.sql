select
    {{ kpi_row(month_end('month_on'), record_type='balance', patient='null') }},
    over_90_days_usd as numerator,
    balance_usd as denominator
from {{ ref('int_money__receivables') }}
where {{ services_are_known('month_on') }}
