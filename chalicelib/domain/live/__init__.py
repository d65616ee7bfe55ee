"""Live streams: pure rules. Encoders' epochs, the window viewers see, packaging, and the words of the socket.

```python
from chalicelib.domain.live import LiveWindow

window = LiveWindow(target_s=2, window_s=900)
window = window.accept(segment, now)  # any order, any duplicates, any gaps
media_playlist(window, "video")
```
"""

from chalicelib.domain.live.buffer import SegmentBuffer
from chalicelib.domain.live.entry import Entry
from chalicelib.domain.live.health import IngestHealth
from chalicelib.domain.live.packaged import PackagedSegment
from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.domain.live.window import LiveWindow

__all__ = ["Entry", "IngestHealth", "LiveStream", "LiveWindow", "PackagedSegment", "SegmentBuffer", "StreamStatus"]
