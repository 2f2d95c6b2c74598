{#-
    The interval of a clinical event: CQL's interval algebra on FHIR dates and times, in eight columns.

    `lo` and `hi` are the interval's bounds. A FHIR date may be as coarse as a year, so each bound has the `earliest` and the `latest` value
    that it can mean, as the practice's day (`_on_`) and as an instant (`_at_`). An unknown bound is null, so every comparison with it is
    null and not satisfied. A bound without limit is `unbounded_past` or `unbounded_future`.
    A day without a time extends, as instants, one millisecond beyond the day on either side: a comparison with its very first or last
    instant is uncertain and must not hold.
-#}
{% macro interval_columns(lo, hi) -%}
    {{ _bound_columns(lo, 'lo') }},
    {{ _bound_columns(hi, 'hi') }}
{%- endmacro %}

{% macro _bound_columns(date_time, bound) -%}
    {{ first_possible_day(date_time) }} as {{ bound }}_on_earliest,
    {{ last_possible_day(date_time) }} as {{ bound }}_on_latest,
    case
        when length({{ date_time }}) > 10 then {{ fhir_instant(date_time) }}
        else {{ practice_midnight(first_possible_day(date_time)) }} - interval 1 millisecond
    end as {{ bound }}_at_earliest,
    case
        when length({{ date_time }}) > 10 then {{ fhir_instant(date_time) }}
        else {{ practice_midnight(last_possible_day(date_time) ~ ' + 1') }}
    end as {{ bound }}_at_latest
{%- endmacro %}

{% macro first_possible_day(date_time) -%}
    case length({{ date_time }})
        when 10 then try_cast({{ date_time }} as date)
        when 7 then try_cast({{ date_time }} || '-01' as date)
        when 4 then try_cast({{ date_time }} || '-01-01' as date)
        else {{ fhir_date(date_time) }}
    end
{%- endmacro %}

{% macro last_possible_day(date_time) -%}
    case length({{ date_time }})
        when 10 then try_cast({{ date_time }} as date)
        when 7 then last_day(try_cast({{ date_time }} || '-01' as date))
        when 4 then try_cast({{ date_time }} || '-12-31' as date)
        else {{ fhir_date(date_time) }}
    end
{%- endmacro %}

{#- The instant at which a day begins in the practice's time zone. -#}
{% macro practice_midnight(day) -%}
    (cast({{ day }} as timestamp) at time zone '{{ var("time_zone") }}')
{%- endmacro %}

{#- Bounds without limit, as FHIR text: before and after everything in a record. -#}
{% macro unbounded_past() -%}'1000-01-01'{%- endmacro %}
{% macro unbounded_future() -%}'9000-01-01'{%- endmacro %}

{#- The upper bound of a FHIR dateTime or Period: a Period without an end goes on. -#}
{% macro end_of(date_time, period) -%}
    case
        when {{ date_time }} is not null then {{ date_time }}
        when {{ period }} is not null then coalesce({{ period }}."end", {{ unbounded_future() }})
    end
{%- endmacro %}

{#-
    CQL's tests of an event (an alias) against days `first` to `last`, both inclusive, at day precision: "during day of", "starts during
    day of", "ends during day of", "overlaps day of". They hold only if they hold for every value that partial dates can mean.
-#}
{% macro during_days(event, first, last) -%}
    {{ event }}.lo_on_earliest >= {{ first }} and {{ event }}.hi_on_latest <= {{ last }}
{%- endmacro %}

{% macro starts_during_days(event, first, last) -%}
    {{ event }}.lo_on_earliest >= {{ first }} and {{ event }}.lo_on_latest <= {{ last }}
{%- endmacro %}

{% macro ends_during_days(event, first, last) -%}
    {{ event }}.hi_on_earliest >= {{ first }} and {{ event }}.hi_on_latest <= {{ last }}
{%- endmacro %}

{% macro overlaps_days(event, first, last) -%}
    {{ event }}.lo_on_latest <= {{ last }} and {{ event }}.hi_on_earliest >= {{ first }}
{%- endmacro %}

{#- "Overlaps after day of": it reaches beyond the last day; "overlaps before day of": it began before the first, and reaches it. -#}
{% macro overlaps_after_days(event, last) -%}
    {{ event }}.lo_on_latest <= {{ last }} and {{ event }}.hi_on_earliest > {{ last }}
{%- endmacro %}

{% macro overlaps_before_days(event, first) -%}
    {{ event }}.lo_on_latest < {{ first }} and {{ event }}.hi_on_earliest >= {{ first }}
{%- endmacro %}

{#- CQL's `latest`: the end, or the start if there is no end. -#}
{% macro latest_during_days(event, first, last) -%}
    {{ latest_on(event, 'earliest') }} >= {{ first }} and {{ latest_on(event) }} <= {{ last }}
{%- endmacro %}

{% macro latest_on(event, side='latest') -%}
    case when {{ event }}.hi_on_latest < {{ unbounded_future() }} then {{ event }}.hi_on_{{ side }} else {{ event }}.lo_on_{{ side }} end
{%- endmacro %}

{#- The same at instant precision: from `start` up to, not including, `before` (CQL's last millisecond of the period). -#}
{% macro overlaps_instants(event, start, before) -%}
    {{ event }}.lo_at_latest < {{ before }} and {{ event }}.hi_at_earliest >= {{ start }}
{%- endmacro %}

{#- The day shown for the event: its end, otherwise its start; null without either. -#}
{% macro evidence_on(event) -%}
    case
        when {{ event }}.hi_on_latest < {{ unbounded_future() }} then {{ event }}.hi_on_latest
        when {{ event }}.lo_on_earliest > {{ unbounded_past() }} then {{ event }}.lo_on_earliest
    end
{%- endmacro %}
