select
    {{ kpi_slice('closures.month_end_on') }},
    sum(closures.n_days_open) as numerator,
    count(*) as denominator
from {{ ref('int_gaps__closures') }} as closures
inner join (
    select
        patient_key,
        home_location_key as location_key,
        primary_provider_key as provider_key,
        payer_class,
        patient_segment
    from {{ ref('int_patients__profile') }}
) as profiles
    on closures.patient_key = profiles.patient_key
where closures.month_end_on < {{ as_of_on() }}
group by all
