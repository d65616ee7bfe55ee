"""The state of a stream as it lies in S3: it names its version, and is read as an earlier or a later one wrote it."""

from __future__ import annotations

from support.live import segment

from chalicelib.domain.live.state import DOCUMENT_VERSION, LiveState

STREAM, RECORDING = "live_0123456789abcdefghij", "rec_0123456789abcdefghij"


def test_it_is_read_as_earlier_and_later_versions_wrote_it() -> None:
    """Without a version, as before there was one; with one more, and members that nobody here knows."""
    state = LiveState(STREAM, RECORDING).accept(segment(0, stream_id=STREAM), 0.0)
    written = state.to_dict()
    assert written["v"] == DOCUMENT_VERSION
    earlier = {name: value for name, value in written.items() if name != "v"}
    later = written | {"v": DOCUMENT_VERSION + 1, "colour": "blue"}
    assert [LiveState.from_dict(one) for one in (written, earlier, later)] == [state] * 3
