{#-
    The values that two records must share to be compared. A value of more than 40 records distinguishes nobody, and comparing them would
    cost its square.
-#}
{%- set most = 40 %}
with records as (

    select * from {{ ref('int_identity__records') }}
    where {{ var('resolve_identity') }}

),

blocks as (

    select record_key, 'mrn' as block_type, unnest(mrns) as block_value from records
    union all
    select record_key, 'phone', unnest(phones) from records
    union all
    select record_key, 'email', unnest(emails) from records
    union all
    select record_key, 'birth_date_and_given_name', birth_date || ' ' || unnest(given_roots) from records
    union all
    select record_key, 'birth_date_and_start_of_name', birth_date || ' ' || left(unnest(family_names || given_names), 2) from records
    union all
    select record_key, 'name_and_street', given_names[1] || ' ' || family_names[1] || ' ' || unnest(streets) from records
    union all
    select record_key, 'name_and_postal_code', unnest(given_roots) || ' ' || family_names[1] || ' ' || postal_code from records

)

select distinct
    record_key,
    block_type,
    block_value
from blocks
where block_value is not null
qualify count(*) over (partition by block_type, block_value) between 2 and {{ most }}
