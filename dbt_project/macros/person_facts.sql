{#-
    A person's sex as FHIR's administrative-gender codes (https://hl7.org/fhir/R4/valueset-administrative-gender.html), from what
    servers write in its place. A word that nobody knows becomes `unknown`; nothing stays null.
-#}
{% macro administrative_sex(text) -%}
    case lower(trim({{ text }}))
        when 'female' then 'female' when 'f' then 'female' when 'woman' then 'female'
        when 'male' then 'male' when 'm' then 'male' when 'man' then 'male'
        when 'other' then 'other' when 'o' then 'other'
        when 'unknown' then 'unknown' when 'u' then 'unknown' when 'unk' then 'unknown'
        when '' then null
        else case when {{ text }} is not null then 'unknown' end
    end
{%- endmacro %}

{#- The day that a birth date (text) names. Where a time follows, it is that of a midnight somewhere, and says nothing. -#}
{% macro birth_day(text) -%}
    coalesce(try_cast({{ text }} as date), {{ fhir_date(text) }})
{%- endmacro %}

{#- A birth date that can be: not after the day that a run looks back from, and at most 120 years before it. Otherwise null: unknown. -#}
{% macro possible_birth_date(birth_date) -%}
    case when {{ birth_date }} between {{ add_months(as_of_on(), -120 * 12) }} and {{ as_of_on() }} then {{ birth_date }} end
{%- endmacro %}

{#- Whether words say that an identifier is a record number: `MRN`, `Medical Record No.`, `Medical Record Number`. -#}
{% macro is_record_number(words) -%}
    coalesce(regexp_matches(lower(trim({{ words }})), '^(mr|mrn|pt|medical record)( ?(#|no[.]?|num|number))?$'), false)
{%- endmacro %}

{#- What is said of a birth date that cannot be. -#}
{% macro impossible_birth_date() -%}
    'lies after the day of the run or more than 120 years before it, and is taken for unknown'
{%- endmacro %}
