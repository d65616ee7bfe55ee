"""What `headwater live push` does: find or start the stream, run the agent, say what is left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.cli.exits import Exit, complain, exit_coded
from headwater.cli.live_board import push_board_for
from headwater.cli.live_stream import find_or_start
from headwater.cli.text import print_json
from headwater.client.errors import ApiError
from headwater.client.source import Source
from headwater.push import ffmpeg, inputs, keys
from headwater.push.agent import Agent, Outcome
from headwater.push.commands import Encoding
from headwater.push.link import Link
from headwater.push.progress import Note
from headwater.push.sender import Over
from headwater.push.spool import Spool, held

if TYPE_CHECKING:
    from headwater.cli.live_board import PushBoard
    from headwater.cli.options import Server

HIDDEN = "(--show-key prints it)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command's options. `kind` names the input, `value` is its option's value."""

    target: str
    kind: str
    value: str
    microphone: str
    size: str
    loop: bool
    bind: str
    backup: bool
    bitrate_kbps: int
    target_s: int
    key: str
    show_key: bool
    spool_max: int
    drain_s: int
    stop: bool


@exit_coded
def push(server: Server, wanted: Wanted, *, as_json: bool) -> Exit:
    """Push until Ctrl-C or the input's end."""
    binary = ffmpeg.find()
    if wanted.kind == "file":
        Source.of(Path(wanted.value))
    with push_board_for(as_json=as_json) as board:
        known, is_new = find_or_start(server, wanted.target, key=wanted.key, target_s=wanted.target_s, board=board)
        source = source_of(wanted, known.key)
        if source.listens:
            board.say(Note("send_to", how_to_send(wanted, source, known.key if is_new or wanted.show_key else "")))
        outcome = _run(wanted, known, source, board, binary)
    return _ended(server, wanted, known, outcome, as_json=as_json)


def source_of(wanted: Wanted, key: str) -> inputs.Input:
    """Return the input that the options name."""
    match wanted.kind:
        case "rtmp":
            return inputs.rtmp(wanted.bind, int(wanted.value))
        case "srt":
            return inputs.srt(wanted.bind, int(wanted.value), key)
        case "hls":
            return inputs.hls(wanted.value)
        case "camera":
            device = "" if wanted.value == "default" else wanted.value
            return inputs.camera(device, wanted.microphone, wanted.size)
        case "file":
            return inputs.file(Path(wanted.value), loop=wanted.loop)
        case _:
            return inputs.generated(wanted.size)


def how_to_send(wanted: Wanted, source: inputs.Input, key: str) -> str:
    """Return what the person must tell the encoder; secrets only where `key` is given, as it is new to them."""
    if wanted.kind == "rtmp":
        return f"In OBS: service Custom, server {source.what}, stream key {key or HIDDEN}."
    return f"Send SRT to {source.what}?passphrase={inputs.passphrase(key) if key else HIDDEN}"


def _run(wanted: Wanted, known: keys.StreamKey, source: inputs.Input, board: PushBoard, binary: str) -> Outcome:
    input_name = "backup" if wanted.backup else "primary"
    keys.make_private(keys.state_dir())
    folder = keys.state_dir() / known.stream_id / input_name
    encoding = Encoding(known.target_s, wanted.bitrate_kbps)
    link = Link(known.push_url, known.key, input_name)
    try:
        with held(folder):
            agent = Agent(Spool(folder, wanted.spool_max), link, board, drain_s=wanted.drain_s)
            return agent.run(source, ffmpeg=binary, encoding=encoding, key=known.key)
    finally:
        link.close()


def _ended(server: Server, wanted: Wanted, known: keys.StreamKey, outcome: Outcome, *, as_json: bool) -> Exit:
    """Say what is left, stop the stream where asked, and return the exit code. Raises what ended it."""
    if isinstance(outcome.failure, Over):
        error = outcome.failure.error
        raise ApiError(error.status, error.code, f"{outcome.failure}{_left(outcome)}")
    stopped = wanted.stop and not outcome.left
    if stopped:
        server.api().stop_live(known.recording_id or wanted.target)
        keys.forget(known.stream_id, keys.state_dir())
    if as_json:
        print_json({"type": "ended", "left": outcome.left, "left_s": round(outcome.left_s, 3), "stopped": stopped})
    if outcome.failure:
        raise outcome.failure
    if outcome.left:
        complain(f"not all could be delivered.{_left(outcome)} The same command sends it.")
        return Exit.INTERRUPTED if outcome.interrupted else Exit.UNREACHABLE
    if not as_json:
        complain(_farewell(known.recording_id or wanted.target, outcome.sent, stopped=stopped))
    return Exit.OK


def _left(outcome: Outcome) -> str:
    return f" {outcome.left} segments ({outcome.left_s:.0f} s) are left on disk." if outcome.left else ""


def _farewell(recording_id: str, sent: int, *, stopped: bool) -> str:
    done = "all delivered" if sent else "nothing was sent"
    if stopped:
        return f"{done}, and the stream is stopped: headwater show {recording_id}"
    return f"{done}. The stream is still open: push again to go on, or headwater live stop {recording_id}"
