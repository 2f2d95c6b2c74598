{{ monthly_costs('stg_crm__marketing_spend', 'spend_id') }}
