{#-
    Whether a text, as a record words it, tells of HIV, substance use or the risk of suicide: a referral's or a service's name may, whatever
    the measure. Such words are shown with results of restricted measures alone (`measure_catalog.is_restricted`).
-#}
{% macro tells_restricted(text) -%}
    coalesce(regexp_matches(
        lower({{ text }}),
        '\bhiv\b|human immunodeficiency|\baids\b|(substance|drug) (use|abuse|misuse|addiction|dependence|rehab)|alcohol|opioid|addict|detox|chemical dependen|overdose|cocaine|heroin|cannabis|marijuana|methadone|buprenorphine|suboxone|naltrexone|naloxone|antiretrovir|suicid|self.harm|self.inflicted'
    ), false)
{%- endmacro %}
