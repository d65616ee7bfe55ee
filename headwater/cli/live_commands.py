"""What `headwater live start`, `stop` and `status` do: call the API, show the answer, return an exit code."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from headwater.cli.exits import Exit, exit_coded
from headwater.cli.results import say
from headwater.cli.text import print_json
from headwater.client.errors import ApiError
from headwater.push import keys

if TYPE_CHECKING:
    from headwater.cli.options import Server
    from headwater.client.api import Api

Json = dict[str, Any]
RECORDING_ID = re.compile(r"rec_[0-9a-z]+")
POLL_S = 2.0
RTMP = "rtmp://127.0.0.1:1935/live"


@exit_coded
def start(server: Server, what: str, recording: Json, wanted: Json, *, as_json: bool) -> Exit:
    """Start a stream on the recording `what`, or on a new one of that title."""
    api = server.api()
    if RECORDING_ID.fullmatch(what):
        recording_id = what
    else:
        made = api.create({"title": what, "live": True, **recording})
        recording_id = str(made["recording"]["id"])
    started = begin(api, recording_id, wanted)
    if as_json:
        print_json(started)
        return Exit.OK
    ingest = started["ingest"]
    say(f"Live as {recording_id}. It is on the air as soon as something is sent:")
    say(f"  OBS       headwater live push {recording_id} --rtmp    then in OBS: server {RTMP}")
    say(f"  a test    headwater live push {recording_id} --test")
    say(f"  ffmpeg    {ingest['ffmpeg']}")
    say(f"  key       {ingest['key']}    shown once; kept on this machine for `live push`")
    say(f"Watch it: {started['playback_url']}")
    say(f"End it:   headwater live stop {recording_id}")
    return Exit.OK


def begin(api: Api, recording_id: str, wanted: Json) -> Json:
    """Start a stream and keep its key. Raises ApiError with a sentence more when its key is known elsewhere only."""
    try:
        started = api.start_live(recording_id, wanted)
    except ApiError as error:
        if error.code != "stream_active":
            raise
        more = "Its key was shown when it was started: give it with --key, or stop the stream first."
        raise ApiError(error.status, error.code, f"{error.detail} {more}") from error
    stream, ingest = started["stream"], started["ingest"]
    known = keys.StreamKey(stream["id"], recording_id, ingest["push"]["url"], ingest["key"], int(stream["target_s"]))
    keys.save(known, keys.state_dir())
    return started


@exit_coded
def stop(server: Server, recording_id: str, *, as_json: bool) -> Exit:
    """End a stream; one that is over stays so."""
    stopped = server.api().stop_live(recording_id)
    keys.forget(str(stopped["stream"]["id"]), keys.state_dir())
    if as_json:
        print_json(stopped)
    else:
        say(f"Stopped. The recording is being completed: headwater show {recording_id}")
    return Exit.OK


@exit_coded
def status(server: Server, recording_id: str, *, watch: bool, as_json: bool) -> Exit:
    """Show a stream's state; with `watch` until it is stopped or Ctrl-C."""
    api = server.api()
    try:
        while True:
            stats = api.live_stats(recording_id)
            if as_json:
                print_json(stats)
            else:
                say(" · ".join(facts(stats)))
                for refusal in [] if watch else (stats.get("ingest") or {}).get("refusals") or []:
                    say(f"  refused {refusal['name']}: {refusal['detail']} ({refusal['code']})")
            if not watch or stats["status"] == "stopped":
                return Exit.OK
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        return Exit.OK


def facts(stats: Json) -> list[str]:
    """Return what there is to say of a stream, most important first."""
    viewers = stats.get("viewers") or {}
    said = [str(stats["status"]), f"{viewers.get('now', 0)} viewers (peak {viewers.get('peak', 0)})"]
    if ingest := stats.get("ingest"):
        said += [
            f"{(ingest.get('bitrate_kbps') or 0) / 1000:.1f} Mbit/s in",
            f"arrives {max(0.0, ingest['lag_s']):.1f} s after capture"
            if ingest.get("lag_s") is not None
            else "nothing came yet",
            f"{ingest.get('gaps', 0)} gaps",
            f"{sum((ingest.get('refused') or {}).values())} refused",
        ]
    latency = stats.get("latency") or {}
    if latency.get("p50_s") is not None:
        said.append(f"viewers are {latency['p50_s']:.1f} s behind")
    return said
