{%- set kpi_codes = [
    'no_show_rate',
    'late_cancellation_rate',
    'booking_lead_time',
    'third_next_available',
    'schedule_fill_rate',
    'slot_refill_rate',
    'telehealth_share',
    'online_booking_share',
    'pre_arrival_check_in_rate',
    'wait_from_check_in',
    'patient_retention_rate',
    'patient_attrition_rate',
    'new_patient_share',
    'reactivated_patient_share',
    'new_patient_acquisition_cost',
    'patient_keeping_cost',
    'acquisition_to_keeping_spend',
    'patient_lifetime_value',
    'referral_conversion_rate',
    'referral_leakage_rate',
    'engagement_score',
    'portal_adoption_rate',
    'response_rate',
    'opt_out_rate',
    'reminder_reach_rate',
    'consent_coverage_rate',
    'cahps_access',
    'cahps_communication',
    'cahps_coordination',
    'cahps_office_staff',
    'cahps_provider_rating',
    'net_promoter_score',
    'satisfaction_score',
    'outreach_staff_hours',
    'minutes_per_contact',
    'minutes_per_booking',
    'automated_touch_share',
    'care_gap_closure_rate',
    'preventive_care_rate',
    'days_to_gap_closure',
    'minutes_per_closed_gap',
    'follow_up_7_days',
    'follow_up_14_days',
    'readmission_30_days',
    'medication_adherence',
    'revenue_per_patient',
    'revenue_per_visit',
    'net_collection_rate',
    'days_in_ar',
    'net_days_in_ar',
    'ar_over_90_days_share',
    'clean_claim_rate',
    'initial_denial_rate',
    'initial_denial_dollar_rate',
    'denial_rate_eligibility',
    'denial_rate_authorization',
    'denial_rate_coding',
    'denial_rate_duplicate',
    'denial_rate_timely_filing',
    'denial_rate_medical_necessity',
    'denial_rate_other',
    'denial_write_off_rate',
    'first_pass_resolution_rate',
    'bad_debt_rate',
    'point_of_service_collection_rate',
    'charge_lag',
    'eligibility_verified_rate',
] -%}

with

kpis as (

    {% for kpi_code in kpi_codes %}
    select
        '{{ kpi_code }}' as kpi_code,
        month_on,
        location_key,
        provider_key,
        payer_class,
        patient_segment,
        cast(numerator as double) as numerator,
        cast(denominator as double) as denominator
    from {{ ref('kpi_' ~ kpi_code) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

months as (

    {{ month_spine() }}

),

catalog as (

    select * from {{ ref('kpi_catalog') }}

),

availability as (

    select * from {{ ref('int_kpis__availability') }}

),

final as (

    select
        kpis.kpi_code,
        kpis.month_on,
        kpis.provider_key,
        kpis.location_key,
        kpis.payer_class,
        kpis.patient_segment,
        kpis.numerator,
        kpis.denominator,
        {{ month_end('kpis.month_on') }} < {{ as_of_on() }} as is_complete_month,
        {{ month_end('kpis.month_on') }} < {{ as_of_on() }}
        and cast({{ dbt.dateadd('day', 'catalog.maturity_days', month_end('kpis.month_on')) }} as date) <= {{ as_of_on() }} as is_mature
    from kpis
    inner join months
        on kpis.month_on = months.month_on
    inner join catalog
        on kpis.kpi_code = catalog.kpi_code
    inner join availability
        on kpis.kpi_code = availability.kpi_code
    where availability.has_all_extracts
        and (kpis.month_on >= availability.history_starts_on or availability.history_starts_on is null)
        and (kpis.numerator <> 0 or kpis.denominator <> 0)

)

select
    {{ contract_columns() }}
from final
