{#- One line per measure. -#}
{%- set measures = {
    'CMS2': 'cms2_depression_screening',
    'CMS22': 'cms22_blood_pressure_follow_up',
    'CMS50': 'cms50_closing_the_referral_loop',
    'CMS68': 'cms68_current_medications',
    'CMS69': 'cms69_bmi_screening',
    'CMS90': 'cms90_functional_status_heart_failure',
    'CMS117': 'cms117_childhood_immunization_status',
    'CMS122': 'cms122_diabetes_poor_glycemic_control',
    'CMS124': 'cms124_cervical_cancer_screening',
    'CMS125': 'cms125_breast_cancer_screening',
    'CMS128': 'cms128_antidepressant_medication',
    'CMS130': 'cms130_colorectal_cancer_screening',
    'CMS131': 'cms131_diabetes_eye_exam',
    'CMS135': 'cms135_heart_failure_ace_inhibitor',
    'CMS136': 'cms136_adhd_follow_up',
    'CMS137': 'cms137_substance_use_treatment',
    'CMS138': 'cms138_tobacco_screening_and_cessation',
    'CMS139': 'cms139_falls_screening',
    'CMS142': 'cms142_retinopathy_communication',
    'CMS144': 'cms144_heart_failure_beta_blocker',
    'CMS145': 'cms145_coronary_disease_beta_blocker',
    'CMS146': 'cms146_pharyngitis_testing',
    'CMS149': 'cms149_dementia_cognitive_assessment',
    'CMS153': 'cms153_chlamydia_screening',
    'CMS154': 'cms154_respiratory_infection_treatment',
    'CMS155': 'cms155_weight_assessment_and_counseling',
    'CMS156': 'cms156_high_risk_medication',
    'CMS159': 'cms159_depression_remission',
    'CMS165': 'cms165_controlling_high_blood_pressure',
    'CMS177': 'cms177_suicide_risk_assessment',
    'CMS314': 'cms314_hiv_viral_suppression',
    'CMS347': 'cms347_statin_therapy',
    'CMS349': 'cms349_hiv_screening',
    'CMS951': 'cms951_kidney_health_evaluation',
    'CMS1154': 'cms1154_glucose_screening',
    'CMS1157': 'cms1157_hiv_retention',
    'CMS1188': 'cms1188_sti_testing',
} -%}
with results as (

    {%- for code, model in measures.items() %}
    select '{{ code }}' as measure_code, * from {{ ref(model) }}
    {%- if not loop.last %}
    union all by name
    {%- endif %}
    {%- endfor %}

)

select *
from results
-- Without its value sets a measure finds nobody, which must not count as a result
where measure_code not in (select measure_code from {{ ref('int_measures__missing_value_sets') }})
