{#- Campaigns that were defined in the dashboards; those that were ended early are left out. -#}
select
    campaign_code,
    title,
    audience,
    condition_name,
    measure_code,
    no_visit_months,
    why,
    channel,
    site_capacity,
    holdout_share,
    starts_on,
    ends_on,
    defined_by,
    updated_at as defined_at
from {{ source('raw', 'caregap_campaigns') }}
where not is_withdrawn
