with demographics as (

    select * from {{ ref('int_patients__demographics') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

permissions as (

    select * from {{ ref('int_patients__permissions') }}

),

visits as (

    select * from {{ ref('int_patients__visits') }}

),

engagement as (

    select * from {{ ref('int_patients__engagement') }}

),

open_gaps as (

    select
        patient_key,
        count(distinct measure_code) as n_open_gaps
    from {{ ref('fct_measure_results') }}
    where
        gap_status = 'open'
        and measure_code in (select measure_code from {{ ref('measure_catalog') }} where is_for_outreach)
        and period_start_on = (select max(period_start_on) from {{ ref('int_measures__periods') }} where period_type = 'year')
    group by patient_key

),

final as (

    select
        demographics.patient_key,
        demographics.mrn,
        demographics.first_name,
        demographics.last_name,
        demographics.birth_date,
        profiles.age_years,
        demographics.sex,
        demographics.race,
        demographics.ethnicity,
        demographics.language,
        demographics.phone,
        demographics.email,
        demographics.address_line,
        demographics.city,
        demographics.state,
        demographics.postal_code,
        demographics.is_deceased,
        demographics.deceased_on,
        profiles.primary_provider_key,
        profiles.home_location_key,
        profiles.payer_class,
        profiles.payer_name,
        demographics.preferred_channel,
        permissions.may_sms,
        permissions.may_email,
        permissions.may_phone,
        permissions.may_mail,
        permissions.may_portal,
        permissions.is_do_not_contact,
        visits.first_visit_on,
        visits.last_visit_on,
        visits.next_appointment_at,
        coalesce(visits.n_visits_24_months, 0) as n_visits_24_months,
        coalesce(engagement.has_portal_account, false) as has_portal_account,
        engagement.last_portal_login_on,
        engagement.last_contacted_on,
        engagement.last_responded_on,
        profiles.n_chronic_conditions,
        profiles.patient_segment,
        {{ is_active_before(
            as_of_on(), 'demographics.is_deceased', 'demographics.deceased_on', 'visits.last_visit_on'
        ) }} as is_active,
        coalesce(open_gaps.n_open_gaps, 0) as n_open_gaps,
        demographics.has_ehr_record,
        demographics.has_crm_record,
        demographics.has_billing_record
    from demographics
    inner join profiles using (patient_key)
    inner join permissions using (patient_key)
    left join visits using (patient_key)
    left join engagement using (patient_key)
    left join open_gaps using (patient_key)

)

select
    {{ contract_columns() }}
from final
