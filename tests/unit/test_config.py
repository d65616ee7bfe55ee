"""Settings: every field from the environment, and a clear word about what cannot be read."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from chalicelib import config
from chalicelib.config import Settings
from chalicelib.domain.cost import PriceTable
from chalicelib.domain.rates import Rate, Rates


def test_without_any_the_defaults_hold() -> None:
    """An empty environment is a valid one; names of others are not ours."""
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"STAGE": "x", "HEADWATER_UNKNOWN": "x", "headwater_stage": "x"}) == Settings()


SAMPLES: dict[str, tuple[str, object]] = {
    "int": ("7", 7),
    "bool": ("off", False),
    "str": ("text", "text"),
    "str | None": ("text", "text"),
    "Rates": ('{"make": [5, 6]}', Rates(make=Rate(5, 6))),
    "PriceTable": ('{"sqs_million": 1}', PriceTable(sqs_million=Decimal(1))),
}


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: str(field.name))
def test_every_field_can_be_set(field: object) -> None:
    """By its upper-case name, in its type."""
    name, kind = str(getattr(field, "name", "")), str(getattr(field, "type", ""))
    raw, expected = SAMPLES[kind]
    assert getattr(Settings.from_env({f"HEADWATER_{name.upper()}": raw}), name) == expected


@pytest.mark.parametrize(("raw", "expected"), [("1", True), ("TRUE", True), ("yes", True), ("0", False), ("No", False)])
def test_switches(raw: str, expected: bool) -> None:  # noqa: FBT001  parametrized
    """As people write them."""
    assert Settings.from_env({"HEADWATER_RESCUE_RUNG": raw}).rescue_rung is expected


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("LEASE_S", "soon", "HEADWATER_LEASE_S must be a whole number, not 'soon'"),
        ("LEASE_S", "", "HEADWATER_LEASE_S must be a whole number, not ''"),
        ("LEASE_S", "1.5", "HEADWATER_LEASE_S must be a whole number, not '1.5'"),
        ("RESCUE_RUNG", "maybe", "HEADWATER_RESCUE_RUNG must be true or false, not 'maybe'"),
        ("RESCUE_RUNG", "", "HEADWATER_RESCUE_RUNG must be true or false, not ''"),
        ("PRICES", "cheap", "HEADWATER_PRICES must be a JSON object of prices in USD, not 'cheap'"),
        ("PRICES", "[1]", r"HEADWATER_PRICES must be a JSON object of prices in USD, not '\[1\]'"),
        ("PRICES", '{"sqs": 1}', "HEADWATER_PRICES: there is no price 'sqs'; there are lambda_gb_s, "),
        ("RATES", "[]", r"HEADWATER_RATES must be a JSON object of rates, not '\[\]'"),
        ("RATES", '{"create": [1, 2]}', "HEADWATER_RATES: there is no rate 'create'; there are make, "),
        ("RATES", '{"make": [1, 0]}', "HEADWATER_RATES: make must be two whole numbers: calls at once"),
        ("RATES", '{"make": [true, 1]}', "HEADWATER_RATES: make must be two whole numbers"),
        ("RATES", '{"make": 5}', "HEADWATER_RATES: make must be two whole numbers"),
        ("PRICES", '{"sqs_million": -1}', "HEADWATER_PRICES: sqs_million must be an amount in USD, not -1"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, raw: str, words: str) -> None:
    """At start, not at the first use."""
    with pytest.raises(ValueError, match=words):
        Settings.from_env({f"HEADWATER_{name}": raw})


def test_names_follow_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues and functions of two stages never meet."""
    monkeypatch.setenv("HEADWATER_STAGE", "prod")
    assert config.resource_name("encode") == "headwater-prod-encode"
    monkeypatch.delenv("HEADWATER_STAGE")
    assert config.resource_name("encode") == "headwater-local-encode"


def test_where_aws_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's own endpoint before the common one; Lambda's region before the shell's."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert (config.aws_endpoint_url("s3"), config.aws_region()) == (None, None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert (config.aws_endpoint_url("s3"), config.aws_endpoint_url("sqs")) == ("http://s3", "http://all")
    assert config.aws_region() == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert config.aws_region() == "eu-central-1"


def test_the_function_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda says which it is and what it is charged for; elsewhere there is none."""
    for name in ("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "HEADWATER_STAGE"):
        monkeypatch.delenv(name, raising=False)
    assert (config.function_name(), config.function_memory_mb()) == ("", 128)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "headwater-prod-on_encode")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3538")
    monkeypatch.setenv("HEADWATER_STAGE", "prod")
    assert (config.function_name(), config.function_memory_mb()) == ("on_encode", 3538)
