"""The API client: typed errors, retries that honour the server, uploads that resume."""

from headwater.client.api import Api
from headwater.client.errors import ApiError, ClientError, FileChanged, Refused, Unreachable
from headwater.client.upload import Upload, Uploader

__all__ = ["Api", "ApiError", "ClientError", "FileChanged", "Refused", "Unreachable", "Upload", "Uploader"]
