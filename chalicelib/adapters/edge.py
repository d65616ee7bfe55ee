"""CloudFront: what it has kept of us is forgotten when we say so."""

from __future__ import annotations

from botocore.exceptions import ClientError

from chalicelib.adapters import clients
from chalicelib.adapters.aws_errors import code_of, translated
from chalicelib.errors import Transient

_BUSY = "TooManyInvalidationsInProgress"
"""Fifteen with a wildcard at once; each takes seconds to minutes."""


class CloudFrontEdge:
    """Implements traces.Edge for one distribution."""

    def __init__(self, distribution: str) -> None:
        """Take the distribution's id."""
        self._distribution = distribution

    def forget(self, paths: str, reference: str) -> None:
        """Have all that is kept below `paths` (`/media/ID/*`) dropped; the same reference again asks for nothing more.

        Raises Transient while too many others are under way.
        """
        batch = {"Paths": {"Quantity": 1, "Items": [paths]}, "CallerReference": reference}
        with translated("The CDN"):
            try:
                clients.client("cloudfront").create_invalidation(
                    DistributionId=self._distribution, InvalidationBatch=batch
                )
            except ClientError as error:
                if code_of(error) == _BUSY:
                    raise Transient("aws_unavailable", "The CDN is busy with other invalidations.") from None
                raise
