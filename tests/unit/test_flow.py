"""What goes where: whole units, in time, only where it pays, and never worse than buying everything."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwatch.actions.transfers.flow import PARTS, Problem, Solution, solve
from tests.examples import examples

NEVER = int(PARTS[-1])


def problem(
    give: list[tuple[int, int, int, float]],
    take: list[tuple[int, int, float, float]],
    ways: list[tuple[int, int, float, float]],
    ending: dict[int, list[int]] | None = None,
) -> Problem:
    """One item. give: site, days, quantity, waste; take: site, need, price, usage; ways: from, to, days, cost."""
    takers = pd.DataFrame(take, columns=["site", "need", "price", "usage"]).assign(item=1)
    return Problem(
        give=pd.DataFrame(give, columns=["site", "days", "quantity", "waste"]).assign(item=1),
        take=takers,
        ending=np.array([(ending or {}).get(site, [0] * len(PARTS)) for site in takers.site], np.int64),
        lanes=pd.DataFrame(ways, columns=["from_site", "to_site", "days", "cost"]).assign(item=1),
    )


def moved(solution: Solution) -> dict[tuple[int, int], int]:
    return {(int(m.from_site), int(m.to_site)): int(m.quantity) for m in solution.moves.itertuples()}


def test_surplus_answers_a_shortage_before_anything_is_bought() -> None:
    solution = solve(problem([(1, NEVER, 30, 0)], [(2, 20, 10, 1)], [(1, 2, 2, 25)]))
    assert moved(solution) == {(1, 2): 20}
    assert solution.buy.empty
    assert (solution.cost, solution.buying) == (25, 200)


def test_what_ends_too_soon_to_arrive_is_not_sent() -> None:
    assert moved(solve(problem([(1, 8, 30, 10)], [(2, 20, 10, 1)], [(1, 2, 2, 1)]))) == {}


def test_no_more_is_sent_than_can_be_used_before_it_expires() -> None:
    solution = solve(problem([(1, 16, 100, 10)], [(2, 0, 10, 2)], [(1, 2, 2, 1)]))
    assert moved(solution) == {(1, 2): 28}  # 14 days at 2 a day


def test_own_stock_that_ends_as_soon_is_used_first() -> None:
    solution = solve(problem([(1, 16, 100, 10)], [(2, 0, 10, 2)], [(1, 2, 2, 1)], {2: [0, 20, 0, 0, 0, 0]}))
    assert moved(solution) == {(1, 2): 8}


def test_a_delivery_that_costs_more_than_it_saves_is_not_made() -> None:
    solution = solve(problem([(1, NEVER, 30, 0)], [(2, 2, 10, 1)], [(1, 2, 2, 25)]))
    assert moved(solution) == {}
    assert int(solution.buy.quantity.sum()) == 2


def test_another_lane_takes_over_from_one_that_does_not_pay() -> None:
    solution = solve(problem([(1, NEVER, 30, 0), (3, NEVER, 30, 0)], [(2, 20, 10, 1)], [(1, 2, 2, 500), (3, 2, 2, 30)]))
    assert moved(solution) == {(3, 2): 20}


def test_short_dated_stock_goes_first_to_where_it_is_needed() -> None:
    give = [(1, NEVER, 30, 0), (3, 45, 30, 10)]
    solution = solve(problem(give, [(2, 20, 10, 1)], [(1, 2, 1, 5), (3, 2, 1, 5)]))
    assert moved(solution)[3, 2] >= 20
    assert (1, 2) not in moved(solution)


@settings(max_examples=examples(30), deadline=None)
@given(data=st.data())
def test_it_never_gives_what_it_has_not_nor_costs_more_than_buying(data: st.DataObject) -> None:
    whole = st.integers(0, 40)
    give = [
        (
            site,
            data.draw(st.sampled_from([5, 12, 20, 45, NEVER])),
            data.draw(whole),
            data.draw(st.sampled_from([0.0, 7.5])),
        )
        for site in range(1, 1 + data.draw(st.integers(1, 4)))
    ]
    take = [
        (site, data.draw(whole), data.draw(st.sampled_from([1.0, 12.5])), data.draw(st.sampled_from([0.0, 0.5, 3.0])))
        for site in range(5, 5 + data.draw(st.integers(1, 4)))
    ]
    ways = [
        (a[0], b[0], data.draw(st.sampled_from([0.0, 1.5, 6.0])), data.draw(st.sampled_from([0.0, 10.0, 90.0])))
        for a in give
        for b in take
        if data.draw(st.booleans())
    ]
    if not ways:
        return
    solution = solve(problem(give, take, ways))
    assert solution.cost <= solution.buying + 1e-6
    for site, days, quantity, waste in give:
        out = solution.moves[(solution.moves.from_site == site)]
        assert out.quantity.sum() <= quantity
        assert (out.days == days).all()
        assert waste >= 0
    for site, need, _, usage in take:
        came = solution.moves[solution.moves.to_site == site]
        bought = solution.buy[solution.buy.site == site].quantity.sum()
        assert came.needed.sum() + bought == need
        timed = came[came.days < NEVER]
        assert timed.quantity.sum() <= max(0, np.floor(usage * PARTS[-2])) + need


@pytest.mark.parametrize("empty", ["give", "lanes"])
def test_without_anything_to_give_everything_is_bought(empty: str) -> None:
    give = [] if empty == "give" else [(1, NEVER, 5, 0.0)]
    ways = [] if empty == "lanes" else [(1, 2, 1.0, 1.0)]
    solution = solve(problem(give, [(2, 20, 10, 1)], ways))
    assert solution.moves.empty
    assert int(solution.buy.quantity.sum()) == 20
