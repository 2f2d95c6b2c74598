select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    over_90_days_usd as numerator,
    balance_usd as denominator
from {{ ref('int_money__receivables') }}
-- Receivables cannot be old before the charges are.
where month_on >= {{ add_months('history_starts_on', 3) }}
