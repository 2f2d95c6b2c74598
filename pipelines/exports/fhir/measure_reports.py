"""FHIR MeasureReport as SQL: https://hl7.org/fhir/R4/measurereport.html, with the profiles of Da Vinci DEQM.

Reads the views `reported` (`files.py`), a result of one patient with its measure, and `evaluated`, and the variables
`practice_id`, `practice_name` and `published_at`.
"""

from typing import Literal

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
NAMED_PATIENT = "{'reference': 'Patient/' || patient_id}"
PROFILES = {"individual": "indv-measurereport-deqm", "summary": "summary-measurereport-deqm"}

# Populations are named as in the measures: `Denominator_2` of `Group_2`.
MACROS = f"""
create or replace temp macro concept(of_system, of_code) as {{'coding': [{{'system': of_system, 'code': of_code}}]}};
create or replace temp macro practice_identifier() as {{'system': 'urn:caregap:practice', 'value': getvariable('practice_id')}};
create or replace temp macro named_practice() as {{
    'identifier': practice_identifier(), 'display': getvariable('practice_name')
}};
create or replace temp macro population(name, of_code, group_id, n) as {{
    'id': name || '_' || regexp_extract(group_id, '[0-9]+$'),
    'code': concept('{TERMINOLOGY}/measure-population', of_code),
    'count': n
}};
create or replace temp macro populations(of_group) as list_concat(
    [
        population('InitialPopulation', 'initial-population', of_group.group_id, of_group.n_initial_population),
        population('Denominator', 'denominator', of_group.group_id, of_group.n_denominator)
    ],
    case when of_group.has_exclusions then [
        population('DenominatorExclusion', 'denominator-exclusion', of_group.group_id, of_group.n_exclusion)
    ] else [] end,
    case when of_group.has_exceptions then [
        population('DenominatorException', 'denominator-exception', of_group.group_id, of_group.n_exception)
    ] else [] end,
    [population('Numerator', 'numerator', of_group.group_id, of_group.n_numerator)]
);
create or replace temp macro without_nulls(of_resource) as json_merge_patch('{{}}', to_json(of_resource));
create or replace temp macro score(of_group) as case
    when of_group.n_denominator > of_group.n_exclusion + of_group.n_exception then {{
        'value': round(of_group.n_numerator / (of_group.n_denominator - of_group.n_exclusion - of_group.n_exception), 6)
    }}
end;
create or replace temp macro stratifier(of_stratum) as without_nulls({{
    'id': 'Stratification_' || regexp_extract(of_stratum.group_id, '[0-9]+$') || '_' || of_stratum.stratum,
    'code': [{{'text': of_stratum.stratum_name}}],
    'stratum': [without_nulls({{
        'value': {{'text': 'true'}},
        'population': list_transform(
            populations(of_stratum), lambda one: {{'code': one.code, 'count': one.count}}
        ),
        'measureScore': score(of_stratum)
    }})]
}});
create or replace temp macro report_group(of_group) as without_nulls({{
    'id': of_group.group_id,
    'population': populations(of_group),
    'measureScore': score(of_group),
    'stratifier': of_group.stratifiers
}});
"""


def measure_reports(
    kind: Literal["individual", "summary"], profile_base: str, *, reporter: str = "named_practice()", subject: str = NAMED_PATIENT
) -> str:
    """SQL of MeasureReports: rows of `measure_code`, `title`, `report_id`, `report` (JSON); `individual` also `patient_key`.

    `profile_base` is the base URL of DEQM's profiles; `reporter` and `subject` are references as SQL expressions. The score of a
    proportion is numerator over denominator minus exclusions and exceptions; without a denominator there is no score. Summaries
    report strata, each as a separate stratifier with value true; individual reports list the evaluated resources.
    """
    keys = "measure_code, patient_key, patient_id" if kind == "individual" else "measure_code"
    facts = "canonical, title, scoring, is_inverse, has_exclusions, has_exceptions, period_start_on, period_end_on"
    of_patient = " || '-' || patient_key" if kind == "individual" else ""
    counted = f"""
                {keys}, {facts}, group_id,
                cast(sum(n_initial_population) as bigint) as n_initial_population,
                cast(sum(n_denominator) as bigint) as n_denominator,
                cast(sum(n_denominator_exclusion) as bigint) as n_exclusion,
                cast(sum(n_denominator_exception) as bigint) as n_exception,
                cast(sum(n_numerator) as bigint) as n_numerator
    """
    return f"""
        with strata as (
            select {counted}, stratum, stratum_name
            from reported
            where stratum is not null and {str(kind == "summary").lower()}
            group by all
        ),
        stratified as (
            select measure_code, group_id, list(stratifier(strata) order by stratum) as stratifiers
            from strata
            group by all
        ),
        counts as (
            select totals.*, stratified.stratifiers
            from (select {counted} from reported group by all) as totals
            left join stratified using (measure_code, group_id)
        ),
        measured as (
            select
                {keys}, {facts},
                measure_code || '-' || year(period_start_on){of_patient} as report_id,
                list(report_group(counts) order by group_id) as groups
            from counts
            group by all
        )
        select
            {keys}, title, report_id,
            without_nulls({{
                'resourceType': 'MeasureReport',
                'id': report_id,
                'meta': {{'profile': ['{profile_base}/StructureDefinition/{PROFILES[kind]}']}},
                'extension': [{{
                    'url': '{profile_base}/StructureDefinition/extension-measureScoring',
                    'valueCodeableConcept': concept('{TERMINOLOGY}/measure-scoring', scoring)
                }}],
                'status': 'complete',
                'type': '{kind}',
                'measure': canonical,
                {f"'subject': {subject}," if kind == "individual" else ""}
                'date': getvariable('published_at'),
                'reporter': {reporter},
                'period': {{'start': cast(period_start_on as varchar), 'end': cast(period_end_on as varchar)}},
                'improvementNotation': concept(
                    '{TERMINOLOGY}/measure-improvement-notation', case when is_inverse then 'decrease' else 'increase' end
                ),
                'group': groups{", 'evaluatedResource': resources" if kind == "individual" else ""}
            }}) as report
        from measured
        {"left join evaluated using (measure_code, patient_key)" if kind == "individual" else ""}
    """
