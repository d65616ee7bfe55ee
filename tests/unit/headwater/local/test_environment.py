"""What functions are told."""

from __future__ import annotations

from pathlib import Path

from chalicelib.config import Settings
from headwater.local.declarations import FunctionSpec
from headwater.local.environment import Site, Stack, layer_environment, stack_environment, worker_environment

STACK = Stack()
SITE = Site("http://127.0.0.1:5000", "http://127.0.0.1:8787", cdn_key_pair_id="K1")


def test_settings_read_back_what_the_stack_is() -> None:
    """Every name arrives where the application looks for it."""
    settings = Settings.from_env(stack_environment(STACK, SITE))
    assert settings == Settings(
        stage="local",
        public_url="http://127.0.0.1:8787",
        source_bucket="headwater-local-source",
        media_bucket="headwater-local-media",
        table_prefix="headwater-local-",
        uploads_queue_url="http://127.0.0.1:5000/123456789012/headwater-local-uploads",
        encode_queue_url="http://127.0.0.1:5000/123456789012/headwater-local-encode",
        encode_high_queue_url="http://127.0.0.1:5000/123456789012/headwater-local-encode-high",
        lifecycle_queue_url="http://127.0.0.1:5000/123456789012/headwater-local-lifecycle",
        prepare_queue_url="http://127.0.0.1:5000/123456789012/headwater-local-prepare",
        live_queue_url="http://127.0.0.1:5000/123456789012/headwater-local-live",
        broadcast_queue_url="http://127.0.0.1:5000/123456789012/headwater-local-broadcast.fifo",
        webhooks_queue_url="http://127.0.0.1:5000/123456789012/headwater-local-webhooks",
        webhook_local_targets=True,
        live_profiles="low,high",
        websocket_endpoint="http://127.0.0.1:8787/ws",
        websocket_public_url="ws://127.0.0.1:8787/ws",
        s3_public_endpoint="http://127.0.0.1:8787",
        jwt_issuer="http://127.0.0.1:8787/dev",
        jwks_url="http://127.0.0.1:8787/dev/jwks.json",
        cdn_key_pair_id="K1",
        cdn_distribution="EMBEDDED",
        cdn_private_key_secret="headwater-local-cdn-key",
        grant_secret="headwater-local-grant-key",
    )


def test_every_variable_is_a_setting() -> None:
    """A name nobody reads would be a mistake in one of the two."""
    known = {f"HEADWATER_{name.upper()}" for name in Settings.__annotations__}
    told = {name for name in stack_environment(STACK, SITE) if name.startswith("HEADWATER_")}
    assert told - known == set()


def test_a_function_finds_only_the_layers_it_declares() -> None:
    """One that forgot its layer fails here as it would on AWS."""
    folder = Path("/built")
    declared = ("${aws_lambda_layer_version.ffmpeg.arn}", "arn:aws:lambda:eu-central-1:1:layer:probe:3")
    assert layer_environment(declared, folder) == {
        "HEADWATER_FFMPEG": "/built/ffmpeg/bin/ffmpeg",
        "HEADWATER_PROBE_PATH": "/built/probe/python",
    }
    assert layer_environment((), folder) == {}


def test_the_stack_decides_over_declarations_and_lambda_over_both() -> None:
    """References for Terraform vanish, local names win, limits come from the function."""
    declared = {"HEADWATER_STAGE": "prod", "QUEUE": "${aws_sqs_queue.encode.url}", "EXTRA": "1"}
    spec = FunctionSpec("on_encode", "m.h", 3538, 900, declared, ())
    env = worker_environment(
        spec, {"HEADWATER_STAGE": "local"}, root=Path("/task"), scratch=Path("/s/on_encode-1"), runtime_api="h:1"
    )
    wanted = {
        "HEADWATER_STAGE": "local",
        "EXTRA": "1",
        "QUEUE": None,
        "AWS_LAMBDA_FUNCTION_NAME": "headwater-local-on_encode",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3538",
        "AWS_LAMBDA_RUNTIME_API": "h:1",
        "LAMBDA_TASK_ROOT": "/task",
        "PYTHONPATH": "/task",
        "HEADWATER_SCRATCH_DIR": "/s/on_encode-1",
    }
    assert {name: env.get(name) for name in wanted} == wanted
