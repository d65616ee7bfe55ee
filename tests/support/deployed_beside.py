"""Another stage of the same account, with everything that can be chosen: planned beside the one that is applied.

Collected by test_deployment.py: one worker should package, plan and apply, and not each its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import join

if TYPE_CHECKING:
    from conftest import Planned

DOMAIN = "video.example.org"
NAMES = ("name", "function_name", "bucket", "layer_name", "alarm_name", "dashboard_name", "domain")
INSIDE = {
    *("aws_api_gateway_authorizer", "aws_cognito_user_group", "aws_cognito_user_pool_client", "aws_iam_role_policy"),
    *("aws_api_gateway_stage", "aws_apigatewayv2_stage", "aws_route53_record"),
}
"""Their names are inside something that has the stage in its own; a record's is the domain."""


def names(planned: Planned) -> set[tuple[str, str]]:
    """Return what an account, or the world, may have once: (type, name)."""
    found = set()
    for resource in planned.resources.values():
        if resource["mode"] == "managed" and resource["type"] not in INSIDE:
            values = [(name, resource.get("values", {}).get(name)) for name in NAMES]
            found |= {(resource["type"], value) for _, value in values if isinstance(value, str)}
    return found


def test_two_stages_of_an_account_never_meet(planned: Planned, other: Planned) -> None:
    """Each makes what the other makes, under other names."""
    one, two = names(planned), names(other)
    assert len(one) > 100
    assert one & two == set()
    assert {kind for kind, _ in one} - {kind for kind, _ in two} <= {
        "aws_cognito_user_pool",
        "aws_cognito_user_pool_domain",
    }


def test_the_code_has_the_same_bytes_twice(planned: Planned, other: Planned) -> None:
    """Packaging again, for another stage and architecture, gives the archive that is deployed already."""
    assert (other.root / "deployment.zip").read_bytes() == (planned.root / "deployment.zip").read_bytes()


def test_arm64_is_planned_whole(other: Planned) -> None:
    """Functions and layers change together: a layer of another architecture would not load."""
    functions = other.of_type("aws_lambda_function").values()
    assert {tuple(one["architectures"]) for one in functions} == {("arm64",)}
    layers = other.of_type("aws_lambda_layer_version").values()
    assert {tuple(one["compatible_architectures"]) for one in layers} == {("arm64",)}


def test_snapshots_are_of_versions_that_callers_name(other: Planned) -> None:
    """Functions that somebody waits for have an alias; nobody else is published."""
    published = {
        address.rpartition(".")[2] for address, one in other.of_type("aws_lambda_function").items() if one["publish"]
    }
    aliases = {one["name"] for one in other.of_type("aws_lambda_alias").values()}
    assert (published, aliases) == (set(join.SNAPSHOTS), {"live"})
    assert len(other.of_type("aws_lambda_alias")) == len(published)


def test_an_own_domain_and_a_firewall_stand_before_everything(other: Planned) -> None:
    """One host, its certificate, its record in both families; requests that come too fast end at the edge."""
    (site,) = other.of_type("aws_cloudfront_distribution").values()
    assert site["aliases"] == [DOMAIN]
    assert site["viewer_certificate"][0]["minimum_protocol_version"] == "TLSv1.2_2021"
    assert {one["type"] for one in other.of_type("aws_route53_record").values()} == {"A", "AAAA"}
    (firewall,) = other.of_type("aws_wafv2_web_acl").values()
    assert (firewall["scope"], {rule["name"] for rule in firewall["rule"]}) == ("CLOUDFRONT", {"rate", "known-bad"})
    assert other.of_type("aws_budgets_budget")
    assert other.of_type("aws_sns_topic_subscription")


def test_another_issuer_takes_the_pool_s_place(other: Planned) -> None:
    """No pool is made; pages are told to sign in there."""
    assert other.of_type("aws_cognito_user_pool") == {}
    outputs = other.document["planned_values"]["outputs"]
    assert outputs["sign_in"]["value"]["authority"] == "https://id.example.org/realms/people"
