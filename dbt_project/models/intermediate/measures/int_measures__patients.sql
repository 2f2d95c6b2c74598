{% set recency %}(coalesce(updated_at, cast({{ unbounded_past() }} as timestamptz)), source_system, patient_id){% endset -%}
-- A person may have several EHR records; the one changed last applies
select
    patient_key,
    arg_max(birth_date, {{ recency }}) as birth_on,
    arg_max(us_core_sex_code, {{ recency }}) as sex_code,
    min(deceased_on) as deceased_on,
    bool_or(list_contains(race_value_sets, 'race_asian')) as is_asian
from {{ ref('int_clinical__patient_records') }}
group by patient_key
