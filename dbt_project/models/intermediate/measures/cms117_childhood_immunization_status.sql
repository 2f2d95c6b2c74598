-- CMS117 Childhood Immunization Status (FHIR), version 1.0.000
with

initial_population as (

    select
        *,
        cast(birth_on + interval 1 year as date) as first_birthday_on,
        cast(birth_on + interval 2 year as date) as second_birthday_on
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    where
        age_at_end = 2
        and {{ has_visit(value_sets=[
            'office_visit',
            'home_healthcare_services',
            'preventive_care_established_office_visit_0_to_17',
            'preventive_care_services_initial_office_visit_0_to_17',
            'virtual_encounter',
            'telephone_visits',
            'cms117_office_visit'
        ]) }}

),

denominator as (

    select * from initial_population

),

-- By the second birthday, whatever the period
conditions as (

    select
        denominator.period_key,
        denominator.patient_key,
        conditions.value_set,
        conditions.is_encounter_diagnosis,
        conditions.lo_on_latest as onset_on
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and {{ starts_during_days('conditions', 'denominator.birth_on', 'denominator.second_birthday_on') }}
    where conditions.is_verified

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice']) }}

    union all

    select
        period_key,
        patient_key,
        2 as rule,
        onset_on as evidence_on,
        -- Which condition is not said: one of them is HIV
        'Vaccines are not advised' as reason
    from conditions
    where
        value_set in (
            'severe_combined_immunodeficiency',
            'disorders_of_the_immune_system',
            'hiv',
            'malignant_neoplasm_of_lymphatic_and_hematopoietic_tissue',
            'intussusception'
        )

),

administrations as (

    select
        patient_key,
        value_set,
        lo_on_earliest as given_on
    from {{ ref('int_clinical__immunizations') }}
    where is_performed and lo_on_earliest = lo_on_latest

    union all

    select
        patient_key,
        value_set,
        coalesce(lo_on_earliest, hi_on_earliest) as given_on
    from {{ ref('int_clinical__procedures') }}
    where is_performed and coalesce(lo_on_earliest = lo_on_latest, hi_on_earliest = hi_on_latest)

),

-- Two shots of one series on one day are one dose
doses as (

    select distinct
        denominator.period_key,
        denominator.patient_key,
        vaccines.series,
        vaccines.product,
        administrations.given_on
    from denominator
    inner join administrations
        on denominator.patient_key = administrations.patient_key
    inner join {{ ref('childhood_vaccines') }} as vaccines
        on administrations.value_set = vaccines.value_set
    where
        vaccines.role = 'dose'
        and administrations.given_on <= denominator.second_birthday_on
        and administrations.given_on >= case
            when vaccines.product = 'nasal' then denominator.second_birthday_on
            when vaccines.series = 'influenza' then denominator.birth_on + 180
            when vaccines.series = 'hepatitis_b' then denominator.birth_on
            when vaccines.series in ('mmr', 'vzv', 'hepatitis_a') then denominator.first_birthday_on
            else denominator.birth_on + 42
        end

),

dose_days as (

    select
        period_key,
        patient_key,
        series,
        given_on,
        row_number() over (partition by period_key, patient_key, series order by given_on) as nth
    from (
        -- A nasal and an injected influenza vaccine of one day are two
        select distinct period_key, patient_key, series, given_on, case when series = 'influenza' then product end as product
        from doses
        where product != 'birth_dose'
    )

),

-- One dose of a product with the longer schedule makes the whole series longer
schedules as (

    select
        denominator.period_key,
        denominator.patient_key,
        schedules.series,
        schedules.series_name,
        schedules.n_doses + case when count(doses.given_on) > 0 then 1 else 0 end as n_doses
    from denominator
    cross join (
        values
        ('dtap', 'DTaP', 4),
        ('ipv', 'Polio', 3),
        ('mmr', 'MMR', 1),
        ('hib', 'Hib', 3),
        ('hepatitis_b', 'Hepatitis B', 3),
        ('vzv', 'Varicella', 1),
        ('pcv', 'Pneumococcal', 4),
        ('hepatitis_a', 'Hepatitis A', 1),
        ('rotavirus', 'Rotavirus', 2),
        ('influenza', 'Influenza', 2)
    ) as schedules (series, series_name, n_doses)
    left join doses
        on denominator.period_key = doses.period_key
        and denominator.patient_key = doses.patient_key
        and schedules.series = doses.series
        and doses.product in ('hib_4_doses', 'rotavirus_3_doses')
    group by denominator.period_key, denominator.patient_key, schedules.series, schedules.series_name, schedules.n_doses

),

