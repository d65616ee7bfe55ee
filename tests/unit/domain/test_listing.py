"""How a library is searched and ordered."""

from __future__ import annotations

import pytest

from chalicelib.domain.listing import Order, arranged, holds
from chalicelib.domain.recording import Recording, RecordingStatus


def recording(number: int, title: str = "", duration_s: float = 0.0) -> Recording:
    """Return one that was made at second `number`."""
    status = RecordingStatus.READY
    return Recording(
        f"rec_{number}", "ann", title, "file.mp4", "video/mp4", 1, status, number, number, duration_s=duration_s
    )


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", True),
        ("LECTURE", True),
        ("ture riv", True),
        ("strasse", True),
        ("lecture.mp4", True),
        ("rivers lecture", True),
        ("rivers lakes", False),
        ("①", True),
    ],
)
def test_every_word_is_found_somewhere(search: str, found: bool) -> None:  # noqa: FBT001  a table
    """In title or filename, in any order, whatever the case and the form of the letters."""
    assert holds(search, "Rivers 1: Straße", "Lecture.MP4") is found


def test_titles_are_arranged_as_people_count() -> None:
    """Case does not matter, numbers do, and files without a title stand under their name."""
    titles = ["Lecture 10", "lecture 2", "Lecture 2b", "Äpfel", "apples", ""]
    made = [recording(number, title) for number, title in enumerate(titles)]
    shown = [one.title or one.filename for one in arranged(made, Order.TITLE)]
    assert shown == ["apples", "file.mp4", "lecture 2", "Lecture 2b", "Lecture 10", "Äpfel"]


def test_time_and_length_have_their_orders() -> None:
    """What is equal stays newest first."""
    made = [recording(1, duration_s=5), recording(2, duration_s=9), recording(3, duration_s=5)]
    numbers = {order: [int(one.created_at) for one in arranged(made, order)] for order in Order}
    assert numbers[Order.CREATED] == [3, 2, 1]
    assert numbers[Order.OLDEST] == [1, 2, 3]
    assert numbers[Order.DURATION] == [2, 3, 1]
    assert numbers[Order.TITLE] == [3, 2, 1]
