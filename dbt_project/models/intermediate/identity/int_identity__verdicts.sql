{{ config(materialized='view') }}

with pairs as (

    select * from {{ ref('int_identity__judged_pairs') }}

)

select left_key as one_key, right_key as other_key, verdict, link_rule, doubt, weight, confidence from pairs
union all
select right_key, left_key, verdict, link_rule, doubt, weight, confidence from pairs
