{#-
    How many days of a window a patient has a medication for. `supplies`: a relation with the `keys`, `taken_from_on` and `taken_to_on`,
    one row per supply; `first` and `last` are expressions of its columns, the window's days, both included. Days that two supplies cover
    count once. One row per keys, with `covered_days`.
-#}
{% macro covered_days(supplies, keys, first, last) -%}
select
        {{ keys }},
        cast(sum(greatest(to_on - greatest(from_on, coalesce(covered_to_on + 1, from_on)) + 1, 0)) as integer) as covered_days
    from (
        select
            {{ keys }},
            from_on,
            to_on,
            max(to_on) over (
                partition by {{ keys }} order by from_on, to_on rows between unbounded preceding and 1 preceding
            ) as covered_to_on
        from (
            select
                {{ keys }},
                greatest(taken_from_on, {{ first }}) as from_on,
                least(taken_to_on, {{ last }}) as to_on
            from {{ supplies }}
        )
        where from_on <= to_on
    )
    group by {{ keys }}
{%- endmacro %}

{#-
    The supplies of one class of medications put end to end: each begins on its own first day, or on the day after the one before it ends,
    and keeps its length. `by` names what a class of a patient is (`patient_key, value_set`), `key` tells supplies of one day apart. All
    columns of the relation, with `taken_from_on` and `taken_to_on` moved.

    With lengths L and their running total C, the supply i begins at C(i-1) + the largest s(j) - C(j-1) of those up to it.
-#}
{% macro rolled_out(supplies, by, key) -%}
select
        * exclude (taken_from_on, taken_to_on, days, days_before),
        taken_from_on + slack as taken_from_on,
        taken_from_on + slack + days - 1 as taken_to_on
    from (
        select
            *,
            cast(
                days_before - (taken_from_on - date '2000-01-01')
                + max((taken_from_on - date '2000-01-01') - days_before) over (
                    partition by {{ by }} order by taken_from_on, {{ key }} rows unbounded preceding
                ) as integer
            ) as slack
        from (
            select
                *,
                cast(taken_to_on - taken_from_on + 1 as integer) as days,
                coalesce(sum(taken_to_on - taken_from_on + 1) over (
                    partition by {{ by }} order by taken_from_on, {{ key }} rows between unbounded preceding and 1 preceding
                ), 0) as days_before
            from {{ supplies }}
            where taken_from_on <= taken_to_on
        )
    )
{%- endmacro %}
