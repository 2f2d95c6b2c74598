"""Characters that nobody sees leave ids, and what people wrote keeps them."""

import orjson

from pipelines.extract.fhir_ids import free_ids, unseen_at

WROTE = '"text":{"div":"no-break\u00a0space, \\u200b and \\"id\\":\u00a0quoted"}'


def test_they_are_found_in_an_id_a_reference_and_a_value_however_written():
    named = '"subject":{"reference" : "Patient/\\ufeff7"},"identifier":[{"value":"\u00a05"}]'
    line = f'{{"id":"a\u200b1",{WROTE},{named}}}'.encode()
    assert [line[place:].decode()[:1] for place in unseen_at(line)] == ["\u200b", "\\", "\u00a0"]
    resource = orjson.loads(line)
    assert free_ids(resource)
    freed = (resource["id"], resource["subject"]["reference"], resource["identifier"][0]["value"])
    assert freed == ("a1", "Patient/7", "5")
    assert resource["text"]["div"] == 'no-break\u00a0space, \u200b and "id":\u00a0quoted'


def test_a_record_that_has_them_in_what_somebody_wrote_alone_is_not_touched():
    line = f'{{"id":"a1",{WROTE}}}'.encode()
    assert unseen_at(line) == []
    assert not free_ids(orjson.loads(line))
