"""Signatures as Standard Webhooks writes them."""

from __future__ import annotations

import base64

from chalicelib.domain.webhooks.signing import derive_secret, headers, hint_of, signature

SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"


def test_the_specifications_example() -> None:
    """The message that the specification's own libraries test with."""
    body = b'{"event_type":"ping","data":{"success":true}}'
    signed = signature(SECRET, "msg_loFOjxBNrRLzqYUf", 1731705121, body)
    assert signed == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_several_secrets_sign_side_by_side() -> None:
    """A receiver that knows one of them finds its signature, in either place."""
    other = derive_secret(b"k" * 32, "wh_1", "salt")
    found = headers([other, SECRET], "evt_1", 7, b"{}")
    assert found["webhook-id"] == "evt_1"
    assert found["webhook-timestamp"] == "7"
    assert found["webhook-signature"].split(" ") == [signature(s, "evt_1", 7, b"{}") for s in (other, SECRET)]


def test_secrets_are_derived() -> None:
    """32 bytes, the same each time, another for each webhook, salt and installation; the hint gives little away."""
    secret = derive_secret(b"k" * 32, "wh_1", "salt")
    others = {
        derive_secret(b"k" * 32, "wh_2", "salt"),
        derive_secret(b"k" * 32, "wh_1", "tlas"),
        derive_secret(b"j" * 32, "wh_1", "salt"),
    }
    assert secret == derive_secret(b"k" * 32, "wh_1", "salt")
    assert len(others - {secret}) == 3
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert hint_of(secret) == f"whsec_…{secret[-4:]}"
