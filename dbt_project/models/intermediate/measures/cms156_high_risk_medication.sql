{%- set antipsychotics, benzodiazepines = 'potentially_harmful_antipsychotics_for_older_adults', 'potentially_harmful_benzodiazepines_for_older_adults' -%}
{%- set anti_infectives = 'potentially_harmful_antiinfectives_for_older_adults' -%}
-- CMS156 Use of High-Risk Medications in Older Adults (FHIR), version 1.0.000. The numerator is the harm: 1 a high-risk drug, 2 an antipsychotic
-- or benzodiazepine without a diagnosis that justifies it, 3 either
with

initial_population as (

    select
        groups.group_id,
        patient_periods.*
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    cross join (values ('Group_1'), ('Group_2'), ('Group_3')) as groups (group_id)
    where
        patient_periods.age_at_end >= 65
        and {{ has_visit(value_sets=[
            'office_visit',
            'ophthalmological_services',
            'preventive_care_services_established_office_visit_18_and_up',
            'preventive_care_services_initial_office_visit_18_and_up',
            'discharge_services_nursing_facility',
            'nursing_facility_visit',
            'care_services_in_long_term_residential_facility',
            'annual_wellness_visit',
            'home_healthcare_services',
            'telephone_visits',
            'virtual_encounter',
            'cms156_visit'
        ]) }}

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice', 'palliative_care'], grouped=true) }}

),

drugs as (

    select *
    from (
        values
        ('potentially_harmful_antihistamines_for_older_adults', 'antihistamine'),
        ('potentially_harmful_antiparkinsonian_agents_for_older_adults', 'antiparkinsonian agent'),
        ('potentially_harmful_gastrointestinal_antispasmodics_for_older_adults', 'gastrointestinal antispasmodic'),
        ('dipyridamole_medications', 'dipyridamole'),
        ('nifedipine_medications', 'nifedipine'),
        ('potentially_harmful_antidepressants_for_older_adults', 'antidepressant'),
        ('potentially_harmful_barbiturates_for_older_adults', 'barbiturate'),
        ('meprobamate_medications', 'meprobamate'),
        ('potentially_harmful_estrogens_for_older_adults', 'estrogen'),
        ('potentially_harmful_sulfonylureas_for_older_adults', 'sulfonylurea'),
        ('desiccated_thyroid_medications', 'desiccated thyroid'),
        ('potentially_harmful_skeletal_muscle_relaxants_for_older_adults', 'skeletal muscle relaxant'),
        ('potentially_harmful_pain_medications_for_older_adults', 'pain medication'),
        ('guanfacine_medications', 'guanfacine'),
        ('potentially_harmful_nonbenzodiazepine_hypnotics_for_older_adults', 'nonbenzodiazepine hypnotic'),
        ('megestrol_medications', 'megestrol'),
        ('meperidine_medications', 'meperidine'),
        ('ergoloid_mesylates', 'ergoloid mesylates'),
        ('{{ anti_infectives }}', 'anti-infective'),
        ('digoxin_medications', 'digoxin'),
        ('doxepin_medications', 'doxepin'),
        ('{{ antipsychotics }}', 'antipsychotic'),
        ('{{ benzodiazepines }}', 'benzodiazepine')
    ) as drugs (value_set, drug)

),

-- Strengths that RxNorm gives to the codes: mg a tablet, or mg a mL
strengths as (

    select *
    from (
        values
        ('digoxin_0_0625_mg', 0.0625, false),
        ('digoxin_0_125_mg', 0.125, false),
        ('digoxin_0_25_mg', 0.25, false),
        ('digoxin_0_05_mg_per_ml', 0.05, true),
        ('digoxin_0_1_mg_per_ml', 0.1, true),
        ('digoxin_0_25_mg_per_ml', 0.25, true),
        ('doxepin_3_mg', 3, false),
        ('doxepin_6_mg', 6, false),
        ('doxepin_10_mg', 10, false),
        ('doxepin_25_mg', 25, false),
        ('doxepin_50_mg', 50, false),
        ('doxepin_75_mg', 75, false),
        ('doxepin_100_mg', 100, false),
        ('doxepin_150_mg', 150, false),
        ('doxepin_10_mg_per_ml', 10, true)
    ) as strengths (value_set, mg, is_liquid)

),

-- One dispense's quantity by the days of all its fills, as the specification has it
high_doses as (

    select distinct
        requests.source_system,
        requests.medication_request_id,
        case when strengths.value_set like 'digoxin%' then 'digoxin_medications' else 'doxepin_medications' end as value_set
    from {{ ref('int_clinical__medication_requests') }} as requests
    inner join strengths
        on requests.value_set = strengths.value_set
    where
        case
            when strengths.is_liquid then requests.quantity_unit = 'mL'
            else coalesce(requests.quantity_unit, '1') = '1' or starts_with(requests.quantity_unit, '{')
        end
        and requests.quantity * strengths.mg / nullif(requests.days_of_supply, 0)
        > case when strengths.value_set like 'digoxin%' then 0.125 else 6 end

),

