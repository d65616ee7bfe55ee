"""`headwater live`: go live, push any encoder's stream, see how it goes, and stop."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.optional_values import PushCommand
from headwater.cli.options import DEFAULT_URL, AsJson, RecordingId, Server, Token, Url, User

if TYPE_CHECKING:
    from types import ModuleType

app = typer.Typer(help="Go live, push any encoder's stream, see how it goes, and stop.", no_args_is_help=True)

EXIT_CODES = (
    "Exit codes: 0 done, all delivered; 1 the input failed; 2 wrong usage or unreadable file; 3 server unreachable; "
    "4 refused by the server; 5 no such recording; 130 interrupted with something left to deliver."
)
UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}
SIZE = re.compile(r"[1-9][0-9]{1,3}x[1-9][0-9]{1,3}")
LEAST_SPOOL = 20_000_000
"""Two segments of the size that the server takes."""

Target = Annotated[int, typer.Option(min=1, max=6, help="Seconds a segment is to be long.")]
Profile = Annotated[list[str] | None, typer.Option(help="A rung: rescue, low, normal, …; repeat for more.")]
Clip = Annotated[Path | None, typer.Argument(help="A file to play, in real time.", show_default=False)]
Backup = Annotated[bool, typer.Option("--backup", help="Be the backup: on the air while the primary is not.")]


def _size(text: str) -> str:
    """Check a size in bytes: 500M, 2G; typer tells the person when it is none."""
    if bytes_of(text) < LEAST_SPOOL:
        raise typer.BadParameter(f"{text} is no size of 20M or more; one looks like 500M or 2G.")
    return text


def bytes_of(text: str) -> int:
    """Return a size as bytes; 0 for what is none."""
    number, unit = (text[:-1], UNITS[text[-1:].upper()]) if text[-1:].upper() in UNITS else (text, 1)
    return int(number) * unit if number.isdecimal() else 0


def _commands() -> ModuleType:
    from headwater.cli import live_commands  # noqa: PLC0415  loads httpx and rich, which --help does without

    return live_commands


@app.callback()
def live() -> None:
    """Go live, push any encoder's stream, see how it goes, and stop."""


@app.command(epilog=EXIT_CODES)
def start(  # noqa: PLR0913  one parameter for each option
    what: Annotated[str, typer.Argument(metavar="TITLE|ID", help="A title, or a recording without content yet.")],
    *,
    room: Annotated[str, typer.Option(help="The room it is held in; one stream at a time in each.")] = "",
    public: Annotated[bool, typer.Option("--public", help="Let anybody watch it.")] = False,
    target: Target = 2,
    dvr: Annotated[int, typer.Option(min=60, max=14400, help="Seconds viewers can go back.")] = 900,
    silence: Annotated[int, typer.Option(min=10, max=3600, help="Seconds without a segment that end it.")] = 300,
    profile: Profile = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Open a live stream and say where to send it and where it plays. The key is kept here for `live push`."""
    wanted: dict[str, object] = {"target_s": target, "dvr_window_s": dvr, "silence_s": silence}
    if profile:
        wanted["profiles"] = profile
    recording = ({"room_id": room} if room else {}) | ({"visibility": "public"} if public else {})
    raise typer.Exit(_commands().start(Server(url, token, user), what, recording, wanted, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def stop(
    recording_id: RecordingId, *, as_json: AsJson = False, url: Url = DEFAULT_URL, token: Token = "", user: User = ""
) -> None:
    """End a live stream; it becomes a recording."""
    raise typer.Exit(_commands().stop(Server(url, token, user), recording_id, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def status(
    recording_id: RecordingId,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it; with --json one object a line.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Show a live stream's viewers, and the health of what arrives."""
    raise typer.Exit(_commands().status(Server(url, token, user), recording_id, watch=watch, as_json=as_json))


@app.command(cls=PushCommand, epilog=EXIT_CODES)
def push(  # noqa: PLR0913  one parameter for each option
    target: Annotated[str, typer.Argument(metavar="ID", help="The recording's id, or with --key the stream's.")],
    file: Clip = None,
    *,
    rtmp: Annotated[int | None, typer.Option(metavar="[PORT]", help="Take RTMP, as OBS sends it; 1935.")] = None,
    srt: Annotated[int | None, typer.Option(metavar="[PORT]", help="Take SRT; 9000.")] = None,
    hls: Annotated[str, typer.Option(metavar="URL", help="Follow an HLS playlist.")] = "",
    camera: Annotated[str, typer.Option(metavar="[DEVICE]", help="Use a camera of this machine.")] = "",
    microphone: Annotated[str, typer.Option(metavar="DEVICE", help="The sound that goes with --camera.")] = "",
    test: Annotated[bool, typer.Option("--test", help="Send a test picture with a clock, and a tone.")] = False,
    size: Annotated[str, typer.Option(metavar="WxH", help="Of --camera's or --test's picture.")] = "1280x720",
    loop: Annotated[bool, typer.Option("--loop", help="Play FILE again and again.")] = False,
    bind: Annotated[str, typer.Option(help="Where --rtmp and --srt listen; 0.0.0.0 for other machines.")] = "127.0.0.1",
    backup: Backup = False,
    bitrate: Annotated[int, typer.Option(min=100, max=20000, help="kbit/s, where it must be encoded here.")] = 4000,
    segment: Annotated[int, typer.Option("--target", min=1, max=6, help="Seconds of a segment, for a new stream.")] = 2,
    key: Annotated[str, typer.Option(envvar="HEADWATER_STREAM_KEY", help="The stream key, if not kept here.")] = "",
    show_key: Annotated[bool, typer.Option("--show-key", help="Print what OBS, or SRT, must be told.")] = False,
    spool_max: Annotated[str, typer.Option(callback=_size, help="Disk for what could not be sent yet.")] = "2G",
    drain: Annotated[int, typer.Option(min=0, max=3600, help="Seconds to go on sending after the end.")] = 30,
    stop: Annotated[bool, typer.Option("--stop", help="End the stream at the end.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Push a stream, started where needed. Nothing is lost to an outage: what cannot be sent waits on disk."""
    from headwater.cli import live_push  # noqa: PLC0415  loads httpx and rich

    chosen = {"rtmp": rtmp, "srt": srt, "hls": hls, "camera": camera, "file": file, "test": test}
    named = [name for name, value in chosen.items() if value not in {None, "", False}]
    if len(named) != 1:
        raise typer.BadParameter("Say one input: FILE, --rtmp, --srt, --hls URL, --camera or --test.")
    if not SIZE.fullmatch(size):
        raise typer.BadParameter(f"{size} is no size of a picture; one looks like 1280x720.")
    wanted = live_push.Wanted(
        target=target,
        kind=named[0],
        value=str(chosen[named[0]]),
        microphone=microphone,
        size=size,
        loop=loop,
        bind=bind,
        backup=backup,
        bitrate_kbps=bitrate,
        target_s=segment,
        key=key,
        show_key=show_key,
        spool_max=bytes_of(spool_max),
        drain_s=drain,
        stop=stop,
    )
    raise typer.Exit(live_push.push(Server(url, token, user), wanted, as_json=as_json))
