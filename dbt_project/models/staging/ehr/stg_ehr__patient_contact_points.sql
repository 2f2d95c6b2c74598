with telecoms as (

    select
        source_system,
        id as patient_id,
        unnest(telecom) as telecom,
        generate_subscripts(telecom, 1) as position
    from {{ source('raw', 'ehr_patient') }}

),

contact_points as (

    select
        source_system,
        patient_id,
        position,
        case when telecom.system = 'email' then 'email' else 'phone' end as contact_point_type,
        case
            when telecom.system = 'email' then {{ email_address('telecom.value') }}
            else {{ phone_digits('telecom.value') }}
        end as contact_point,
        telecom.use as contact_point_use,
        telecom.rank as rank,
        telecom.use = 'old' or {{ fhir_date('telecom.period."end"') }} < {{ as_of_on() }} as is_former
    from telecoms
    where telecom.system in ('phone', 'sms', 'email')

)

select
    * exclude (is_former),
    coalesce(is_former, false) as is_former,

    -- Current before former, the server's rank, then the phone that a person carries
    row_number() over (
        partition by source_system, patient_id, contact_point_type
        order by
            coalesce(is_former, false),
            rank nulls last,
            case contact_point_use when 'mobile' then 1 when 'home' then 2 when 'work' then 4 else 3 end,
            position
    ) as preference
from contact_points
where contact_point is not null
