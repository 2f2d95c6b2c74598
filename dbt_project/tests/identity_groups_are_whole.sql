-- Records that were stated to be one person are one group: the rounds of `connected_groups` were enough.
select
    verdicts.one_key,
    verdicts.other_key
from {{ ref('int_identity__verdicts') }} as verdicts
inner join {{ ref('int_identity__groups') }} as one on verdicts.one_key = one.record_key
inner join {{ ref('int_identity__groups') }} as other on verdicts.other_key = other.record_key
where verdicts.verdict = 'same' and one.group_key <> other.group_key
