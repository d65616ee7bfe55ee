"""A stand-in for the origin: pages, API and CDN, with the encoder's pace in the test's hands."""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qs, urlsplit

import web_issuer
from web_console import arranged
from web_ingest import Ingest
from web_media import AUDIO_KBPS, DURATION_S, FPS, SEGMENT_S

from chalicelib.domain.abr import policy
from chalicelib.domain.caption_tracks import CaptionTrack, caption_playlist, captioned, playlist_of, track_key
from chalicelib.domain.captions import write_webvtt
from chalicelib.domain.languages import display_name
from headwater.local.static import file_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from web_link import Link
    from web_live import LiveSource
    from web_media import Ladder

    from chalicelib.domain.captions import Cue

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; media-src 'self' blob: data:; worker-src 'self' blob:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
STUDIO_CSP = CSP.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
TABLES = Path(policy.__file__).parent / "tables"
CREATED = "2026-11-02T09:30:00Z"


@dataclass
class Scenario:
    """One recording: how many chunks of each rendition are done, and who may see it."""

    id: str
    ladder: Ladder
    title: str = "Rivers and how they begin"
    done: dict[str, int] = field(default_factory=dict)
    recording_status: str = ""
    error: dict[str, str] | None = None
    cancelled: bool = False
    private: bool = False
    eta_s: float | None = None
    usd: str = ""
    down: bool = False
    cookie: str = "first"
    captions: list[tuple[CaptionTrack, tuple[Cue, ...]]] = field(default_factory=list)
    stills: dict[str, bytes] = field(default_factory=dict)
    """Poster, thumbnail track and sprites, by name."""
    log: list[tuple[str, int]] = field(default_factory=list)
    link: Link | None = None
    """What its media come through; None for as fast as they can."""
    asked: Callable[[str], object] = lambda _path: None
    """Called with the path of each piece of media before it is sent."""
    advised: dict[str, object] = field(default_factory=dict)
    """What GET quality/recommended answers beside the usual."""
    advice_status: int = 200
    live: LiveSource | None = None
    """Its stream, until the recording of it is `finish`ed."""
    events_status: int = 200
    reports: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    """Session and body of each POST of events that was accepted."""
    reporters: list[str | None] = field(default_factory=list)
    """What each of them had as its Authorization."""

    @property
    def events(self) -> list[dict[str, object]]:
        """Events as a server keeps them: each of a session once, by its number."""
        known = {(name, event["seq"]): event for name, body in self.reports for event in body["events"]}  # type: ignore[index,attr-defined]
        return [known[key] for key in sorted(known)]

    def advice(self) -> dict[str, object]:
        """Return the recommendation: the lowest rung, and where to report."""
        events_url = f"/api/v1/recordings/{self.id}/sessions/given/events?token=t"
        usual = {"recommended": {"id": "v-low"}, "cap": None, "prior": None, "session": {"events_url": events_url}}
        return usual | self.advised

    def still(self, name: str) -> str | None:
        """Path of one of the `stills`, null while it is not there."""
        return f"/media/{self.id}/v1/stills/{name}" if name in self.stills else None

    def finish(self, *renditions: str) -> None:
        """Make renditions complete; all of them when none is named."""
        for name in renditions or self.ladder.chunks:
            self.done[name] = len(self.ladder.chunks[name])

    def add_captions(self, language: str, *cues: Cue, default: bool = False) -> None:
        """Give it captions, as their service would."""
        key = track_key(self.id, language, "0", "a")
        track = CaptionTrack(language, display_name(language), key, "0", len(cues), default=default)
        self.captions.append((track, cues))

    def master(self) -> str:
        """Return the multivariant playlist."""
        if self.on_air:
            return self.live.master() if self.live.entries else ""
        return captioned(self.ladder.master(self.id), [track for track, _ in self.captions], DURATION_S)

    @property
    def on_air(self) -> bool:
        """True until what was streamed can be played as a recording."""
        return self.live is not None and not self.done

    def caption_file(self, path: str) -> tuple[str, str] | None:
        """Return a caption playlist or file and its type."""
        for track, cues in self.captions:
            if path == f"/{playlist_of(track, DURATION_S)}":
                return caption_playlist(track, DURATION_S), "application/vnd.apple.mpegurl"
            if path == f"/{track.key}":
                return write_webvtt(cues), "text/vtt"
        return None

    def available_s(self, rendition: str) -> float:
        """Seconds that can be played."""
        return sum(chunk.duration_s for chunk in self.ladder.chunks[rendition][: self.done.get(rendition, 0)])

    def statuses(self, part: str) -> list[int]:
        """HTTP statuses given so far for paths that contain `part`."""
        return [status for path, status in self.log if part in path]

    def rendition(self, name: str) -> dict[str, object]:
        """One entry of the progress document."""
        width, height, kbps = self.ladder.rungs.get(name, (None, None, AUDIO_KBPS))
        done, total = self.done.get(name, 0), len(self.ladder.chunks[name])
        available = self.available_s(name)
        return {
            "id": name,
            "name": name,
            "kind": "video" if height else "audio",
            "width": width,
            "height": height,
            "bitrate_kbps": kbps,
            "frame_rate": float(FPS) if height else None,
            "percent": 100 * done / total,
            "fps": 96.0 if 0 < done < total else 0.0,
            "speed": 3.2 if 0 < done < total else 0.0,
            "available_s": available,
            "chunks_done": done,
            "chunks_total": total,
            "status": "completed" if done == total else "in-progress" if done else "pending",
        }

    def progress(self, *, owner: bool = False) -> dict[str, object]:
        """Return the transcode/progress document; money is for its owner."""
        renditions = [self.rendition(name) for name in self.ladder.chunks]
        complete = all(r["status"] == "completed" for r in renditions)
        playable = any(self.done.get(name) for name in self.ladder.rungs) and bool(self.done.get("a-main"))
        job = "cancelled" if self.cancelled else "failed" if self.error else "completed" if complete else "in-progress"
        status = (
            self.recording_status
            or ("live" if self.on_air else "")
            or ("ready" if complete else "playable" if playable else "processing")
        )
        return {
            "recording_id": self.id,
            "title": self.title,
            "job_id": "job_1",
            "recording_status": status,
            "status": job,
            "percent": sum(float(str(r["percent"])) for r in renditions) / len(renditions),
            "eta_s": None if job != "in-progress" else self.eta_s,
            "priority": "normal",
            "max_cost_usd": None,
            "cost": {"usd": self.usd} if owner and self.usd else None,
            "playable": status in {"playable", "ready"} and (self.cancelled or not self.error),
            "duration_s": float(self.ladder.duration_s),
            "segment_s": float(SEGMENT_S),
            "error": self.error,
            "created_at": CREATED,
            "playable_at": None,
            "finished_at": None,
            "poster_url": self.still("poster.jpg"),
            "storyboard_url": self.still("storyboard.vtt"),
            "renditions": renditions,
        }

    def recording(self) -> dict[str, object]:
        """Return the recording as its owner reads it."""
        return {
            "id": self.id,
            "owner": "mara",
            "title": self.title,
            "filename": "rivers.mp4",
            "visibility": "private" if self.private else "public",
            "status": self.progress()["recording_status"],
            "error": self.error,
            "duration_s": float(self.ladder.duration_s),
            "width": 640,
            "height": 360,
            "created_at": CREATED,
            "size_bytes": 20_000_000,
            "room_id": None,
            "live": self.live is not None,
            "thumbnail_url": f"{self.still('poster.jpg')}?Signature=good" if "poster.jpg" in self.stills else None,
            "playback_url": f"http://127.0.0.1/watch/{self.id}?grant=good",
        }


