"""What real encode tasks take, for simulations: CPU seconds and bytes of a few chunks of a source, each rung.

`bench_scale.py` calls this when build/bench/tasks.json is missing; by itself: `bench/task_times.py [SOURCE]`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.http_files import serve  # noqa: E402
from support.media import plan  # noqa: E402

from chalicelib.adapters.ffmpeg import FfmpegEncoder  # noqa: E402
from chalicelib.adapters.probe import PyAvProbe  # noqa: E402
from chalicelib.config import Settings  # noqa: E402
from chalicelib.domain.encoding import video_command  # noqa: E402
from chalicelib.domain.grouping import chunk_groups  # noqa: E402
from chalicelib.domain.progress import chunk_seconds  # noqa: E402
from chalicelib.domain.sound import audio_command  # noqa: E402

if TYPE_CHECKING:
    from chalicelib.domain.chunks import Chunk
    from chalicelib.domain.job import JobPlan

OUTPUT = ROOT / "build/bench/tasks.json"
CLIP = ROOT / "tests/media/demo-1080p30.mp4"
FFMPEG = FfmpegEncoder(str(ROOT / "build/layers/ffmpeg/bin/ffmpeg"))
TIMEOUT_S = 3600.0


def pictures(made: JobPlan, chunk: Chunk, url: str) -> dict[str, Any]:
    """Encode one chunk in all rungs as workers would; a process's CPU is shared out by pixels, as on a job's rows."""
    rungs: dict[str, dict[str, float]] = {}
    length = chunk_seconds(made, chunk)
    for group in chunk_groups(made, chunk):
        members = [made.rendition(name) for name in group]
        with tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder:
            outputs = [Path(folder) / f"{index}.mp4" for index in range(len(members))]
            settings = Settings()
            command = video_command(
                made,
                members,
                chunk,
                url=url,
                outputs=[str(output) for output in outputs],
                preset=settings.encode_preset,
                threads=settings.encode_threads,
            )
            cpu_s = FFMPEG.run_to_file(command, timeout_s=TIMEOUT_S, beat=lambda _frames, _fps: True)
            pixels = [float(r.width * r.height * r.frame_rate) for r in members]
            for rung, share, output in zip(members, pixels, outputs, strict=True):
                size = output.stat().st_size
                rungs[str(rung.bitrate_kbps)] = {"cpu_s": cpu_s * share / sum(pixels), "bytes": size}
        print(f"chunk {chunk.index}, {length:.0f} s, {' + '.join(m.name for m in members)}: {cpu_s:.1f} CPU s")
    return {"chunk": chunk.index, "media_s": length, "rungs": rungs}


def sound(made: JobPlan, url: str) -> dict[str, float]:
    """Encode the whole sound."""
    rendition = next(r for r in made.renditions if r.kind == "audio")
    taken: list[int] = []
    command = audio_command(made, rendition, url=url)
    cpu_s = FFMPEG.run_to_pipe(
        command, timeout_s=TIMEOUT_S, beat=lambda _frames, _fps: True, take=lambda data: taken.append(len(data))
    )
    return {"media_s": float(made.media.duration_s), "cpu_s": cpu_s, "bytes": sum(taken)}


def measure(source: Path) -> dict[str, Any]:
    """Encode a source's first chunk, one of its middle and its last full one, and its sound."""
    body = source.read_bytes()
    with serve({"source": body}) as root:
        url = root + "source"
        made = plan(PyAvProbe(str(ROOT / "build/layers/probe/python")).probe(url, size_bytes=len(body)))
        full = [chunk for chunk in made.chunks if chunk_seconds(made, chunk) > 15] or [made.chunks[-1]]
        wanted = {chunk.index: chunk for chunk in (made.chunks[0], full[len(full) // 2], full[-1])}
        chunks = [pictures(made, chunk, url) for _, chunk in sorted(wanted.items())]
        return {"source": source.name, "chunks": chunks, "sound": sound(made, url)}


def main() -> None:
    """Measure and write."""
    measured = measure(Path(sys.argv[1]) if len(sys.argv) > 1 else CLIP)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
