{{ with_billing_dimensions('stg_billing__claims', id='claim_id', key='claim_key') }}
