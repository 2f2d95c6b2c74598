{{ with_billing_dimensions('stg_billing__charges', id='charge_id', key='charge_key') }}
