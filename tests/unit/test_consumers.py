"""Moving consumers: what each step does with what it finds, and what a person is told to do."""

from __future__ import annotations

import json
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.core.consumers import (
    Binding,
    ConsumerKind,
    Move,
    MoveStatus,
    move_entry,
    move_from,
)
from tests.unit.builders import BOUNDED

TEXTS = st.text(max_size=12)
BINDINGS = st.builds(
    Binding, kind=st.sampled_from(ConsumerKind), consumer=TEXTS, place=TEXTS, label=TEXTS
)
MOVES = st.builds(
    Move,
    binding=BINDINGS,
    before=st.lists(TEXTS, max_size=3).map(tuple),
    status=st.sampled_from(MoveStatus),
    bound_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    note=TEXTS,
)


@BOUNDED
@given(move=MOVES)
def test_a_move_comes_back_from_the_ledger_as_it_was(move: Move) -> None:
    assert move_from(json.loads(json.dumps(move_entry(move)))) == move
