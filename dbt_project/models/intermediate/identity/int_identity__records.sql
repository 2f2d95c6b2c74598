{#-
    The values that records are compared by, as lists: letters of names, digits of telephones, normalised street lines. Placeholders (seed
    identity_placeholders) and contact points of many people are left out.
-#}
{%- set crowd = 10 %}
{%- set lists = ['mrns', 'mrn_assigners', 'given_names', 'middle_names', 'family_names', 'phones', 'emails', 'streets'] %}
with records as (

    select * from {{ ref('int_identity__source_records') }}

),

contact_points as (

    select given_names[1] as given_name, unnest(phones || emails) as contact_point from records

),

fillers as (

    select
        list(value) filter (field = 'mrn') as mrns,
        list(value) filter (field = 'given_name') as given_names,
        list(value) filter (field = 'family_name') as family_names,
        list(value) filter (field = 'birth_date') as birth_dates,
        list(value) filter (field = 'birth_day') as birth_days,
        list(value) filter (field = 'birth_date_zero') as zero_birth_dates
    from {{ ref('identity_placeholders') }}

),

-- Contact points of many people: a nursing home's telephone, the front desk's placeholder e-mail
crowded as (

    select coalesce(list(contact_point), []) as contact_points
    from (
        select contact_point
        from contact_points
        where contact_point is not null
        group by contact_point
        having count(distinct given_name) > {{ crowd }}
    )

),

cleaned as (

    select
        {{ surrogate_key(['source_system', 'source_record_type', 'source_id']) }} as record_key,
        records.* exclude (birth_date, {{ lists | join(', ') }}),
        case when not list_contains(fillers.birth_dates, cast(records.birth_date as varchar)) then records.birth_date end
            as birth_date,
        coalesce(list_contains(fillers.zero_birth_dates, cast(records.birth_date as varchar)), false) as is_birth_date_zero,
        coalesce(
            list_contains(fillers.birth_days, strftime(records.birth_date, '%m-%d'))
            or list_contains(fillers.zero_birth_dates, cast(records.birth_date as varchar)),
            false
        ) as is_birth_day_filled_in,
        list_distinct(list_filter(
            list_transform(coalesce(records.mrns, []), lambda number: {{ record_number('number') }}),
            lambda number: not list_contains(fillers.mrns, number)
        )) as mrns,
        list_distinct(list_filter(
            list_transform(
                coalesce(range(1, array_length(records.mrns) + 1), []),
                lambda n: records.mrn_assigners[n] || '|' || {{ record_number('records.mrns[n]') }}
            ),
            lambda number: not list_contains(fillers.mrns, split_part(number, '|', -1))
        )) as assigned_mrns,
        list_distinct(coalesce(records.mrn_assigners, [])) as mrn_assigners,
        list_distinct(list_filter(coalesce(records.given_names, []), lambda name: not list_contains(fillers.given_names, name)))
            as given_names,
        list_distinct(list_filter(coalesce(records.middle_names, []), lambda name: not list_contains(fillers.given_names, name)))
            as middle_names,
        list_distinct(list_filter(coalesce(records.family_names, []), lambda name: not list_contains(fillers.family_names, name)))
            as family_names,
        list_distinct(list_filter(coalesce(records.phones, []), lambda point: not list_contains(crowded.contact_points, point)))
            as phones,
        list_distinct(list_filter(coalesce(records.emails, []), lambda point: not list_contains(crowded.contact_points, point)))
            as emails,
        list_distinct(coalesce(records.streets, [])) as streets
    from records
    cross join fillers
    cross join crowded

),

known_names as (

    select
        given_name,
        string_agg(distinct sex, '|' order by sex) as sexes
    from {{ ref('given_names') }}
    group by given_name

),

variants as (

    select
        variants.variant,
        list(variants.given_name) as given_names,
        bool_or(known_names.sexes like '%female%') and bool_or(known_names.sexes in ('male', 'female|male')) as is_of_both_sexes
    from {{ ref('given_name_variants') }} as variants
    left join known_names on variants.given_name = known_names.given_name
    group by variants.variant

),

-- What was meant by a name that nobody has: `jcak` is `jack`, which is short for John.
slipped_roots as (

    select
        unknown.given_name,
        list(distinct variants.given_name order by variants.given_name) as roots
    from (select distinct given_names[1] as given_name from cleaned) as unknown
    inner join {{ ref('given_name_variants') }} as variants
        on
            left(unknown.given_name, 1) = left(variants.variant, 1)
            and {{ is_slip_of_the_keys('unknown.given_name', 'variants.variant') }}
    where unknown.given_name not in (select variant from variants union select given_name from known_names)
    group by unknown.given_name

)

select
    cleaned.*,
    list_distinct(cleaned.given_names || coalesce(variants.given_names, [])) as given_roots,
    coalesce(slipped_roots.roots, []) as slipped_roots,
    coalesce(variants.is_of_both_sexes, false) as is_nickname_of_both_sexes,
    known_names.given_name is not null or variants.variant is not null as is_known_given_name,
    list_filter(
        list_distinct(string_split_regex(lower(strip_accents(cleaned.last_name)), '[^a-z]+')),
        lambda part: length(part) > 2 and part not in ('del', 'los', 'las', 'der', 'den', 'van', 'von', 'dos', 'san', 'bin', 'iii')
    ) as family_parts,
    count(distinct cleaned.birth_date) over (partition by cleaned.given_names[1], cleaned.family_names[1]) as n_birth_dates_of_name
from cleaned
left join variants on cleaned.given_names[1] = variants.variant
left join slipped_roots on cleaned.given_names[1] = slipped_roots.given_name
left join known_names on cleaned.given_names[1] = known_names.given_name
