"""What is read from a Chalice application."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from headwater.local.declarations import (
    Authorizer,
    DeclarationsError,
    FunctionSpec,
    Route,
    Schedule,
    Subscription,
    load,
    rate_seconds,
)

if TYPE_CHECKING:
    from pathlib import Path

APP = """
    import os
    from chalice.app import Chalice, Rate, AuthResponse
    from chalicelib.work import blueprint

    app = Chalice("sample")
    app.api.binary_types.append("video/mp4")
    app.register_blueprint(blueprint)

    @app.authorizer(ttl_seconds=60)
    def judge(request):
        return AuthResponse(routes=[], principal_id="x")

    @app.route("/things/{name}", methods=["GET", "DELETE"], authorizer=judge)
    def thing(name): ...

    @app.route("/upload", methods=["PUT"], content_types=["video/mp4"])
    def upload(): ...

    @app.schedule(Rate(5, unit=Rate.MINUTES))
    def tick(event): ...

    @app.lambda_function()
    def plain(event, context): ...

    app.experimental_feature_flags.update(["WEBSOCKETS"])

    @app.on_ws_connect()
    def come(event): ...

    @app.on_ws_message()
    def talk(event): ...

    @app.on_ws_disconnect()
    def go(event): ...
"""
BLUEPRINT = """
    import os
    from chalice.app import Blueprint

    blueprint = Blueprint(__name__)

    @blueprint.on_sqs_message(queue=f"sample-{os.environ['HEADWATER_STAGE']}", batch_size=3, maximum_concurrency=7)
    def on_work(event): ...
"""
CONFIG = {
    "version": "2.0",
    "app_name": "sample",
    "lambda_timeout": 40,
    "minimum_compression_size": 700,
    "environment_variables": {"WHO": "all", "ALL": "1"},
    "stages": {
        "here": {
            "autogen_policy": False,
            "lambda_memory_size": 300,
            "environment_variables": {"WHO": "stage"},
            "lambda_functions": {
                "on_work": {"lambda_memory_size": 900, "lambda_timeout": 7, "layers": ["${aws_layer.ffmpeg.arn}"]}
            },
        }
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small application with one of everything."""
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / ".chalice").mkdir()
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    (tmp_path / "chalicelib" / "__init__.py").write_text("")
    (tmp_path / "chalicelib" / "work.py").write_text(textwrap.dedent(BLUEPRINT))
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def test_everything_declared_is_read(project: Path) -> None:
    """Functions with the limits deployment gives them, sockets among them; routes, authorizer, queue and schedule."""
    found = load(project, "here")
    env = {"WHO": "stage", "ALL": "1"}
    work = FunctionSpec("on_work", "chalicelib.work.on_work", 900, 7, env, ("${aws_layer.ffmpeg.arn}",))
    assert found.functions == {
        "on_work": work,
        "api": FunctionSpec("api", "app.app", 300, 40, env, ()),
        "judge": FunctionSpec("judge", "app.judge", 300, 40, env, ()),
        "tick": FunctionSpec("tick", "app.tick", 300, 40, env, ()),
        "plain": FunctionSpec("plain", "app.plain", 300, 40, env, ()),
        "websocket_connect": FunctionSpec("websocket_connect", "app.come", 300, 40, env, ()),
        "websocket_message": FunctionSpec("websocket_message", "app.talk", 300, 40, env, ()),
        "websocket_disconnect": FunctionSpec("websocket_disconnect", "app.go", 300, 40, env, ()),
    }
    assert set(found.routes) == {
        Route("GET", "/things/{name}", "judge", binary=False),
        Route("DELETE", "/things/{name}", "judge", binary=False),
        Route("PUT", "/upload", None, binary=True),
    }
    assert found.authorizers == (Authorizer("judge", 60, "Authorization"),)
    assert found.subscriptions == (Subscription("sample-here", "on_work", 3, 7),)
    assert found.schedules == (Schedule("tick", 300),)
    assert found.compress_from == 700


def test_an_application_that_does_not_import_says_why(project: Path) -> None:
    """The error carries the application's own words."""
    (project / "chalicelib" / "work.py").write_text("raise RuntimeError('no such luck')\n")
    with pytest.raises(DeclarationsError, match="no such luck"):
        load(project, "here")


@pytest.mark.parametrize(
    ("expression", "expected"), [("rate(1 minute)", 60), ("rate(2 hours)", 7200), ("rate(1 day)", 86400)]
)
def test_rates(expression: str, expected: int) -> None:
    """EventBridge's units."""
    assert rate_seconds(expression) == expected


def test_a_cron_schedule_is_refused_by_name() -> None:
    """Silently never running it would be worse."""
    with pytest.raises(DeclarationsError, match="cron"):
        rate_seconds("cron(0 8 * * ? *)")
