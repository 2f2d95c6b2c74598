{#- What may stand in a CRM: no finding, measure, score or name. -#}
with

listed as (

    select * from {{ ref('out_outreach_list') }}
    where is_within_capacity and contact_id is not null

),

locations as (

    select * from {{ ref('dim_locations') }}

),

identified as (

    select
        *,
        -- A task is one until an attempt on the person is on record: the CRM then updates what it has, whatever the reason is today.
        'task-' || substr(
            sha256(concat_ws('|', contact_source_system, contact_id, coalesce(cast(last_contacted_on as varchar), 'never'))), 1, 24
        ) as external_id
    from listed

),

final as (

    select
        identified.*,
        locations.location_id,
        {{ outreach_capacity('locations.location_id') }} as site_capacity,
        case identified.list_reason
            when 'disengagement' then 'disengagement'
            when 'reengagement' then 'reactivation'
            else 'care_gap'
        end as reason,
        identified.is_clinically_urgent as is_urgent,
        identified.recommended_channel as channel,
        identified.listed_on as created_on,
        strftime({{ practice_time('identified.not_before_at') }}, '%H:%M') as contact_from,
        strftime({{ practice_time('identified.not_after_at') }}, '%H:%M') as contact_until,
        {%- if var("dashboards_url") %}
        {{ dbt.string_literal(dbt.escape_single_quotes(var("dashboards_url").rstrip("/"))) }} || '/outreach?task='
        || identified.external_id as link
        {%- else %}
        cast(null as varchar) as link
        {%- endif %}
    from identified
    left join locations
        on identified.location_key = locations.location_key

)

select
    {{ contract_columns() }}
from final
