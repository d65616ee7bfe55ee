"""What players and the server tell each other: read strictly, written as the schema says."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support.live import segment

from chalicelib.domain.live import protocol
from chalicelib.domain.live.incoming import MAX_INCOMING, Ping, Report, Subscribe, parse
from chalicelib.domain.live.playlists import entry_json
from chalicelib.domain.live.window import LiveWindow
from chalicelib.errors import BadRequest

SCHEMA = json.loads((Path(__file__).parents[4] / "docs" / "live-protocol.schema.json").read_text())
RUNG = "v-640x360-250k-0"


def entries(count: int = 3) -> list[dict[str, Any]]:
    """Return what is pushed of so many segments."""
    window = LiveWindow()
    for n in range(count):
        window = window.accept(segment(n), now=1_700_000_000.0 + 2 * n)
    return [entry_json(entry) for entry in window.entries]


QUALITY = protocol.Quality(RUNG, "360p 250k", 250, 640, 360)
SPOKEN: dict[str, protocol.Message] = {
    "welcome": protocol.Welcome("c=", "live_" + "0" * 20, "active", 2, (QUALITY,), -1, 0, "ok"),
    "segment": protocol.Segment("live_x", 3, 1, RUNG, f"/media/rec/live/{RUNG}/x.m4s", tuple(entries()), 1.5),
    "advice": protocol.Advice(RUNG, "It fits."),
    "stats": protocol.Stats(2, 3, {"auto": 2}),
    "status": protocol.Status("paused"),
    "ended": protocol.Ended("rec_1", "https://x/m.m3u8", "https://x/watch"),
    "pong": protocol.Pong(),
    "error": protocol.Error("message_unknown", "What?"),
}


def schema_of(kind: str) -> Draft202012Validator:
    """Return the schema of the server's or the client's messages, or of one kind."""
    return Draft202012Validator(SCHEMA | {"anyOf": [{"$ref": f"#/$defs/{kind}"}]})


@pytest.mark.parametrize("kind", SPOKEN)
def test_the_server_speaks_as_the_schema_says(kind: str) -> None:
    """Every message is valid as its kind, and no member of it is missing in the schema or the code."""
    message = SPOKEN[kind]
    data = json.loads(message.dumps())
    schema_of(kind).validate(data)
    schema_of("server").validate(data)
    assert next(iter(data)) == "type"
    assert set(SCHEMA["$defs"][kind]["properties"]) == {"type", *(part.name for part in fields(message))}


def test_the_schema_knows_every_message() -> None:
    """Of the server's, and of the client's with the members that are read."""
    said = {ref["$ref"].rpartition("/")[2] for ref in SCHEMA["$defs"]["server"]["oneOf"]}
    assert said == {kind.__name__.lower() for kind in protocol.Message.__subclasses__()}
    read = {"subscribe": Subscribe, "ping": Ping, "report": Report}
    assert {ref["$ref"].rpartition("/")[2] for ref in SCHEMA["$defs"]["client"]["oneOf"]} == set(read)
    for kind, value in read.items():
        assert set(SCHEMA["$defs"][kind]["properties"]) == {"type", *(part.name for part in fields(value))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"type":"subscribe"}', Subscribe("auto", None)),
        ('{"type":"subscribe","quality":"v-640x360-250k-0","after":41}', Subscribe(RUNG, 41)),
        ('{"type":"subscribe","after":-1,"new":{}}', Subscribe("auto", -1)),
        ('{"type":"ping"}', Ping()),
        ('{"type":"report"}', Report()),
        (
            '{"type":"report","latency_s":4.25,"buffer_s":-3,"rendition":"x","stalls":2,"bandwidth_kbps":1e12}',
            Report(4.25, 0.0, "x", 2, 1e9),
        ),
    ],
)
def test_what_players_say_is_read(text: str, expected: object) -> None:
    """Members that are not known are ignored, numbers held within reason; the schema agrees."""
    schema_of("client").validate(json.loads(text))
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "message_malformed"),
        ("[]", "message_malformed"),
        ("None", "message_malformed"),
        ("[" * 4000, "message_malformed"),
        ("{}", "message_unknown"),
        ('{"type":"welcome"}', "message_unknown"),
        ('{"type":["ping"]}', "message_unknown"),
        ('{"type":"subscribe","quality":"../x"}', "message_malformed"),
        ('{"type":"subscribe","quality":7}', "message_malformed"),
        ('{"type":"subscribe","after":1.5}', "message_malformed"),
        ('{"type":"subscribe","after":true}', "message_malformed"),
        ('{"type":"subscribe","after":-2}', "message_malformed"),
        ('{"type":"report","stalls":-1}', "message_malformed"),
        ('{"type":"report","latency_s":"4"}', "message_malformed"),
        ('{"type":"report","latency_s":NaN}', "message_malformed"),
        ('{"type":"ping","x":"' + "ü" * (MAX_INCOMING // 2) + '"}', "message_too_large"),
    ],
)
def test_anything_else_is_refused_with_a_stable_code(text: str, code: str) -> None:
    """And the code is one of the schema's."""
    with pytest.raises(BadRequest) as refused:
        parse(text)
    assert refused.value.code == code
    assert code in SCHEMA["$defs"]["error"]["properties"]["code"]["enum"]


@pytest.mark.parametrize("url", [None, f"/media/rec_1/live/{RUNG}/"])
def test_a_long_way_back_comes_in_several_messages(url: str | None) -> None:
    """Each within 32 KB, all entries once and in order; the URL is that of each message's newest."""
    every = entries(450)
    texts = protocol.in_frames(protocol.Segment("live_x", 0, 0, "auto", url, (), 1.0), every)
    messages = [json.loads(text) for text in texts]
    assert max(len(text.encode()) for text in texts) <= protocol.MAX_MESSAGE
    assert len(texts) > 1
    assert [entry for message in messages for entry in message["entries"]] == every
    newest = [f"{url}{message['entries'][-1]['name']}" if url else None for message in messages]
    assert [message["url"] for message in messages] == newest


def test_nothing_new_is_no_message() -> None:
    """Nobody is sent an empty announcement."""
    assert protocol.in_frames(protocol.Segment("live_x", 0, 0, "auto", None, (), 1.0), []) == []
