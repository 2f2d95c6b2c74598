{#-
    How long a medication lasts, as the measures reckon it (CumulativeMedicationDuration of the eCQM libraries). `dosage` is a FHIR
    Dosage.
-#}

{#- Doses a day: frequency by period, otherwise the number of times of day. Null without either. -#}
{% macro doses_per_day(dosage) -%}
    {%- set repeat = dosage ~ '.timing.repeat' -%}
    coalesce(
        coalesce({{ repeat }}.frequencyMax, {{ repeat }}.frequency)
        / nullif({{ repeat }}.period * {{ days_in_unit(repeat ~ '.periodUnit') }}, 0),
        array_length({{ repeat }}.timeOfDay)
    )
{%- endmacro %}

{#- Days in the unit of time by which a schedule repeats, UCUM's or spelled out: a month has 30 of them, and a year 365. -#}
{% macro days_in_unit(unit) -%}
    {%- set days = {
        "('s', 'second', 'seconds')": '1.0 / 86400', "('min', 'minute', 'minutes')": '1.0 / 1440', "('h', 'hour', 'hours')": '1.0 / 24',
        "('d', 'day', 'days')": '1', "('wk', 'week', 'weeks')": '7', "('mo', 'month', 'months')": '30', "('a', 'year', 'years')": '365',
    } -%}
    case
        {%- for words, n in days.items() %}
        when lower({{ unit }}) in {{ words }} then {{ n }}
        {%- endfor %}
    end
{%- endmacro %}

{#- What is taken at once: the upper end of a range, otherwise the quantity. Of several doses none is known to be it. -#}
{% macro dose_of(dosage) -%}
    case when array_length({{ dosage }}.doseAndRate) = 1 then coalesce(
        {{ dosage }}.doseAndRate[1].doseRange.high.value, {{ dosage }}.doseAndRate[1].doseQuantity.value
    ) end
{%- endmacro %}

{#- Days that a quantity lasts. Null where what is taken a day is unknown, or nothing. -#}
{% macro days_of_quantity(quantity, dosage) -%}
    {{ quantity }} / nullif({{ dose_of(dosage) }} * {{ doses_per_day(dosage) }}, 0)
{%- endmacro %}

{#- The last day of a supply that begins on a day: a fraction of a day is cut off, but not what division left of a whole one. -#}
{% macro last_day_of_supply(first_day, days) -%}
    ({{ first_day }} + cast(floor(round({{ days }}, 6) - 1) as integer))
{%- endmacro %}
