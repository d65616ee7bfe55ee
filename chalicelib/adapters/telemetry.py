"""What a function says about itself: JSON log lines and CloudWatch metrics (EMF), both on standard output.

`instrumented` goes directly on a handler, beneath Chalice's decorator, because Chalice's middleware does not
run for functions of a Blueprint. `http_middleware` does the same for the REST function.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from chalicelib.adapters.redaction import redacted
from chalicelib.config import settings, stage
from chalicelib.domain.gauges import LIVE_LAG, RATE_LIMITED, RATE_UNHELD
from chalicelib.errors import HeadwaterError, Rejected, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")
NAMESPACE = "Headwater"
_CLIENT_ERROR = 400
_SERVER_ERROR = 500
_process = {"cold": True}


class _StandardOutput:
    """Today's sys.stdout: Lambda's runtime and tests replace it after we were imported."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


class _NotOurs(logging.Filter):
    """Keeps Lambda's own handler from printing our lines a second time, unstructured and unredacted."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.name.startswith("chalicelib")


@dataclass(slots=True)
class _Invocation:
    name: str
    outcome: str = "ok"
    code: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)
    cold: bool = False


@cache
def log() -> Logger:
    """Return the process's logger. `log().append_keys(recording_id=...)` marks the rest of one invocation.

    Modules may as well use logging.getLogger(__name__): lines of `chalicelib.*` take the same way out.
    """
    logger = Logger(
        service=f"headwater-{stage()}",
        level=settings().log_level,
        stream=_StandardOutput(),  # type: ignore[arg-type]  # all that a StreamHandler calls
        utc=True,
        json_serializer=lambda line: redacted(json.dumps(line, default=str, separators=(",", ":"))),
    )
    ours = logging.getLogger("chalicelib")
    ours.addHandler(logger.registered_handler)
    ours.setLevel(settings().log_level)
    for handler in logging.getLogger().handlers:
        if type(handler).__name__.startswith("LambdaLogger"):
            handler.addFilter(_NotOurs())
    return logger


@cache
def metrics() -> Metrics:
    """Return the process's metrics; what is added during an invocation is written at its end."""
    return Metrics(namespace=NAMESPACE, service=f"headwater-{stage()}")


_UNITS = {LIVE_LAG: MetricUnit.Seconds, RATE_LIMITED: MetricUnit.Count, RATE_UNHELD: MetricUnit.Count}
"""Of gauges; the others are plain numbers."""


def gauge(name: str, value: float, /) -> None:
    """Note a figure of our work; it is written at the end of the invocation, with the function's name."""
    metrics().add_metric(name, _UNITS.get(name, MetricUnit.NoUnit), value)


def instrumented(handler: Callable[P, R]) -> Callable[P, R]:
    """Log and measure every call of a handler of any kind; result and exceptions pass unchanged.

    Works with (event, context), with Chalice's event objects and with its AuthRequest.
    """
    name = getattr(handler, "__name__", type(handler).__name__)

    @wraps(handler)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        invocation = _begin(name, args)
        try:
            result = handler(*args, **kwargs)
        except Exception as error:
            _fail(invocation, error)
            _end(invocation)
            raise
        _judge(invocation, result)
        _end(invocation)
        return result

    return call


def http_middleware(request: Any, get_response: Callable[[Any], Any]) -> Any:
    """Log and measure a REST request: `app.register_middleware(http_middleware, "http")`."""
    invocation = _begin("api", (request,))
    invocation.facts |= {"method": getattr(request, "method", ""), "route": getattr(request, "path", "")}
    try:
        response = get_response(request)
    except Exception as error:
        _fail(invocation, error)
        _end(invocation)
        raise
    invocation.facts["status"] = status = int(getattr(response, "status_code", 200))
    if status >= _SERVER_ERROR:
        invocation.outcome, invocation.code = "error", f"http_{status}"
    elif status >= _CLIENT_ERROR:
        invocation.outcome = "rejected"
    _end(invocation)
    return response


def _begin(name: str, args: tuple[Any, ...]) -> _Invocation:
    invocation = _Invocation(name, cold=_process["cold"])
    _process["cold"] = False
    context = _context(args)
    logger = log()
    logger.clear_state()
    logger.append_keys(
        function_name=getattr(context, "function_name", None) or name,
        function_request_id=getattr(context, "aws_request_id", None),
        cold_start=invocation.cold,
        **_queue_facts(args),
    )
    return invocation


def _context(args: tuple[Any, ...]) -> Any:
    """Find Lambda's context; an AuthRequest carries none."""
    if len(args) > 1:
        return args[1]
    event = args[0] if args else None
    return getattr(event, "lambda_context", None) or getattr(event, "context", None)


def _queue_facts(args: tuple[Any, ...]) -> dict[str, Any]:
    """Name the message of an SQS event, never its body."""
    event: Any = args[0] if args else None
    if hasattr(event, "to_dict") and not hasattr(event, "method"):
        event = event.to_dict()
    records = event.get("Records") if isinstance(event, dict) else None
    if not records or not isinstance(records, list) or not isinstance(records[0], dict):
        return {}
    first = records[0]
    facts = {"messages": len(records), "message_id": first.get("messageId")}
    return facts | {"receive_count": first.get("attributes", {}).get("ApproximateReceiveCount")}


def _judge(invocation: _Invocation, result: Any) -> None:
    failures = result.get("batchItemFailures") if isinstance(result, dict) else None
    if failures:
        invocation.outcome, invocation.facts["returned_messages"] = "retry", len(failures)


def _fail(invocation: _Invocation, error: Exception) -> None:
    """Log an exception, once: expected ones without their traceback."""
    invocation.code = error.code if isinstance(error, HeadwaterError) else type(error).__name__
    if isinstance(error, Rejected):
        invocation.outcome = "rejected"
        log().info("rejected", error_code=error.code, detail=error.detail)
    elif isinstance(error, Transient):
        invocation.outcome = "retry"
        log().warning("to be tried again", error_code=error.code, detail=error.detail)
    else:
        invocation.outcome = "error"
        log().exception("failed", error_code=invocation.code)


def _end(invocation: _Invocation) -> None:
    duration_ms = (time.perf_counter() - invocation.began) * 1000
    try:
        log().info("done", outcome=invocation.outcome, duration_ms=round(duration_ms, 1), **invocation.facts)
        log().clear_state()
        _measure(invocation, duration_ms)
    except Exception as error:  # noqa: BLE001  a broken gauge must not change what the function did
        log().error("telemetry failed", error_type=type(error).__name__)


def _measure(invocation: _Invocation, duration_ms: float) -> None:
    gauge = metrics()
    gauge.add_dimension("function", invocation.name)
    gauge.add_metric("Duration", MetricUnit.Milliseconds, duration_ms)
    gauge.add_metric("Failures", MetricUnit.Count, int(invocation.outcome == "error"))
    gauge.add_metric("Retries", MetricUnit.Count, int(invocation.outcome == "retry"))
    if invocation.cold:
        gauge.add_metric("ColdStart", MetricUnit.Count, 1)
    gauge.flush_metrics()
    if invocation.code:
        dimensions = {"service": f"headwater-{stage()}", "function": invocation.name}
        with single_metric(
            name="Errors", unit=MetricUnit.Count, value=1, namespace=NAMESPACE, default_dimensions=dimensions
        ) as errors:
            errors.add_dimension("code", invocation.code)
