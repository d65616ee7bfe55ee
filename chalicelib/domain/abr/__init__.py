"""Adaptive bitrate: what to fetch next. Pure; usable alone, without AWS.

```python
from chalicelib.domain.abr import AdaptiveBitrateManager, ABRConfig, SegmentMetrics

manager = AdaptiveBitrateManager(ABRConfig())
manager.record_segment_metrics(SegmentMetrics(index=0, level=0, bytes=62_500, duration_ms=180, ttfb_ms=40))
manager.select_quality().kbps
```
"""

from chalicelib.domain.abr.cleaning import clean
from chalicelib.domain.abr.conditions import NetworkClass, NetworkCondition, NetworkConditionDetector
from chalicelib.domain.abr.device import CapReason, Decoding, DeviceCapabilities
from chalicelib.domain.abr.levels import ABRConfig, BitrateLevel, BitrateProfile, StreamQuality
from chalicelib.domain.abr.link import Prior
from chalicelib.domain.abr.manager import AdaptiveBitrateManager, SegmentRequest
from chalicelib.domain.abr.metrics import Cleaned, Outcome, Refusal, RefusalReason, Seen, SegmentMetrics
from chalicelib.domain.abr.origins import OriginBalancer, OriginChoice
from chalicelib.domain.abr.selector import Choice, QualitySelector, Rule, Situation
from chalicelib.domain.abr.state import Start
from chalicelib.domain.abr.stats import NetworkStats
from chalicelib.domain.abr.tracker import AvoidReason, RungQuality, SegmentQualityTracker

__all__ = [
    "ABRConfig",
    "AdaptiveBitrateManager",
    "AvoidReason",
    "BitrateLevel",
    "BitrateProfile",
    "CapReason",
    "Choice",
    "Cleaned",
    "Decoding",
    "DeviceCapabilities",
    "NetworkClass",
    "NetworkCondition",
    "NetworkConditionDetector",
    "NetworkStats",
    "OriginBalancer",
    "OriginChoice",
    "Outcome",
    "Prior",
    "QualitySelector",
    "Refusal",
    "RefusalReason",
    "Rule",
    "RungQuality",
    "Seen",
    "SegmentMetrics",
    "SegmentQualityTracker",
    "SegmentRequest",
    "Situation",
    "Start",
    "StreamQuality",
    "clean",
]
