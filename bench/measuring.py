"""What the benches measure with: CPU and memory of one FFmpeg, and the VMAF of a file against its source."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.media import VideoTrack

TICK = os.sysconf("SC_CLK_TCK")
FFMPEG = Path(__file__).parents[1] / "build/layers/ffmpeg/bin/ffmpeg"


@dataclass(frozen=True, slots=True)
class Spent:
    """What one process took: CPU seconds (user and system) and the most memory it held, in MB."""

    cpu_s: float
    rss_mb: float


def run(arguments: Sequence[str]) -> Spent:
    """Run FFmpeg to its end; raises RuntimeError with its last words when it fails."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [FFMPEG, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(said.read().decode(errors="replace")[-2000:])
    return Spent(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def vmaf(video: VideoTrack, rung: Rendition, encoded: Path, source: Path, *, every: int) -> tuple[float, float]:
    """VMAF of every `every`-th frame at the source's size: (mean, 5th percentile).

    The source is brought to the rung's frame rate by the filter that the product uses; both are then compared
    frame by frame, by number, so that a shift by one frame would show.
    """
    by_number = f"settb={rung.frame_rate.denominator}/{rung.frame_rate.numerator},setpts=N,format=yuv420p"
    sized = f"scale={video.width}:{video.height}:flags=bicubic"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "vmaf.json"
        graph = (
            f"[0:V:0]{sized},{by_number}[made];"
            f"[1:V:0]setpts=PTS-{video.start_pts},fps=fps={rung.frame_rate}:start_time=0:round=near,{by_number}[asked];"
            f"[made][asked]libvmaf=n_subsample={every}:n_threads=2:log_fmt=json:log_path={log}"
        )
        files = ["-i", str(encoded), "-copyts", "-i", str(source)]
        run(["-v", "error", "-nostdin", *files, "-filter_complex", graph, "-f", "null", "-"])
        frames = json.loads(log.read_text())["frames"]
    scores = sorted(frame["metrics"]["vmaf"] for frame in frames)
    return sum(scores) / len(scores), scores[len(scores) // 20]


def cpu_s(pid: int) -> float:
    """Return CPU seconds so far of a process and all that it started."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields_ = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        parents[int(stat.parent.name)] = int(fields_[1])
        spent[int(stat.parent.name)] = (int(fields_[11]) + int(fields_[12])) / TICK
    tree, grew = {pid}, True
    while grew:
        more = {child for child, parent in parents.items() if parent in tree} - tree
        tree, grew = tree | more, bool(more)
    return sum(spent[one] for one in tree if one in spent)
