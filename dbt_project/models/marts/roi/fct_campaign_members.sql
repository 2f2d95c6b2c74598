{#- The day of the list is the first of the days, for both arms alike, as in fct_outreach_trials. -#}
{%- set outcome_days = 90 -%}

with

members as (

    select * from {{ ref('stg_landing__published_campaign_members') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

visited as (

    select
        members.campaign_code,
        members.patient_key
    from members
    inner join {{ ref('int_activity__encounters') }} as encounters
        on members.patient_key = encounters.patient_key
        and encounters.is_completed_visit
        and encounters.started_on >= members.added_on
        and encounters.started_on < members.added_on + {{ outcome_days }}
    group by members.campaign_code, members.patient_key

),

-- A gap of the campaign's measure; of a campaign for none in particular, of any measure that outreach asks for.
closed as (

    select
        members.campaign_code,
        members.patient_key
    from members
    inner join {{ ref('int_gaps__closures') }} as closures
        on members.patient_key = closures.patient_key
        and closures.closed_on >= members.added_on
        and closures.closed_on < members.added_on + {{ outcome_days }}
        and closures.measure_code = coalesce(members.measure_code, closures.measure_code)
    inner join {{ ref('dim_measures') }} as measures
        on closures.measure_code = measures.measure_code
        and measures.is_for_outreach
    group by members.campaign_code, members.patient_key

),

-- A person who is not known any more, as after two charts became one, has no outcome in either arm.
final as (

    select
        members.campaign_code,
        members.title,
        members.audience,
        members.measure_code,
        members.patient_key,
        profiles.home_location_key as location_key,
        members.added_on,
        members.is_held_out,
        visited.patient_key is not null as has_visit_90_days,
        closed.patient_key is not null as has_closed_gap_90_days,
        members.added_on + {{ outcome_days + disengagement_recording_days() }} as known_on
    from members
    inner join profiles
        on members.patient_key = profiles.patient_key
    left join visited
        on members.campaign_code = visited.campaign_code and members.patient_key = visited.patient_key
    left join closed
        on members.campaign_code = closed.campaign_code and members.patient_key = closed.patient_key

)

select
    {{ contract_columns() }}
from final
