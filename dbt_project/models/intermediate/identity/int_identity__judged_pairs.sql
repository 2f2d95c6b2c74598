{#-
    The conclusion on each pair: `same` (stated by an EHR, a record number or a steward), `match` (concluded from the evidence), `alike`
    (enough if neither has a chart), `doubtful` (a person must decide), `different` (another person), `separate` (a steward's decision).
    Weights are those of Fellegi and Sunter 1969: log2 of how much likelier the comparison is between two records of one person than
    between records of two. Shared households and namesakes can reach any weight, so a `doubt` keeps a pair from being a match
    (`macros/identity_doubts.sql`).
-#}
{%- set fields = ['mrn', 'birth_date', 'given_name', 'family_name', 'sex', 'phone', 'email', 'address'] %}
{%- set match_weight = 6 %}
{%- set doubtful_weight = 3 %}
{%- set common_name = 3 %}
with pairs as (

    select * from {{ ref('int_identity__compared_pairs') }}

),

weights as (

    select
        field,
        level,
        log2(m_probability / u_probability) as weight
    from {{ ref('identity_match_weights') }}

),

weighed as (

    select
        pairs.*,
        base.weight {%- for field in fields %} + {{ field }}_weights.weight {%- endfor %} as weight
    from pairs
    cross join (select weight from weights where field = 'prior') as base
    {%- for field in fields %}
    inner join weights as {{ field }}_weights
        on {{ field }}_weights.field = '{{ field }}' and pairs.{{ field }} = {{ field }}_weights.level
    {%- endfor %}

),

described as (

    select
        *,
        left_type = 'ehr_patient' and right_type = 'ehr_patient' as is_two_charts,
        left_type <> 'ehr_patient' and right_type <> 'ehr_patient' as is_no_chart,

        -- Twins share everything but the given name; father and son everything but the day of birth.
        given_name = 'different' or birth_date = 'different' as is_somebody_else,

        given_name = 'equal' and family_name = 'equal' as is_full_name,
        given_name in ('equal', 'variant') and family_name = 'equal' as is_same_name,
        given_name in ('equal', 'variant') and family_name in ('equal', 'similar') as is_near_full_name,
        'equal' in (phone, email) or address = 'street' as is_same_contact_point,

        -- A father's record and his son's, both at the address of a record without a birth date. No namesakes of one household are
        -- born within a year: that is a slip.
        birth_date = 'missing' and max(dated_on) over namesakes > min(dated_on) over namesakes + interval 1 year
            as is_one_of_namesakes
    from weighed
    window namesakes as (
        partition by
            dateless_key, given_name in ('equal', 'variant') and family_name = 'equal', 'equal' in (phone, email) or address = 'street'
    )

),

doubted as (

    select
        *,
        {{ doubt_of_record_number() }} as doubt_of_mrn,
        {{ doubt_of_evidence(common_name) }} as doubt
    from described

),

judged as (

    select
        * exclude (doubt, doubt_of_mrn),
        case when mrn = 'equal' then doubt_of_mrn else doubt end as doubt,
        case
            when decision = 'separate' then 'separate'
            when decision = 'link' or is_same_chart then 'same'
            when mrn = 'equal' and doubt_of_mrn is not null then 'doubtful'
            when mrn = 'equal' then case when is_two_charts then 'same' else 'match' end
            when is_somebody_else and is_full_name and email = 'equal' and address = 'street' and not is_two_charts
                then 'doubtful'
            when is_somebody_else then 'different'
            when weight >= {{ match_weight }} and doubt is null then case when is_two_charts then 'doubtful' else 'match' end
            when weight >= {{ match_weight }} and is_no_chart and is_full_name and is_same_contact_point
                and doubt = 'birth_date_unknown' then 'alike'
            when weight >= {{ doubtful_weight }} then 'doubtful'
        end as verdict,
        case
            when decision is not null then 'steward'
            when is_same_chart then 'patient_link'
            when mrn = 'equal' and doubt_of_mrn is null then 'mrn'
            when mrn = 'equal' then 'mrn_of_somebody_else'
            when is_somebody_else then 'somebody_else'
            when birth_date = 'equal' and is_same_name and is_same_contact_point then 'birth_date_name_and_contact_point'
            when birth_date = 'equal' and is_same_name then 'birth_date_and_name'
            when birth_date = 'equal' then 'birth_date_and_similar_name'
            when is_same_name and is_same_contact_point then 'name_and_contact_point'
            else 'weight_of_evidence'
        end as link_rule
    from doubted

)

select
    left_key,
    right_key,
    left_type,
    right_type,
    is_two_charts,
    is_same_name,
    verdict,
    link_rule,
    doubt,
    concat_ws(
        ', ' {%- for field in fields %},
        case
            when {{ field }} <> 'missing' then '{{ field.replace("_", " ") }} ' || replace({{ field }}, '_', ' ')
        end {%- endfor %}
    ) as evidence,
    weight,
    case when verdict = 'same' then 1.0 else 1 / (1 + power(2, -weight)) end as confidence
from judged
where verdict is not null