orders as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        patient_periods.period_starts_at,
        patient_periods.period_start_on,
        drugs.value_set,
        drugs.drug,
        requests.lo_on_earliest as ordered_on,
        requests.lo_at_earliest as ordered_at,
        requests.n_repeats,
        requests.days_of_supply,
        case
            when requests.taken_to_on is not null
                and requests.taken_from_on between patient_periods.period_start_on and patient_periods.period_end_on
                then requests.taken_from_on
        end as taken_from_on
    from denominator as patient_periods
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on patient_periods.patient_key = requests.patient_key
        and requests.lo_at_earliest >= patient_periods.period_starts_at
        and requests.lo_at_latest < patient_periods.period_ends_before
    inner join drugs
        on requests.value_set = drugs.value_set
    left join high_doses
        on requests.source_system = high_doses.source_system
        and requests.medication_request_id = high_doses.medication_request_id
        and requests.value_set = high_doses.value_set
    where
        patient_periods.group_id = 'Group_1'
        and requests.is_active_or_completed
        and requests.is_order
        and not requests.is_not_to_be_given
        and (requests.value_set not in ('digoxin_medications', 'doxepin_medications') or high_doses.value_set is not null)

),

days as (

    select
        period_key,
        patient_key,
        value_set,
        ordered_on,
        ordered_on > min(ordered_on) over (partition by period_key, patient_key, value_set) as is_later_day,
        count(*) over (partition by period_key, patient_key, value_set) > 1 as is_of_several_days,
        count(distinct taken_from_on) as n_starts
    from orders
    group by period_key, patient_key, value_set, ordered_on

),

-- An order counts with a refill, with one of the same list on another day, or with one of the same day that is taken from another day on
counted as (

    select
        orders.*,
        days.is_later_day,
        orders.n_repeats >= 1 or (days.n_starts > 1 and orders.taken_from_on is not null) as counts_by_itself
    from orders
    inner join days using (period_key, patient_key, value_set, ordered_on)
    where orders.n_repeats >= 1 or days.is_of_several_days or (days.n_starts > 1 and orders.taken_from_on is not null)

),

repeated as (

    select
        period_key,
        patient_key,
        period_start_on,
        value_set,
        drug,
        min(ordered_on) filter (where counts_by_itself or is_later_day) as repeated_on,
        max(ordered_on) as last_ordered_on,
        sum(days_of_supply) as days_of_supply
    from counted
    group by period_key, patient_key, period_start_on, value_set, drug

),

indexes as (

    select
        period_key,
        patient_key,
        value_set,
        min(ordered_at) as index_at
    from orders
    where value_set in ('{{ antipsychotics }}', '{{ benzodiazepines }}')
    group by period_key, patient_key, value_set

),

-- Prevalent from the beginning of the year before to the first order
justified as (

    select distinct
        repeated.period_key,
        repeated.patient_key,
        repeated.value_set
    from repeated
    inner join indexes using (period_key, patient_key, value_set)
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on repeated.patient_key = conditions.patient_key
        and conditions.lo_at_latest <= indexes.index_at
        and conditions.hi_at_earliest >= {{ practice_midnight('cast(repeated.period_start_on - interval 1 year as date)') }}
    where
        conditions.is_verified
        and (
            (repeated.value_set = '{{ antipsychotics }}' and conditions.value_set in ('schizophrenia', 'bipolar_disorder'))
            or (
                repeated.value_set = '{{ benzodiazepines }}'
                and conditions.value_set in (
                    'seizure_disorder',
                    'rem_sleep_behavior_disorder',
                    'benzodiazepine_withdrawal',
                    'alcohol_withdrawal',
                    'generalized_anxiety_disorder'
                )
            )
        )

),

harms as (

    select
        repeated.period_key,
        repeated.patient_key,
        repeated.value_set in ('{{ antipsychotics }}', '{{ benzodiazepines }}') as is_unjustified,
        case when repeated.value_set = '{{ anti_infectives }}' then repeated.last_ordered_on else repeated.repeated_on end as evidence_on,
        repeated.drug as evidence_value,
        case
            when repeated.value_set in ('{{ antipsychotics }}', '{{ benzodiazepines }}')
                then 'Ordered without a diagnosis that justifies it: ' || repeated.drug
            when repeated.value_set = '{{ anti_infectives }}'
                then 'Anti-infective for ' || cast(repeated.days_of_supply as integer) || ' of 90 days'
            when repeated.value_set in ('digoxin_medications', 'doxepin_medications') then 'Daily dose too high: ' || repeated.drug
            else 'High-risk drug ordered again: ' || repeated.drug
        end as reason
    from repeated
    left join justified
        on repeated.period_key = justified.period_key
        and repeated.patient_key = justified.patient_key
        and repeated.value_set = justified.value_set
    where justified.value_set is null and (repeated.value_set != '{{ anti_infectives }}' or repeated.days_of_supply > 90)

),

numerator as (

    select
        groups.group_id,
        harms.*
    from harms
    inner join (values ('Group_1', false), ('Group_2', true), ('Group_3', false), ('Group_3', true)) as groups (group_id, is_unjustified)
        on harms.is_unjustified = groups.is_unjustified

),

findings as (

    select
        group_id,
        period_key,
        patient_key,
        evidence_on,
        evidence_value,
        reason,
        true as is_assessable
    from numerator

)

{{ measure_results(grouped=true, is_inverse=true, has_findings=true) }}
