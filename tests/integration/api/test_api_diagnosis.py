"""GET /v1/diagnosis on moto: each thing is broken once and named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import diagnosis_container
from chalicelib.adapters import clients
from chalicelib.adapters.tables import ALL_MODELS
from chalicelib.config import settings

if TYPE_CHECKING:
    from conftest import Api

ADMIN = {"user": "root", "role": "admin"}
NOT_THE_APIS = {"live_segments"}
"""Its role may not read them."""


def report(api: Api) -> dict[str, Any]:
    """Ask for it."""
    answer = api.call("GET", "/v1/diagnosis", **ADMIN)
    assert answer.status_code == 200, answer.body
    return dict(answer.json_body)


def broken(api: Api) -> dict[str, str]:
    """Return the code of each part that failed."""
    return {part["part"]: part["code"] for part in report(api)["parts"] if not part["ok"]}


def test_a_whole_installation(api: Api) -> None:
    """Every part can be used, every table that the API may read is among them, and the schedule is heard of."""
    assert report(api)["schedule"]["last_run"] is None
    diagnosis_container.pulse().beat()
    found = report(api)
    assert [part for part in found["parts"] if not part["ok"]] == []
    tables = {part["part"].removeprefix("table ") for part in found["parts"] if part["part"].startswith("table ")}
    assert tables == {model.Meta.kind for model in ALL_MODELS} - NOT_THE_APIS  # type: ignore[attr-defined]
    assert found["schedule"]["age_s"] < 60
    names = [queue["queue"] for queue in found["queues"]]
    assert (names, {queue["code"] for queue in found["queues"]}) == (list(settings().queue_urls), {""})


def test_what_waits_and_what_failed_is_counted(api: Api) -> None:
    """Queue by queue."""
    for url in (api.queue_urls["encode"], api.queue_urls["encode"], api.queue_urls["encode"] + "-dead"):
        clients.sqs().send_message(QueueUrl=url, MessageBody="x")
    (encode,) = [queue for queue in report(api)["queues"] if queue["queue"] == "encode"]
    assert encode == {"queue": "encode", "waiting": 2, "dead_letters": 1, "code": ""}


def test_each_thing_that_is_missing_is_named(api: Api) -> None:
    """A table, a bucket, both keys, a queue: by AWS's own code, and nothing else suffers."""
    clients.client("dynamodb").delete_table(TableName="headwater-local-webhooks")
    clients.s3().delete_bucket(Bucket="headwater-local-media")
    secrets = clients.client("secretsmanager")
    secrets.put_secret_value(SecretId="headwater-local-grant-key", SecretString="no hexadecimal number")
    secrets.delete_secret(SecretId="headwater-local-cdn-key", ForceDeleteWithoutRecovery=True)
    clients.sqs().delete_queue(QueueUrl=api.queue_urls["prepare"])
    assert broken(api) == {
        "bucket media": "NoSuchBucket",
        "table webhooks": "ResourceNotFoundException",
        "key of the CDN": "ResourceNotFoundException",
        "key of links": "ValueError",
    }
    codes = {queue["queue"]: queue["code"] for queue in report(api)["queues"] if queue["code"]}
    assert codes == {"prepare": "NonExistentQueue"}


def test_only_administrators_see_it(api: Api) -> None:
    """And no secret is in it."""
    assert api.call("GET", "/v1/diagnosis").status_code == 403
    assert api.call("GET", "/v1/diagnosis", user=None).status_code == 401
    text = api.call("GET", "/v1/diagnosis", **ADMIN).body.decode()
    assert [secret for secret in ("PRIVATE KEY", "ab" * 32, "Signature") if secret in text] == []
