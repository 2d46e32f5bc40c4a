from pilothouse.apps.support.classifying.features import Vocabulary, features

MESSAGES = ["a lamp", "a kettle", "a lamp"]


def test_a_vocabulary_has_the_features_of_all_messages() -> None:
    assert {"wlamp", "wkettl", "wa lamp", "wa kettl", "clamp"} <= set(Vocabulary.of(MESSAGES).names)


def test_features_of_a_single_message_can_be_left_out() -> None:
    often = Vocabulary.of(MESSAGES, least=2)
    assert {"wlamp", "wa", "wa lamp", "clamp"} <= set(often.names)
    assert not {"wkettl", "wa kettl", "ckett"} & set(often.names)
    found = {often.names[place] for place in often.rows(["kettle lamp"]).columns}
    assert "wlamp" in found
    assert found < set(features("kettle lamp"))
