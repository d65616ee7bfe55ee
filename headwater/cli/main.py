"""The commands and their options. What they do is in `commands`, loaded only when one runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import analytics, captions, live, local, webhooks
from headwater.cli.options import DEFAULT_URL, AsJson, MaxCost, RecordingId, Server, Token, Url, User, limit_of

if TYPE_CHECKING:
    from types import ModuleType

EXIT_CODES = (
    "Exit codes: 0 done; 1 the recording, or a check, failed; 2 wrong usage or unreadable file; 3 server unreachable; "
    "4 refused by the server; 5 no such recording; 130 interrupted."
)

app = typer.Typer(
    help="Upload recordings, follow them until they play, and run the whole of Headwater on this machine.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(local.app, name="local")
app.add_typer(captions.app, name="captions")
app.add_typer(live.app, name="live")
app.add_typer(analytics.app, name="analytics")
app.add_typer(webhooks.app, name="webhooks")

Wait = Annotated[bool, typer.Option("--wait", help="Stay until the recording is ready or has failed.")]
Parallel = Annotated[int, typer.Option(min=1, max=16, help="Parts to send at a time.")]
Clip = Annotated[Path, typer.Argument(help="The file to upload.", show_default=False)]


def _commands() -> ModuleType:
    from headwater.cli import commands  # noqa: PLC0415  loads httpx and rich, which --help does without

    return commands


def _jobs() -> ModuleType:
    from headwater.cli import jobs  # noqa: PLC0415  the same

    return jobs


def _version(wanted: bool) -> None:  # noqa: FBT001  typer calls it so
    if wanted:
        from chalicelib import __version__  # noqa: PLC0415  only here

        typer.echo(f"headwater {__version__}")
        raise typer.Exit


@app.callback()
def headwater(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Upload recordings, follow them until they play, and run the whole of Headwater on this machine."""
    del version


