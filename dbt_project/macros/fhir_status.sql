{#- The status codes of a resource type in FHIR R4 (the required binding of its `status`). -#}
{% macro fhir_status_codes(extract) -%}
    {{ return({
        'Encounter': ['planned', 'arrived', 'triaged', 'in-progress', 'onleave', 'finished', 'cancelled', 'entered-in-error', 'unknown'],
        'Appointment': [
            'proposed', 'pending', 'booked', 'arrived', 'fulfilled', 'cancelled', 'noshow', 'entered-in-error', 'checked-in', 'waitlist',
        ],
        'Observation': ['registered', 'preliminary', 'final', 'amended', 'corrected', 'cancelled', 'entered-in-error', 'unknown'],
        'Procedure': ['preparation', 'in-progress', 'not-done', 'on-hold', 'stopped', 'completed', 'entered-in-error', 'unknown'],
        'Immunization': ['completed', 'entered-in-error', 'not-done'],
        'MedicationRequest': ['active', 'on-hold', 'cancelled', 'completed', 'entered-in-error', 'stopped', 'draft', 'unknown'],
        'MedicationDispense': [
            'preparation', 'in-progress', 'cancelled', 'on-hold', 'completed', 'entered-in-error', 'stopped', 'declined', 'unknown',
        ],
        'ServiceRequest': ['draft', 'active', 'on-hold', 'revoked', 'completed', 'entered-in-error', 'unknown'],
        'DeviceRequest': ['draft', 'active', 'on-hold', 'revoked', 'completed', 'entered-in-error', 'unknown'],
        'Communication': ['preparation', 'in-progress', 'not-done', 'on-hold', 'stopped', 'completed', 'entered-in-error', 'unknown'],
        'Task': [
            'draft', 'requested', 'received', 'accepted', 'rejected', 'ready', 'cancelled', 'in-progress', 'on-hold', 'failed',
            'completed', 'entered-in-error',
        ],
        'Coverage': ['active', 'cancelled', 'draft', 'entered-in-error'],
    }[extract]) }}
{%- endmacro %}

{#-
    The status of a resource as FHIR writes it, whatever the case and the signs between its words (`FINISHED`, `No-Show`, `in progress`)
    and where systems say it by another word; any other word as it is.
-#}
{% macro fhir_status(extract, status='status') -%}
    {%- set codes = fhir_status_codes(extract) -%}
    {%- set words = {'canceled': 'cancelled', 'complete': 'completed'} -%}
    {%- if extract == 'Encounter' -%}
        {%- for word in finished_visit_words() %}{% do words.update({word: 'finished'}) %}{% endfor -%}
        {%- do words.update({'noshow': 'cancelled'}) -%}
    {%- endif -%}
    {%- if extract == 'Appointment' -%}
        {%- do words.update({
            'scheduled': 'booked', 'confirmed': 'booked', 'complete': 'fulfilled', 'completed': 'fulfilled', 'checkedout': 'fulfilled',
            'kept': 'fulfilled', 'seen': 'fulfilled', 'showed': 'fulfilled', 'missed': 'noshow', 'noshowed': 'noshow',
            'didnotattend': 'noshow', 'cancelledbypatient': 'cancelled', 'canceledbypatient': 'cancelled',
            'cancelledbyprovider': 'cancelled', 'canceledbyprovider': 'cancelled', 'deleted': 'entered-in-error',
        }) -%}
    {%- endif -%}
    {%- set letters = "regexp_replace(lower(" ~ status ~ "), '[^a-z]', '', 'g')" -%}
    case
        when {{ status }} in ('{{ codes | join("', '") }}') then {{ status }}
        {%- for code in codes %}
        when {{ letters }} = '{{ code | replace("-", "") }}' then '{{ code }}'
        {%- endfor %}
        {%- for word, meant in words.items() if meant in codes %}
        when {{ letters }} = '{{ word }}' then '{{ meant }}'
        {%- endfor %}
        else {{ status }}
    end
{%- endmacro %}
