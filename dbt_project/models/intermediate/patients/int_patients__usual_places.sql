{#- The site and provider that a person sees most: in the last 24 months, or earlier if there is nothing newer. A hospital stay is no visit. -#}
with visits as (

    select
        links.patient_key,
        locations.location_key,
        providers.provider_key,
        encounters.started_on,
        encounters.started_on >= {{ add_months(as_of_on(), -24) }} as is_recent
    from {{ ref('stg_ehr__encounters') }} as encounters
    inner join {{ ref('int_identity__patient_links') }} as links
        on
            encounters.source_system = links.source_system
            and encounters.patient_id = links.source_id
            and links.source_record_type = 'ehr_patient'
    left join {{ ref('int_reference__locations') }} as locations
        on
            encounters.source_system = locations.source_system
            and coalesce(encounters.location_id, encounters.organization_id) = locations.location_id
    left join {{ ref('int_reference__providers') }} as providers
        on encounters.source_system = providers.source_system and encounters.practitioner_id = providers.practitioner_id
    where {{ is_completed_visit('encounters') }}

),

{%- for thing in ['location', 'provider'] %}
{{ thing }}s as (

    select
        patient_key,
        {{ thing }}_key
    from visits
    where {{ thing }}_key is not null
    group by patient_key, {{ thing }}_key
    qualify row_number() over (
        partition by patient_key order by count(*) filter (is_recent) desc, max(started_on) desc, {{ thing }}_key
    ) = 1

){{ "," if not loop.last }}
{%- endfor %}

select
    patient_key,
    locations.location_key,
    providers.provider_key
from locations
full join providers using (patient_key)