@app.command(epilog=EXIT_CODES)
def upload(  # noqa: PLR0913  one parameter for each option
    file: Clip,
    *,
    title: Annotated[str, typer.Option(help="Its title; the file's name when left out.")] = "",
    room: Annotated[str, typer.Option(help="The room it belongs to.")] = "",
    public: Annotated[bool, typer.Option("--public", help="Let anybody watch it.")] = False,
    wait: Wait = False,
    as_json: AsJson = False,
    parallel: Parallel = 4,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Upload FILE. Interrupted, the same command goes on where it stopped."""
    from headwater.client.upload import Upload  # noqa: PLC0415  loads httpx

    what = Upload(path=file, title=title, room_id=room, public=public)
    server = Server(url, token, user)
    raise typer.Exit(_commands().upload(server, what, wait=wait, as_json=as_json, parallel=parallel))


@app.command(epilog=EXIT_CODES)
def recordings(  # noqa: PLR0913  one parameter for each option
    *,
    status: Annotated[str, typer.Option(help="Only those uploading, processing, playable, ready or errored.")] = "",
    room: Annotated[str, typer.Option(help="Only those of this room.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """List your recordings."""
    only = {"status": status or None, "room_id": room or None}
    raise typer.Exit(_commands().recordings(Server(url, token, user), only, limit=limit, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def show(
    recording_id: RecordingId,
    *,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Show one recording and the address where it plays."""
    raise typer.Exit(_commands().show(Server(url, token, user), recording_id, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def progress(
    recording_id: RecordingId,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow it to its end; with --json one object a line.")
    ] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Show how far the transcoding of a recording is."""
    raise typer.Exit(_jobs().progress(Server(url, token, user), recording_id, watch=watch, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def cancel(
    recording_id: RecordingId,
    *,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Cancel the encoding of a recording; what is done is kept."""
    raise typer.Exit(_jobs().cancel(Server(url, token, user), recording_id, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def transcode(  # noqa: PLR0913  one parameter for each option
    recording_id: RecordingId,
    *,
    profile: Annotated[
        list[str] | None, typer.Option(help="A rung: rescue, low, normal, high or very-high; repeat for more.")
    ] = None,
    priority: Annotated[str, typer.Option(help="normal, or high to go before all normal work.")] = "normal",
    max_cost: MaxCost = "",
    wait: Wait = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Encode a recording to other rungs; what was encoded before is kept and not encoded again."""
    wanted = {"priority": priority, **({"profiles": profile} if profile else {}), **limit_of(max_cost)}
    server = Server(url, token, user)
    raise typer.Exit(_jobs().transcode(server, recording_id, wanted, wait=wait, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def retry(  # noqa: PLR0913  one parameter for each option
    recording_id: RecordingId,
    *,
    max_cost: MaxCost = "",
    wait: Wait = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Encode what is missing of a recording whose encoding failed or was cancelled."""
    changes, server = limit_of(max_cost), Server(url, token, user)
    raise typer.Exit(_jobs().retry(server, recording_id, changes, wait=wait, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def quality(
    recording_id: RecordingId,
    *,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Compare some seconds of every finished rendition with the source and print their VMAF, 0 to 100."""
    from headwater.cli import quality as measuring  # noqa: PLC0415  loads httpx and rich

    raise typer.Exit(measuring.quality(Server(url, token, user), recording_id, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def dead_letters(
    *,
    requeue: Annotated[str, typer.Option(metavar="QUEUE", help="Put what failed in this queue back to work.")] = "",
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Show what failed too often, by queue; for administrators."""
    raise typer.Exit(_jobs().dead_letters(Server(url, token, user), requeue, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def doctor(  # noqa: PLR0913  one parameter for each option
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Without the test encode and the socket.")] = False,
    patience: Annotated[int, typer.Option(min=1, metavar="S", help="Seconds the test encode may take.")] = 300,
    aws: Annotated[bool, typer.Option("--aws", help="Also look through AWS, with the credentials you have.")] = False,
    stage: Annotated[str, typer.Option(help="Which installation, with --aws.")] = "prod",
    region: Annotated[str, typer.Option(help="Where it is, with --aws.")] = "eu-central-1",
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Examine an installation, and say in words what is wrong with it and what to do."""
    from headwater.cli import doctor as examining  # noqa: PLC0415  loads httpx and aiohttp

    wanted = examining.Wanted(quick, float(patience), aws, stage, region)
    raise typer.Exit(examining.doctor(Server(url, token, user), wanted, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def delete(
    recording_id: RecordingId,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Delete a recording with everything that was made of it."""
    raise typer.Exit(_commands().delete(Server(url, token, user), recording_id, yes=yes))


@app.command(epilog=EXIT_CODES)
def download(  # noqa: PLR0913  as many as there are options
    recording_id: RecordingId,
    *,
    rendition: Annotated[str, typer.Option("--rendition", "-r", help="e.g. 720p-1000k, or source.")] = "source",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file, or a folder to save it in.")] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Download the source, or a rendition as one MP4 with its sound. Interrupted, it goes on where it stopped."""
    from headwater.cli import download as downloading  # noqa: PLC0415  loads httpx and rich

    server = Server(url, token, user)
    raise typer.Exit(downloading.download(server, recording_id, what=rendition, output=output, as_json=as_json))


@app.command(epilog=EXIT_CODES)
def demo(
    video: Annotated[Path | None, typer.Argument(help="Your own file; a clip of ours when left out.")] = None,
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen on 127.0.0.1.")] = 8787,
    data: Annotated[Path | None, typer.Option(help="Keep everything in this folder; thrown away otherwise.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop when the recording is ready.")] = False,
) -> None:
    """Start the whole of Headwater here, upload a video and say where it plays. Ctrl-C ends it."""
    from headwater import demo as demonstration  # noqa: PLC0415  loads httpx and rich

    raise typer.Exit(demonstration.run(video, port=port, data=data, once=once))