-- A dose within a week of birth leaves two more to give, both on later days
after_birth_dose as (

    select
        births.period_key,
        births.patient_key,
        births.given_on as birth_dose_on,
        doses.given_on,
        row_number() over (partition by births.period_key, births.patient_key order by doses.given_on) as nth
    from (
        select doses.period_key, doses.patient_key, min(doses.given_on) as given_on
        from doses
        inner join denominator
            on doses.period_key = denominator.period_key
            and doses.patient_key = denominator.patient_key
            and doses.given_on <= denominator.birth_on + 7
        where doses.product = 'birth_dose'
        group by doses.period_key, doses.patient_key
    ) as births
    inner join doses
        on births.period_key = doses.period_key
        and births.patient_key = doses.patient_key
        and births.given_on < doses.given_on
    where doses.product = 'hepatitis_b'

),

completions as (

    select
        schedules.period_key,
        schedules.patient_key,
        schedules.series,
        dose_days.given_on as met_on
    from schedules
    inner join dose_days
        on schedules.period_key = dose_days.period_key
        and schedules.patient_key = dose_days.patient_key
        and schedules.series = dose_days.series
        and schedules.n_doses = dose_days.nth

    union all

    select
        period_key,
        patient_key,
        'hepatitis_b' as series,
        given_on as met_on
    from after_birth_dose
    where nth = 2

    union all

    select
        conditions.period_key,
        conditions.patient_key,
        vaccines.series,
        conditions.onset_on as met_on
    from conditions
    inner join {{ ref('childhood_vaccines') }} as vaccines
        on conditions.value_set = vaccines.value_set
    where vaccines.role = 'replacement'

    union all

    -- All three diseases; the specification takes measles from the diagnoses of visits only
    select
        conditions.period_key,
        conditions.patient_key,
        vaccines.series,
        max(conditions.onset_on) as met_on
    from conditions
    inner join {{ ref('childhood_vaccines') }} as vaccines
        on conditions.value_set = vaccines.value_set
    where vaccines.role = 'disease' and (conditions.value_set != 'measles' or conditions.is_encounter_diagnosis)
    group by conditions.period_key, conditions.patient_key, vaccines.series
    having count(distinct conditions.value_set) = 3

),

parts as (

    select
        schedules.*,
        completions.met_on,
        coalesce(dose_days.n_given, 0) as n_given
    from schedules
    left join (
        select period_key, patient_key, series, min(met_on) as met_on
        from completions
        group by period_key, patient_key, series
    ) as completions
        on schedules.period_key = completions.period_key
        and schedules.patient_key = completions.patient_key
        and schedules.series = completions.series
    left join (
        select period_key, patient_key, series, max(nth) as n_given
        from dose_days
        group by period_key, patient_key, series
    ) as dose_days
        on schedules.period_key = dose_days.period_key
        and schedules.patient_key = dose_days.patient_key
        and schedules.series = dose_days.series

),

numerator as (

    select
        period_key,
        patient_key,
        max(met_on) as evidence_on,
        '10/10' as evidence_value
    from parts
    group by period_key, patient_key
    having count(met_on) = 10

),

findings as (

    select
        parts.period_key,
        parts.patient_key,
        max(parts.met_on) as evidence_on,
        count(parts.met_on) || '/10' as evidence_value,
        'Incomplete by the second birthday on ' || max(denominator.second_birthday_on) || ': ' || string_agg(
            parts.series_name || ' ' || parts.n_given || ' of ' || parts.n_doses, ', ' order by parts.series_name
        ) filter (where parts.met_on is null) as reason,
        true as is_assessable
    from parts
    inner join denominator
        on parts.period_key = denominator.period_key
        and parts.patient_key = denominator.patient_key
    group by parts.period_key, parts.patient_key
    having count(parts.met_on) < 10

)

{{ measure_results(has_findings=true) }}
