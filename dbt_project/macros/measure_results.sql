{#- What tells a patient's visits apart where the unit is the visit: two systems may both have a visit 1. -#}
{% macro episode_id(encounters) -%}
    concat_ws('/', {{ encounters }}.source_system, {{ encounters }}.encounter_id)
{%- endmacro %}

{#-
    The last step of every measure: scores its populations and gives the reasons. Reads the measure's own CTEs, each with the `keys` of a
    result (`period_key, patient_key`; with `grouped` also `group_id`, with `by_encounter` also `episode_id`) and any number of rows per key:

    initial_population                    (with `by_encounter` also `episode_on`, the day of the visit)
    denominator
    denominator_exclusions, _exceptions   `rule` (the first that applies is shown), `evidence_on`, `reason`
    numerator                             `evidence_on`, `evidence_value`: the latest is shown
    findings                              what the record shows if the numerator is not met: `evidence_on`, `evidence_value`, `reason`, and
                                          `is_assessable`, false if the evidence cannot be judged. With `is_inverse` also shown if it is met.
                                          With `has_window` also `due_from_on` and `close_by_on`, the first and the last day on which this
                                          patient's gap can be closed; null: from the start, or to the end of the period

    Scoring order of CQM proportion measures (HQMF, "denominator exclusions before the numerator, exceptions after it").
-#}
{% macro measure_results(grouped=false, by_encounter=false, has_exclusions=true, has_exceptions=false, has_findings=false, is_inverse=false, has_window=false) -%}
{%- set keys = (['group_id'] if grouped else []) + ['period_key', 'patient_key'] + (['episode_id'] if by_encounter else []) -%}
{%- set key = keys | join(', ') -%}
select
    {{ 'group_id' if grouped else "'Group_1' as group_id" }},
    period_key,
    patient_key,
    {{ 'episode_id' if by_encounter else 'cast(null as varchar) as episode_id' }},
    {{ 'episode_on' if by_encounter else 'cast(null as date) as episode_on' }},
    is_denominator,
    is_excluded as is_denominator_exclusion,
    is_excepted and not is_met as is_denominator_exception,
    is_met as is_numerator,
    is_assessable or is_met as is_assessable,
    case
        when is_excluded then exclusion.evidence_on
        when is_met then met.evidence_on
        when is_excepted then exception.evidence_on
        else finding.evidence_on
    end as evidence_on,
    case
        when is_met then met.evidence_value
        when not (is_excluded or is_excepted) then finding.evidence_value
    end as evidence_value,
    case
        when is_excluded then exclusion.reason
        when is_met then {{ 'finding.reason' if is_inverse else 'cast(null as varchar)' }}
        when is_excepted then exception.reason
        else finding.reason
    end as reason,
    finding.due_from_on,
    finding.close_by_on
from (
    select
        *,
        is_denominator and exclusion is not null as is_excluded,
        is_denominator and exclusion is null and met is not null as is_met,
        is_denominator and exclusion is null and exception is not null as is_excepted,
        coalesce(finding.is_assessable, true) as is_assessable
    from (select distinct {{ key }}{{ ', episode_on' if by_encounter }} from initial_population)
    left join (select distinct {{ key }}, true as is_in_denominator from denominator) using ({{ key }})
    cross join lateral (select coalesce(is_in_denominator, false) as is_denominator)
    {%- if has_exclusions %}
    left join (
        select {{ key }}, min({'rule': rule, 'evidence_on': evidence_on, 'reason': reason}) as exclusion
        from denominator_exclusions
        group by {{ key }}
    ) using ({{ key }})
    {%- else %}
    cross join (select cast(null as struct(evidence_on date, reason varchar)) as exclusion)
    {%- endif %}
    {%- if has_exceptions %}
    left join (
        select {{ key }}, min({'rule': rule, 'evidence_on': evidence_on, 'reason': reason}) as exception
        from denominator_exceptions
        group by {{ key }}
    ) using ({{ key }})
    {%- else %}
    cross join (select cast(null as struct(evidence_on date, reason varchar)) as exception)
    {%- endif %}
    left join (
        select {{ key }}, max({'evidence_on': evidence_on, 'evidence_value': evidence_value}) as met
        from numerator
        group by {{ key }}
    ) using ({{ key }})
    {%- if has_findings %}
    left join (
        select
            {{ key }},
            max({
                'evidence_on': evidence_on, 'evidence_value': evidence_value, 'reason': reason, 'is_assessable': is_assessable,
                'due_from_on': {{ 'due_from_on' if has_window else 'cast(null as date)' }},
                'close_by_on': {{ 'close_by_on' if has_window else 'cast(null as date)' }}
            }) as finding
        from findings
        group by {{ key }}
    ) using ({{ key }})
    {%- else %}
    cross join (
        select cast(null as struct(
            evidence_on date, evidence_value varchar, reason varchar, is_assessable boolean, due_from_on date, close_by_on date
        )) as finding
    )
    {%- endif %}
)
{%- endmacro %}
