"""Numbers 77 to 86 of the reference's checklist: alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .lab import Lab

if TYPE_CHECKING:
    from pathlib import Path

IN_A_SECOND = "await s.setAlarm(now() + 1000)\n"
RINGING = "seen.append([now(), info.retryCount, info.isRetry, info.scheduledTime])\n"
FAILING = RINGING + 'raise ValueError("the alarm fails")'


def rings(lab: Lab) -> list[Any]:
    """Give when it rang, the retries, whether it was one, and when it was set for."""
    found = lab.run_in("return SEEN", name="another")
    assert isinstance(found, list)
    return found


def test_077_the_last_time_that_was_set_counts(lab: Lab) -> None:
    program = """
    before = await s.getAlarm()
    await s.setAlarm(1800000000000)
    first = await s.getAlarm()
    await s.setAlarm(1900000000000)
    return [before, first, await s.getAlarm()]
    """

    assert lab.run_in(program) == [None, 1800000000000, 1900000000000]


def test_078_a_time_before_1970_is_refused(lab: Lab) -> None:
    refused = "TypeError: setAlarm() cannot be called with an alarm time <= 0"

    assert lab.run_in("await s.setAlarm(0)", "await s.setAlarm(-1)") == [refused, refused]


NO_DATE = (
    "Failed to execute 'setAlarm' on 'DurableObjectStorage': parameter 1 is not of type 'date'."
)
WHAT_IS_NO_TIME = [
    ("float('nan')", "The value cannot be converted because it is not a valid Date."),
    ("float('-inf')", "The value cannot be converted because it is not a valid Date."),
    ("js.Date.new(float('nan'))", "The value cannot be converted because it is not a valid Date."),
    ("9223372036855", "This API doesn't support dates after 2189."),
    ("1e300", "This API doesn't support dates after 2189."),
    ("js.Date.new(8.64e15)", "This API doesn't support dates after 2189."),
    ("-9223372036855", "This API doesn't support dates before 1687."),
    ("-9223372036854", "setAlarm() cannot be called with an alarm time <= 0"),
    ("'5'", NO_DATE),
    ("True", NO_DATE),
    ("None", NO_DATE),
    ("to_js([1])", NO_DATE),
]


@pytest.mark.parametrize(("value", "text"), WHAT_IS_NO_TIME)
def test_078_what_is_no_time_is_refused(lab: Lab, value: str, text: str) -> None:
    assert lab.run_in(f"await s.setAlarm({value})") == f"TypeError: {text}"


def test_078_the_last_time_is_in_2262(lab: Lab) -> None:
    program = "await s.setAlarm(9223372036854)\nreturn await s.getAlarm()"

    assert lab.run_in(program) == 9223372036854


def test_078_a_time_that_is_past_is_now(lab: Lab) -> None:
    lab.begin(alarm=RINGING)

    found, now = lab.run_in("await s.setAlarm(1000)\nreturn [await s.getAlarm(), now()]")
    lab.advance(0)

    assert found == now
    assert rings(lab) == [[now, 0, False, now]]


def test_079_a_class_without_a_handler_may_set_an_alarm_which_fails(lab: Lab) -> None:
    # In Python the class always seems to have one: nothing is said before it rings.
    lab.begin(alarm='raise AttributeError("no handler")')

    assert lab.run_in(IN_A_SECOND) is None
    lab.advance(1)
    assert lab.run_in("return await s.getAlarm() is not None") is True


def test_080_within_the_handler_there_is_no_alarm_until_it_sets_one(lab: Lab) -> None:
    lab.begin(
        alarm="""
        seen.append(await s.getAlarm())
        if len(seen) == 1:
            await s.setAlarm(now() + 1000)
            raise ValueError("what was set stays")
        """
    )
    lab.run_in(IN_A_SECOND)

    lab.advance(1)
    assert rings(lab) == [None]
    assert lab.run_in("return await s.getAlarm() - now()") == 1000
    lab.advance(1)

    assert rings(lab) == [None, None]
    assert lab.run_in("return await s.getAlarm()") is None


def test_081_a_handler_that_fails_is_tried_again_later_and_later(lab: Lab) -> None:
    lab.begin(alarm=FAILING)
    lab.run_in(IN_A_SECOND)

    lab.advance(1)
    assert lab.run_in("return await s.getAlarm()") == rings(lab)[0][3]
    lab.advance(20)

    at, retries, is_retry, scheduled = zip(*rings(lab), strict=True)
    assert retries == (0, 1, 2, 3)
    assert is_retry == (False, True, True, True)
    assert set(scheduled) == {at[0]}
    assert 2000 <= at[1] - at[0] <= 2500
    assert 4000 <= at[2] - at[1] <= 5000
    assert 8000 <= at[3] - at[2] <= 10000


def test_082_it_is_given_up_after_seven_attempts(lab: Lab) -> None:
    lab.begin(alarm=FAILING)
    lab.run_in(IN_A_SECOND)

    lab.advance(1000)

    assert len(rings(lab)) == 7
    assert lab.run_in("return await s.getAlarm()") is None


def test_083_an_alarm_that_is_deleted_is_not_tried_again(lab: Lab) -> None:
    lab.begin(alarm=FAILING)
    lab.run_in(IN_A_SECOND)
    lab.advance(1)

    lab.run_in("await s.deleteAlarm()")
    lab.advance(100)

    assert len(rings(lab)) == 1


def test_083_an_alarm_that_is_set_anew_counts_from_nothing(lab: Lab) -> None:
    lab.begin(alarm=FAILING)
    lab.run_in(IN_A_SECOND)
    lab.advance(4)
    assert [each[1] for each in rings(lab)] == [0, 1]

    lab.run_in("await s.setAlarm(now() + 500)")
    lab.advance(0.6)

    assert [each[1] for each in rings(lab)] == [0, 1, 0]


def test_084_an_alarm_survives_a_restart_and_rings_when_it_is_overdue(tmp_path: Path) -> None:
    first = Lab(tmp_path)
    at = first.run_in(IN_A_SECOND + "return await s.getAlarm()")
    first.close()

    second = Lab(tmp_path)
    second.begin(alarm="seen.append([ctx.id.name, info.scheduledTime, info.retryCount])")
    second.advance(1)
    found = rings(second)
    second.close()

    assert found == [["a", at, 0]]


def test_085_an_alarm_is_taken_back_with_its_transaction(lab: Lab) -> None:
    lab.begin(alarm=RINGING)
    program = """
    async def body(txn):
        await txn.setAlarm(now() + 1000)
        raise ValueError("never mind")
    try:
        await s.transaction(body)
    except Exception:
        return await s.getAlarm()
    """

    assert lab.run_in(program) is None
    lab.advance(10)
    assert rings(lab) == []


def test_086_an_abort_may_give_the_alarm_up(lab: Lab) -> None:
    lab.begin(
        alarm=RINGING
        + """
ctx._ctx.abort(  # what is beneath the SDK's, which knows no options
    "enough", to_js({"retryAlarm": False}, dict_converter=Object.fromEntries)
)
"""
    )
    lab.run_in(IN_A_SECOND)

    lab.advance(100)

    assert len(rings(lab)) == 1
    assert lab.run_in("return await s.getAlarm()") is None


def test_086_an_abort_that_says_nothing_lets_the_alarm_be_tried_again(lab: Lab) -> None:
    lab.begin(alarm=RINGING + "ctx.abort('enough')")
    lab.run_in(IN_A_SECOND)

    lab.advance(4)

    assert [each[1] for each in rings(lab)] == [0, 1]
