{#-
    CTEs that give every node of `edges` (one_key, other_key; both directions) the smallest key that it is connected to:
    `<name>` with columns record_key, group_key. Each round passes labels along one edge, then to the label's own label, so that
    `rounds` rounds cover chains of 2^rounds edges; a test fails if that was not enough. Spark would write each round out wherever it is read, 256
    times over for the first of four, if they were not `materialized`.
-#}
{% macro connected_groups(name, edges, rounds=4) -%}
    {{ name }}_0 as materialized (

        select
            one_key as record_key,
            min(least(one_key, other_key)) as group_key
        from {{ edges }}
        group by one_key

    ),
    {% for round in range(1, rounds + 1) %}
    {{ name }}_near_{{ round }} as materialized (

        select
            edges.one_key as record_key,
            min(least(own.group_key, neighbour.group_key)) as group_key
        from {{ edges }} as edges
        inner join {{ name }}_{{ round - 1 }} as own on edges.one_key = own.record_key
        inner join {{ name }}_{{ round - 1 }} as neighbour on edges.other_key = neighbour.record_key
        group by edges.one_key

    ),

    {{ name }}_{{ round }} as materialized (

        select
            near.record_key,
            least(near.group_key, label.group_key) as group_key
        from {{ name }}_near_{{ round }} as near
        inner join {{ name }}_near_{{ round }} as label on near.group_key = label.record_key

    ),
    {% endfor %}
    {{ name }} as (

        select * from {{ name }}_{{ rounds }}

    )
{%- endmacro %}
