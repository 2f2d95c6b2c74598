-- Moderate or severe dysfunction of the left ventricle, resolved or not: an ejection fraction of 40 % or less, or a diagnosis
with

findings as (

    select
        patient_key,
        lo_at_latest,
        lo_on_earliest
    from {{ ref('int_clinical__observations') }}
    where value_set = 'ejection_fraction' and is_performed and value_quantity <= 40 and value_unit = '%'

    union all

    select
        patient_key,
        lo_at_latest,
        lo_on_earliest
    from {{ ref('int_clinical__conditions') }}
    where
        is_verified
        and (
            value_set = 'moderate_or_severe_lvsd'
            or (value_set = 'left_ventricular_systolic_dysfunction' and list_contains(severity_value_sets, 'moderate_or_severe'))
        )

)

select
    patient_key,
    min(lo_at_latest) as found_at,
    min(lo_on_earliest) as found_on
from findings
group by patient_key
