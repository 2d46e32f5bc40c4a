"""What a process made at its start is not walked by later collections."""

import gc

from pilothouse.kit.collecting import SELDOM, seldom, settle


def test_what_was_there_is_left_out_of_later_collections_and_what_comes_later_is_not() -> None:
    early = [[] for _ in range(1_000)]
    settle()
    try:
        late: list[object] = []
        late.append(late)
        assert gc.get_freeze_count() > len(early)
        tracked = {id(each) for each in gc.get_objects()}
        assert id(early) not in tracked
        assert id(late) in tracked
    finally:
        gc.unfreeze()


def test_a_command_collects_seldom() -> None:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    try:
        seldom()
        assert gc.get_threshold() == SELDOM
    finally:
        gc.set_threshold(*before)
