"""When the next visit is expected is no matter of opinion: the warehouse and the simulator follow the same rule."""

from pipelines.home import Home
from pipelines.practice import SAMPLE
from pipelines.warehouse.build import newest_build

RISK = SAMPLE / "truth" / "disengagement_risk.parquet"


def test_the_interval_is_that_of_the_follow_up_order_else_of_the_chronic_conditions(sample_home: Home):
    """Orders agree to the row. A condition may be recorded weeks after the simulator knew it: one row in fifty for the others.

    Who has a rare condition (ids `rare-`) lives on as without it, so the record asks them back sooner than the simulator does.
    """
    with newest_build(sample_home).connect() as connection:
        counted = connection.execute(
            """
            select
                truth.has_follow_up_order,
                count(*) filter (where index.has_follow_up_order != truth.has_follow_up_order) as n_wrong_orders,
                count(*) filter (where abs(index.expected_interval_days - truth.interval_days) > 1) as n_wrong_intervals,
                count(*) as n_rows
            from read_parquet($truth) as truth
            inner join marts.dim_patient_links as links
                on links.source_record_type = 'ehr_patient' and links.source_id = truth.patient_id
            inner join intermediate.int_disengagement__index as index
                on index.patient_key = links.patient_key and index.index_on = truth.index_on
            where truth.patient_id not in
                (select patient_id from staging.stg_ehr__conditions where condition_id like 'rare-%')
            group by all
            order by all
            """,
            {"truth": str(RISK)},
        ).fetchall()
    (_, orders_elsewhere, by_conditions, n_others), (_, orders_missed, by_orders, n_ordered) = counted
    assert (orders_elsewhere, orders_missed, by_orders) == (0, 0, 0)
    assert n_ordered > 300 and n_others > 1000
    assert by_conditions <= n_others / 50
