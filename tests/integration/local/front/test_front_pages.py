"""Pages, configuration and development tokens over HTTP."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import Any

import jwt
import pytest

from chalicelib.domain.abr.tables import TABLES


@pytest.mark.parametrize(
    ("path", "mime", "body"),
    [
        ("/", "text/html; charset=utf-8", "<h1>console</h1>"),
        ("/watch/rec_1", "text/html; charset=utf-8", "<h1>player</h1>"),
        ("/watch/rec_1?grant=x", "text/html; charset=utf-8", "<h1>player</h1>"),
        ("/studio", "text/html; charset=utf-8", "<h1>studio</h1>"),
        ("/assets/app.js", "text/javascript; charset=utf-8", "export {}"),
        ("/vendor/hls.mjs", "text/javascript; charset=utf-8", "export {}"),
    ],
)
def test_pages_and_their_files(front: Any, path: str, mime: str, body: str) -> None:
    """With the type that browsers insist on for modules."""
    answer = front.http.get(path)
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, mime, body)


def test_scripts_travel_compressed(front: Any) -> None:
    """As CloudFront sends them: for whoever takes gzip, what is worth it, and validators hold for both forms."""
    path = f"/assets/abr/tables/{TABLES[0].name}.json"
    plain = front.http.get(path, headers={"Accept-Encoding": "identity"})
    packed = front.http.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < 0.8 * int(plain.headers["content-length"])
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    again = front.http.get(path, headers={"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.headers["vary"]) == (304, "Accept-Encoding")
    assert "content-encoding" not in front.http.get("/assets/app.js").headers


@pytest.mark.parametrize("name", [kind.name for kind in TABLES])
def test_players_read_the_engines_own_tables(front: Any, name: str) -> None:
    """The very bytes that the functions decide with, and nothing else of their folder."""
    answer = front.http.get(f"/assets/abr/tables/{name}.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == files("chalicelib.domain.abr.tables").joinpath(f"{name}.json").read_bytes()
    assert front.http.get("/assets/abr/tables/__init__.py").status_code == 404
    assert front.http.get(f"/assets/abr/tables/../table.{name}.json").status_code == 404


def test_pages_are_locked_down(front: Any) -> None:
    """No inline script, no framing, no referrer, no camera; uploads and sockets may go to the public address."""
    headers = front.http.get("/").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    seen = [policy[name] for name in ("default-src", "script-src", "connect-src", "frame-ancestors", "media-src")]
    connect = f"'self' {front.url} {front.url.replace('http', 'ws')}"
    assert seen == ["'none'", "'self'", connect, "'none'", "'self' blob: data:"]
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["permissions-policy"] == "camera=(), microphone=(), display-capture=()"


def test_the_studio_alone_may_capture_and_run_webassembly(front: Any) -> None:
    """Its own policy differs from the other pages' in nothing else."""
    pages, studio = (front.http.get(path).headers for path in ("/", "/studio"))
    differing = {name for name in pages if pages[name] != studio.get(name)} - {"date", "etag", "content-length"}
    assert differing == {"content-security-policy", "permissions-policy"}
    assert studio["content-security-policy"].replace(" 'wasm-unsafe-eval'", "") == pages["content-security-policy"]
    assert studio["permissions-policy"] == "camera=(self), microphone=(self), display-capture=(self)"


def test_only_the_embedded_player_may_be_framed(front: Any) -> None:
    """By anybody, and it differs from the other pages in nothing else; our own page of a recording frames it, too."""
    pages, embed, own = (front.http.get(path).headers for path in ("/", "/embed/rec_1", "/recordings/rec_1"))
    differing = {name for name in pages if pages[name] != embed.get(name)} - {"date", "etag", "content-length"}
    assert differing == {"content-security-policy", "cross-origin-resource-policy"}
    policy = "content-security-policy"
    assert embed[policy].replace("frame-ancestors *", "frame-ancestors 'none'") == pages[policy]
    assert own[policy].replace("frame-src 'self'", "frame-src 'none'") == pages[policy]


def test_unchanged_files_are_not_sent_again(front: Any) -> None:
    """Ours are checked each time, vendored ones keep for a day."""
    first = front.http.get("/assets/app.js")
    again = front.http.get("/assets/app.js", headers={"If-None-Match": first.headers["etag"]})
    kept = front.http.get("/vendor/hls.mjs").headers["cache-control"]
    assert (again.status_code, first.headers["cache-control"], kept) == (304, "no-cache", "public, max-age=86400")


@pytest.mark.parametrize(
    "target",
    [
        *("/assets/../../outside.js", "/assets/%2e%2e/%2e%2e/outside.js", "/assets/link.js", "/assets/secret.key"),
        *(
            "/assets/",
            "/assets/none.js",
            "/watch/",
            "/watch/a/b",
            "/index.html",
            "/outside.js",
            "/dev/",
            "/assets//app.js",
        ),
    ],
)
def test_nothing_else_is_served(front: Any, target: str) -> None:
    """Neither outside web/ nor by a link out of it nor of unknown kind."""
    status, body = front.raw("GET", target)
    assert (status, b'"no_such_route"' in body) == (404, True)


def test_pages_are_read_only(front: Any) -> None:
    """Other methods are refused."""
    assert [front.http.post(path).status_code for path in ("/", "/config.json", "/dev/jwks.json")] == [405, 405, 405]
    assert front.http.put("/dev/token").headers["allow"] == "GET, POST"


def test_the_configuration_tells_pages_how_to_sign_in(front: Any) -> None:
    """Which differs on AWS."""
    answer = front.http.get("/config.json").json()
    auth = answer["auth"]
    assert (answer["stage"], auth["kind"], auth["dev"], auth["token_url"]) == ("local", "oidc", True, "/dev/token")
    assert (auth["authority"], auth["client_id"]) == (f"{front.url}/dev", "headwater-console")


def test_a_development_token_is_one_of_ours(front: Any) -> None:
    """Signed by the published key, for the audience, with the role."""
    answer = front.http.get("/dev/token?user=ann@example&role=viewer&ttl_s=60").json()
    keys = jwt.PyJWKSet.from_dict(front.http.get("/dev/jwks.json").json())
    key = keys[jwt.get_unverified_header(answer["token"])["kid"]]
    claims = jwt.decode(answer["token"], key, algorithms=["RS256"], audience="headwater", issuer=f"{front.url}/dev")
    assert (claims["sub"], claims["role"], claims["exp"]) == ("ann@example", "viewer", answer["expires_at"])
    assert 0 < answer["expires_at"] - time.time() <= 60


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_user"),
        ("user=&role=viewer", "invalid_user"),
        ("user=a%20b&role=viewer", "invalid_user"),
        ("user=a%0A&role=viewer", "invalid_user"),
        (f"user={'a' * 65}&role=viewer", "invalid_user"),
        ("user=ann", "invalid_role"),
        ("user=ann&role=root", "invalid_role"),
        ("user=ann&role=viewer&ttl_s=0", "invalid_ttl"),
        ("user=ann&role=viewer&ttl_s=1e9", "invalid_ttl"),
        ("user=ann&role=viewer&ttl_s=99999999", "invalid_ttl"),
    ],
)
def test_tokens_are_for_sane_names_only(front: Any, query: str, code: str) -> None:
    """Each refusal says what is wrong."""
    answer = front.http.get(f"/dev/token?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
