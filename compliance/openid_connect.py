"""The organisation's OpenID Connect provider as django-allauth asks it, with a nonce (Core, 3.1.2.1) beside state and PKCE."""

import secrets
from typing import Any

from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponseBase


class NoncedProvider(OpenIDConnectProvider):
    """Sends a new nonce with each sign-in and keeps it beside the state, in the session of the browser that asked."""

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponseBase:
        nonce = secrets.token_urlsafe(32)
        asked = kwargs.pop("auth_params", None)
        told = {**(self.get_auth_params() if asked is None else asked), "nonce": nonce}
        answer: HttpResponseBase = super().redirect(
            request, process, next_url, data, auth_params=told, nonce=nonce, **kwargs
        )
        return answer
