with

found as (

    select * from {{ ref('stg_ehr__findings') }}
    union all by name
    select * from {{ ref('stg_ehr__code_findings') }}
    union all by name
    select * from {{ ref('stg_crm__findings') }}
    union all by name
    select * from {{ ref('stg_billing__findings') }}
    union all by name
    select * from {{ ref('int_money__findings') }}
    union all by name
    select * from {{ ref('stg_landing__findings') }}

),

files as (

    select * from {{ ref('stg_landing__deliveries') }}

),

grouped as (

    select
        source_system,
        extract,
        field,
        kind,
        finding,
        -- A finding about a concept says of how many rows it is so.
        cast(sum(coalesce(n_rows, 1)) as bigint) as n_rows,
        min(struct_pack(file_key, row_number)) as example
    from found
    group by source_system, extract, field, kind, finding

),

final as (

    select
        grouped.* exclude (example),
        files.file_name as example_file_name,
        grouped.example.row_number as example_row_number
    from grouped
    left join files
        on grouped.source_system = files.source_system
        and grouped.extract = files.extract
        and grouped.example.file_key = files.file_key

)

select
    {{ contract_columns() }}
from final
