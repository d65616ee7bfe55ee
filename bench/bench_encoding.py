"""What a job costs and shows against the specification's one-process, four-output, preset-medium command.

Run by `make bench`. Prints tables and writes build/bench/encoding.json. The job is every video command that the
product makes for the source, one after another; the baseline runs in the middle of them, so that both meet the same
machine. Neither side encodes sound. Bits are the sizes of the files. Sources: a three-minute lecture (film, slides
with an inset, film) when `--media` has it, the committed minute otherwise, and 36 s of it, half film, half slides.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

from measuring import Spent, run, vmaf  # noqa: E402
from support.http_files import serve  # noqa: E402
from support.media import plan  # noqa: E402

from chalicelib.adapters.probe import PyAvProbe  # noqa: E402
from chalicelib.config import Settings  # noqa: E402
from chalicelib.domain.encoding import verify_video, video_command  # noqa: E402
from chalicelib.domain.fmp4 import read_chunk  # noqa: E402
from chalicelib.domain.grouping import chunk_groups  # noqa: E402
from chalicelib.domain.ladder import RESCUE_PROFILE  # noqa: E402
from chalicelib.domain.pictures import filter_graph, output_label  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.chunks import Chunk
    from chalicelib.domain.job import JobPlan, Rendition
    from chalicelib.domain.media import VideoTrack

PYAV = str(ROOT / "build/layers/probe/python")
MEDIA = ROOT.parent / "shared/media"
LECTURE, COMMITTED = "lecture-180s-1080p30.mp4", ROOT / "tests/media/demo-1080p30.mp4"
CUT = ("-ss", "12.8", "-t", "35.967")
"""From a key frame 17 s before the film ends; packets are copied."""
THREADS = Settings().encode_threads


@dataclass(slots=True)
class Side:
    """One way of encoding a source: what each of its processes took, and a file per rung."""

    folder: Path
    tasks: list[tuple[tuple[str, ...], int, Spent]] = field(default_factory=list)
    """(rungs' ids, segments, spent) of each process."""

    def file(self, rung: Rendition) -> Path:
        """Where the whole rung is."""
        return self.folder / f"{rung.id}.mp4"

    def cpu_s(self, *, without: str = "") -> float:
        """CPU seconds of all processes but those of one rung alone."""
        return sum(spent.cpu_s for rungs, _, spent in self.tasks if rungs != (without,))

    def rss_mb(self) -> float:
        """Most memory that one process held."""
        return max(spent.rss_mb for _, _, spent in self.tasks)


def picture(made: JobPlan) -> VideoTrack:
    """The source's video track."""
    if made.media.video is None:
        raise ValueError("a source without a picture")
    return made.media.video


def baseline(made: JobPlan, rungs: tuple[Rendition, ...], url: str, side: Side) -> None:
    """The specification's command: average bitrates, x264's own threads; like ours it decodes and scales once."""
    arguments = ["-y", "-v", "error", "-nostdin", "-copyts", "-i", url]
    arguments += ["-filter_complex", filter_graph(made.media, rungs, made.chunks[0].start_s(made.segment_s))]
    for index, rung in enumerate(rungs):
        rate = ("-b:v", f"{rung.bitrate_kbps}k", "-maxrate", f"{rung.bitrate_kbps * 11 // 10}k")
        arguments += ["-map", output_label(index), "-c:v", "libx264", "-preset", "medium", *rate]
        arguments += ["-bufsize", f"{rung.bitrate_kbps * 2}k", "-g", str(rung.frames_per_segment)]
        arguments += ["-fps_mode", "passthrough", str(side.file(rung))]
    side.tasks.append((tuple(r.id for r in rungs), len(made.chunks), run(arguments)))


def tasks(made: JobPlan) -> list[tuple[Chunk, tuple[str, ...]]]:
    """Every process of the job, in the plan's order."""
    return [(chunk, group) for chunk in made.chunks for group in chunk_groups(made, chunk)]


def encode(made: JobPlan, chunk: Chunk, group: tuple[str, ...], url: str, preset: str, side: Side) -> None:
    """Run one task as a worker would, and hold its files against the plan."""
    rungs = [made.rendition(rung) for rung in group]
    outputs = [side.folder / f"chunk-{rung.id}.mp4" for rung in rungs]
    names = [str(output) for output in outputs]
    spent = run(video_command(made, rungs, chunk, url=url, outputs=names, preset=preset, threads=THREADS))
    for rung, output in zip(rungs, outputs, strict=True):
        body = output.read_bytes()
        result = read_chunk(body, key="", cpu_s=0)
        verify_video(made, rung, chunk, result)
        with side.file(rung).open("ab") as whole:
            whole.write(body[result.init_size :] if chunk.index else body)
    side.tasks.append((group, chunk.segments, spent))


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of one source, and the rungs that both have."""

    plan: JobPlan
    rungs: tuple[Rendition, ...]
    rescue: str
    base: Side
    ours: Side


def measure(source: Path, preset: str, folder: Path) -> Pair:
    """Encode a source both ways, the baseline half-way through the job's tasks."""
    body = source.read_bytes()
    with serve({"source": body}) as root:
        url = root + "source"
        made = plan(PyAvProbe(PYAV).probe(url, size_bytes=len(body)))
        rescue = next((r.id for r in made.video if r.bitrate_kbps == RESCUE_PROFILE.bitrate_kbps), "")
        sides = [Side(Path(tempfile.mkdtemp(dir=folder))) for _ in range(2)]
        pair = Pair(made, tuple(r for r in made.video if r.id != rescue), rescue, *sides)
        work = tasks(made)
        for place, (chunk, group) in enumerate(work):
            if place == len(work) // 2:
                baseline(made, pair.rungs, url, pair.base)
            encode(made, chunk, group, url, preset, pair.ours)
    return pair


def quality(pair: Pair, source: Path, every: int) -> Iterator[dict[str, float | str]]:
    """Bits and VMAF per rung, both sides; one frame in `every` is compared."""
    video = picture(pair.plan)
    for rung in pair.rungs:
        row: dict[str, float | str] = {"rung": rung.name}
        for name, side in (("base", pair.base), ("ours", pair.ours)):
            mean, low = vmaf(video, rung, side.file(rung), source, every=every)
            size = side.file(rung).stat().st_size * 8 / 1000 / float(pair.plan.media.duration_s)
            row |= {f"{name}_vmaf": mean, f"{name}_p5": low, f"{name}_kbps": size}
        yield row


def grouping(pair: Pair) -> Iterator[dict[str, object]]:
    """What tasks of each kind took: by rungs in the process and segments in the chunk."""
    kinds: dict[tuple[str, int], list[Spent]] = defaultdict(list)
    names = {r.id: r.name for r in pair.plan.video}
    for rungs, segments, spent in pair.ours.tasks:
        kinds[" + ".join(names[r] for r in rungs), segments].append(spent)
    for (together, segments), all_spent in kinds.items():
        cpu = statistics.mean(s.cpu_s for s in all_spent)
        yield {"rungs": together, "segments": segments, "cpu_s": cpu, "rss_mb": max(s.rss_mb for s in all_spent)}


def sources(media: Path, folder: Path) -> list[tuple[str, Path]]:
    """The short and the long source."""
    whole = media / LECTURE if (media / LECTURE).exists() else COMMITTED
    short = folder / "short.mp4"
    cut = ["-v", "error", "-nostdin", *CUT[:2], "-i", str(whole), *CUT[2:]]
    run([*cut, "-map", "0:V:0", "-c", "copy", "-avoid_negative_ts", "make_zero", str(short)])
    return [("36 s", short), ("180 s" if whole != COMMITTED else "60 s", whole)]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=MEDIA, help="folder with the three-minute lecture")
    parser.add_argument("--only", choices=["short", "long"], help="one of the two sources")
    parser.add_argument("--preset", default=Settings().encode_preset, help="x264 preset of the job")
    parser.add_argument("--frames", type=int, default=360, help="about how many frames VMAF looks at, per rung")
    options = parser.parse_args()
    report: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as name:
        folder = Path(name)
        wanted = {"short": slice(0, 1), "long": slice(1, 2), None: slice(None)}[options.only]
        for label, path in sources(options.media, folder)[wanted]:
            pair = measure(path, options.preset, folder)
            every = max(1, int(pair.plan.media.duration_s * 30) // options.frames)
            report[label] = show(label, pair, list(quality(pair, path, every)), every)
    output = ROOT / "build/bench/encoding.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"preset": options.preset, "sources": report}, indent=1))


def show(label: str, pair: Pair, rungs: list[dict[str, float | str]], every: int) -> dict[str, object]:
    """Print one source's tables; returns what was printed."""
    base, four, five = pair.base.cpu_s(), pair.ours.cpu_s(without=pair.rescue), pair.ours.cpu_s()
    print(f"\n{label}: CPU s and peak memory of one process; VMAF over every {every}th frame\n")
    print("| | processes | CPU s | ratio | peak MB |\n|---|---|---|---|---|")
    print(f"| one process, four outputs, medium | 1 | {base:.1f} | 1.00 | {pair.base.rss_mb():.0f} |")
    print(f"| the job, four rungs | | {four:.1f} | {four / base:.2f} | {pair.ours.rss_mb():.0f} |")
    print(f"| the job with its rescue rung | {len(pair.ours.tasks)} | {five:.1f} | {five / base:.2f} | |")
    print("\n| rung | kbit/s: base | job | VMAF: base | job | difference | 5th percentile: base | job |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rungs:
        b, o = float(row["base_vmaf"]), float(row["ours_vmaf"])
        print(f"| {row['rung']} | {row['base_kbps']:.0f} | {row['ours_kbps']:.0f} | {b:.2f} | {o:.2f} |", end="")
        print(f" {o - b:+.2f} | {row['base_p5']:.1f} | {row['ours_p5']:.1f} |")
    kinds = list(grouping(pair))
    print("\n| rungs of one process | segments | CPU s per task | per segment | peak MB |\n|---|---|---|---|---|")
    for kind in kinds:
        cpu, segments = float(str(kind["cpu_s"])), int(str(kind["segments"]))
        each = cpu / segments
        print(f"| {kind['rungs']} | {segments} | {cpu:.2f} | {each:.2f} | {float(str(kind['rss_mb'])):.0f} |")
    cpu_s = {"base": base, "four": four, "five": five}
    return {"cpu_s": cpu_s, "rungs": rungs, "tasks": kinds, "peak_mb": [pair.base.rss_mb(), pair.ours.rss_mb()]}


if __name__ == "__main__":
    main()