class Origin(ThreadingHTTPServer):
    """Serves web/ and scenarios on a free loopback port."""

    daemon_threads = True

    def __init__(self, web: Path) -> None:
        """Bind; serve_forever is the caller's."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.web = web
        self.scenarios: dict[str, Scenario] = {}
        self.pages: list[list[Scenario]] = []
        """What GET /recordings answers, page by page."""
        self.ingest = Ingest()
        self.issuer = web_issuer.StandInIssuer()
        self.erased: list[str] = []
        """Whose data were asked to be erased."""
        self.list_status = 200
        self.told: dict[str, Callable[[], object]] = {}
        """What to do when a page fetches /told/NAME: a test on a busy machine would come too late."""
        self.refuse = ""
        """Files of web/ whose path begins so answer 404."""

    def handle_error(self, *_: object) -> None:
        """Browsers hang up whenever they like."""

    @property
    def url(self) -> str:
        """Base URL without a slash at its end."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Routes as the embedded cloud does, as far as the pages use them."""

    protocol_version = "HTTP/1.1"
    server: Origin
    types: ClassVar[dict[str, str]] = {".mjs": "text/javascript", ".js": "text/javascript"}

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        """Answer one request."""
        address = urlsplit(self.path)
        parts = address.path.strip("/").split("/")
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/ws":
            self.server.scenarios[query["token"].split(".")[0]].live.connect(self)
        elif parts[0] == "told":
            self.server.told[parts[1]]()
            self.reply(204, b"", "text/plain", {})
        elif parts[0] == "api":
            self.api(parts[2:], query)
        elif parts[0] == "media":
            self.media(self.server.scenarios[parts[1]], parts)
        elif parts[0] == "dev":
            self.server.issuer.get(self, self.server.url, CSP)
        elif address.path == "/config.json":
            self.reply_json({"stage": "local", "version": "0", "auth": web_issuer.config(self.server.url)})
        else:
            self.page(address.path, parts)

    def do_PUT(self) -> None:
        """Take what a studio sends."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(
            self.server.ingest.put(urlsplit(self.path).path.strip("/").split("/")[1:], body), b"", "text/plain", {}
        )

    def do_DELETE(self) -> None:
        """Stop the stream, delete a recording, or forget a viewer."""
        parts = urlsplit(self.path).path.strip("/").split("/")[2:]
        if parts[0] == "users":
            self.server.erased.append(parts[1])
            self.reply_json({"erased_sessions": 2, "pending": len(self.server.erased) < 2})
            return
        if len(parts) == 2:
            gone = self.server.scenarios.pop(parts[1])
            self.server.pages = [[s for s in page if s is not gone] for page in self.server.pages]
            self.reply(204, b"", "text/plain", {})
            return
        self.server.ingest.status = "stopped"
        self.reply_json({"stream": {"status": "stopped"}})

    def do_POST(self) -> None:
        """Take the reports of a session, and a studio's calls."""
        parts = urlsplit(self.path).path.strip("/").split("/")[2:]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        scenario = self.server.scenarios.get(parts[1]) if len(parts) > 1 else None
        if self.path.startswith("/dev/"):
            self.server.issuer.post(self, self.server.url, body)
        elif parts == ["recordings"] or parts[0] == "live" or parts[2:] == ["stream", "start-live"]:
            status, document = self.server.ingest.post(parts, json.loads(body), self.headers.get("X-Stream-Key"))
            self.reply_json(document, status)
        elif scenario is None or parts[2:3] != ["sessions"] or parts[4:] != ["events"]:
            self.problem(404, "no_such_route", "There is nothing here.")
        elif scenario.events_status != 200:
            self.problem(scenario.events_status, "internal_error", "Not now.")
        else:
            scenario.reports.append((parts[3], json.loads(body)))
            scenario.reporters.append(self.headers.get("Authorization"))
            self.reply_json({"accepted": len(scenario.reports[-1][1]["events"])})  # type: ignore[arg-type]

    def api(self, parts: list[str], query: dict[str, str]) -> None:
        """Answer /recordings and what is below it."""
        signed_in = self.headers.get("Authorization", "").startswith("Bearer t-")
        scenario = self.server.scenarios.get(parts[1]) if len(parts) > 1 else None
        if len(parts) == 1 and query.get("status") == "waiting":
            self.reply_json({"recordings": self.server.ingest.recordings, "next_cursor": None})
        elif parts[2:] == ["stream", "live", "stats"]:
            self.reply_json(self.server.ingest.stats())
        elif len(parts) == 1:
            self.listing(query, signed_in=signed_in)
        elif scenario is None:
            self.problem(404, "recording_not_found", "There is no such recording.")
        elif scenario.down:
            self.problem(502, "internal_error", "Something broke on our side.")
        elif not signed_in and ((scenario.private and query.get("grant") != "good") or len(parts) == 2):
            self.problem(401, "unauthorized", "A token is required.")
        elif parts[2:] == ["transcode", "progress"]:
            self.reply_json(scenario.progress(owner=signed_in))
        else:
            self.watching(scenario, parts[2:])

    def watching(self, scenario: Scenario, parts: list[str]) -> None:
        """Answer what a player asks of a recording it may see."""
        if parts == ["stream", "live"] and scenario.live:
            self.reply_json(scenario.live.document(self.headers["Host"]))
        elif parts == ["quality", "recommended"] and scenario.advice_status != 200:
            self.problem(scenario.advice_status, "internal_error", "Not now.")
        elif parts == ["quality", "recommended"]:
            self.reply_json(scenario.advice())
        elif parts == ["stream", "master.m3u8"] and not scenario.master():
            self.problem(404, "not_playable", "There is nothing to play yet.")
        elif parts == ["stream", "master.m3u8"]:
            scenario.log.append((self.path, 200))
            cookie = f"Key={scenario.cookie}; Path=/media/{scenario.id}/; HttpOnly; SameSite=Lax"
            body = scenario.master().encode()
            self.reply(200, body, "application/vnd.apple.mpegurl", {"Set-Cookie": cookie})
        else:
            self.reply_json(scenario.recording())

    def listing(self, query: dict[str, str], *, signed_in: bool) -> None:
        """Answer GET /recordings."""
        pages, page = self.server.pages or [[]], int(query.get("cursor", "0"))
        if not signed_in:
            self.problem(401, "unauthorized", "A token is required.")
        elif self.server.list_status != 200:
            self.problem(self.server.list_status, "internal_error", "Something broke on our side.")
        else:
            cursor = str(page + 1) if page + 1 < len(pages) else None
            self.reply_json(
                {"recordings": [s.recording() for s in arranged(pages[page], query)], "next_cursor": cursor}
            )

    def media(self, scenario: Scenario, parts: list[str]) -> None:
        """Answer the CDN's paths: cookies checked, ranges honoured, what is not encoded yet is missing."""
        if caption := scenario.caption_file(self.path):
            scenario.log.append((self.path, 200))
            self.reply(200, caption[0].encode(), caption[1], {})
            return
        rendition, name = parts[3], parts[4]
        if scenario.live and parts[2] == "live":
            found = scenario.live.file(rendition, name)
            self.reply(200 if found else 404, *(found or (b"", "text/plain")), {})
            return
        done = scenario.done.get(rendition, 0)
        if f"Key={scenario.cookie}" not in self.headers.get("Cookie", "") and not self.path.endswith("Signature=good"):
            scenario.log.append((self.path, 403))
            self.reply(403, b"", "text/plain", {})
        elif rendition == "stills" and name in scenario.stills:
            scenario.log.append((self.path, 200))
            kind = "text/vtt" if name.endswith(".vtt") else "image/jpeg"
            self.reply(200, scenario.stills[name], kind, {})
        elif done == 0 or (name != "index.m3u8" and int(name[:5]) >= done):
            scenario.log.append((self.path, 404))
            self.reply(404, b"", "text/plain", {})
        elif name == "index.m3u8":
            scenario.log.append((self.path, 200))
            self.reply(200, scenario.ladder.playlist(rendition, done).encode(), "application/vnd.apple.mpegurl", {})
        else:
            scenario.log.append((self.path, 206))
            scenario.asked(self.path)
            body = scenario.ladder.chunks[rendition][int(name[:5])].body
            first, last = (int(n) for n in self.headers["Range"].removeprefix("bytes=").split("-"))
            span = {"Content-Range": f"bytes {first}-{last}/{len(body)}"}
            self.reply(206, body[first : last + 1], "video/mp4", span, scenario.link)

    def page(self, path: str, parts: list[str]) -> None:
        """Answer with a file of web/."""
        name = file_of(path) or path.lstrip("/")
        file = self.server.web / name
        if path.startswith("/assets/abr/tables/"):
            file = TABLES / parts[-1]
        refused = self.server.refuse and path.startswith(self.server.refuse)
        if refused or not file.is_file():
            self.reply(404, b"", "text/plain", {})
            return
        headers = {"Content-Security-Policy": STUDIO_CSP if name == "studio.html" else CSP}
        headers["X-Content-Type-Options"] = "nosniff"
        kind = self.types.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self.reply(200, file.read_bytes(), kind, headers)

    def problem(self, status: int, code: str, detail: str) -> None:
        """Answer with a problem document."""
        self.reply_json({"type": "about:blank", "status": status, "code": code, "detail": detail}, status)

    def reply_json(self, document: object, status: int = 200) -> None:
        """Answer with JSON."""
        self.reply(status, json.dumps(document).encode(), "application/json", {})

    def reply(self, status: int, body: bytes, kind: str, headers: dict[str, str], link: Link | None = None) -> None:
        """Answer, as fast as the link lets it through."""
        pieces = iter([body]) if link is None else link.pieces(body)
        first = next(pieces, b"")
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(first)
        for piece in pieces:
            self.wfile.write(piece)
