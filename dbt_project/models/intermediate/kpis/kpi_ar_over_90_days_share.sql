select
    {{ kpi_row(month_end('month_on'), record_type='balance', patient='null') }},
    over_90_days_usd as numerator,
    balance_usd as denominator
from {{ ref('int_money__receivables') }}
-- Receivables cannot be old before the charges are.
where month_on >= {{ add_months('history_starts_on', 3) }}
