with

slots as (

    select
        source_system,
        snapshot_on,
        practitioner_id,
        location_id,
        starts_on,
        row_number() over (partition by source_system, snapshot_on, practitioner_id order by starts_at, location_id) as place
    from {{ ref('stg_crm__open_slots') }}

),

providers as (

    select
        practitioner_id,
        min(provider_key) as provider_key
    from {{ ref('int_reference__providers') }}
    group by practitioner_id
    having count(*) = 1  -- An id of two EHRs names neither clinician.

),

locations as (

    select * from {{ ref('int_activity__named_locations') }}

),

-- The third, since the first and second are often gaps that a cancellation has just left.
third_slots as (

    select
        {{ surrogate_key(['slots.source_system', 'slots.snapshot_on', 'slots.practitioner_id']) }} as snapshot_key,
        slots.snapshot_on,
        locations.location_key,
        providers.provider_key,
        'unknown' as payer_class,
        'unknown' as patient_segment,
        {{ dbt.datediff('slots.snapshot_on', 'slots.starts_on', 'day') }} as n_days
    from slots
    left join providers
        on slots.practitioner_id = providers.practitioner_id
    left join locations
        on slots.location_id = locations.location_id
    where slots.place = 3
        and slots.snapshot_on < {{ as_of_on() }}

)

select
    {{ kpi_row('snapshot_on', 'snapshot_key', patient='null') }},
    n_days as numerator,
    1 as denominator
from third_slots
