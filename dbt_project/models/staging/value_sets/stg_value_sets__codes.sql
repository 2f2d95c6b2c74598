with

value_sets as (

    select * from {{ source('raw', 'value_sets') }}

),

codes as (

    select * from {{ source('raw', 'value_set_codes') }}

),

in_use as (

    select
        value_sets.value_set,
        codes.system,
        codes.code
    from codes
    inner join value_sets
        on codes.value_set_url = value_sets.value_set_url
        and codes.version is not distinct from value_sets.version

)

select distinct value_set, system, code from in_use
