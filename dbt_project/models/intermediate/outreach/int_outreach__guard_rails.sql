{#-
    Whether a person may be contacted today. It fails closed: unknown facts are a reason to leave the person out, and the delivery layer
    lists nobody without a row here.
-#}
with

people as (

    select * from {{ ref('int_patients__demographics') }}

),

restricted as (

    select * from {{ ref('int_patients__restricted') }}

),

departures as (

    select * from {{ ref('int_disengagement__departures') }}

),

-- People without any consent decision have no row.
consents as (

    select
        patient_key,
        bool_or(consent_status = 'granted') as has_granted
    from {{ ref('int_patients__consents') }}
    group by patient_key

),

channels as (

    select * from {{ ref('int_outreach__channels') }}
    where is_usable
    qualify row_number() over (partition by patient_key order by preference) = 1

),

attempts as (

    select
        patient_key,
        max(attempted_at) as last_attempt_at,
        {{ newest('outcome', ['attempted_at', 'not is_repeated_report', 'channel']) }} as last_outcome,
        {{ newest('channel', ['attempted_at', 'not is_repeated_report']) }} as last_channel,
        max(attempted_at) filter (where outcome in ('declined', 'done_elsewhere')) as declined_at,
        count(*) filter (
            where not is_repeated_report and attempted_at >= {{ practice_midnight(as_of_on() ~ ' - 30') }}
        ) as n_attempts_30_days
    from {{ ref('int_outreach__attempts') }}
    where not is_held_out
    group by patient_key

),

hours as (

    select * from {{ ref('int_outreach__contact_hours') }}

),

waits as (

    select
        *,
        {{ practice_date('last_attempt_at') }} as last_contacted_on,
        -- Days to wait after an attempt, after several attempts, and after `declined` or `done elsewhere`, whose result takes time to
        -- arrive.
        greatest(
            {{ practice_date('last_attempt_at') }} + 14,
            case when n_attempts_30_days >= 3 then {{ practice_date('last_attempt_at') }} + 30 end,
            {{ practice_date('declined_at') }} + 90
        ) as next_eligible_on
    from attempts

)

select
    people.patient_key,
    case
        when restricted.patient_key is not null then 'restricted'
        when people.is_deceased then 'deceased'
        when people.birth_date is null then 'age_unknown'
        when {{ add_months('people.birth_date', 216) }} > {{ as_of_on() }} then 'minor'
        when coalesce(people.is_do_not_contact, true) then 'do_not_contact'
        when departures.reason is not null then departures.reason
        when consents.patient_key is null then 'no_consent_on_record'
        when not consents.has_granted then 'opted_out'
        when channels.patient_key is null then 'no_valid_contact_point'
    end as barrier,
    waits.next_eligible_on > {{ as_of_on() }} as is_too_soon,
    greatest(waits.next_eligible_on, {{ as_of_on() }}) as next_eligible_on,
    channels.channel as recommended_channel,
    channels.contact_point,
    hours.not_before_at,
    hours.not_after_at,
    hours.recommended_hour,
    {{ practice_date('channels.consent_recorded_at') }} as consent_recorded_on,
    waits.last_contacted_on,
    waits.last_channel as last_contact_channel,
    waits.last_outcome as last_contact_outcome,
    coalesce(waits.n_attempts_30_days, 0) as n_attempts_30_days
from people
left join restricted
    on people.patient_key = restricted.patient_key
left join departures
    on people.patient_key = departures.patient_key
left join consents
    on people.patient_key = consents.patient_key
left join channels
    on people.patient_key = channels.patient_key
left join hours
    on people.patient_key = hours.patient_key
left join waits
    on people.patient_key = waits.patient_key
