"""Coming back from the organisation's sign-in, by OpenID Connect or by SAML."""

import secrets
from typing import Any

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.socialaccount.providers.saml.utils import get_app_or_404
from allauth.socialaccount.providers.saml.views import finish_acs
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from lxml.etree import LxmlError
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError

SIGNED_BY = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Signatures by a key pair: with a shared key, whoever knows the client's secret could sign."""


class NotThisSignIn(OAuth2Error):
    """An ID token that does not belong to the sign-in at hand; the words are for whoever tries to come in."""

    @property
    def for_people(self) -> str:
        return str(self)


class CheckedAdapter(OpenIDConnectOAuth2Adapter):
    """Checks the signature of every ID token, and that it was made for this very sign-in (its nonce).

    OpenID Connect Core 1.0, 3.1.3.7 leaves it out for a token that came over TLS straight from the provider; behind a proxy that
    opens TLS, or with a provider reached without it, that is no proof.
    """

    nonce: str = ""

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> Any:
        if not kwargs["response"].get("id_token"):
            raise NotThisSignIn("The provider sent no ID token, so that nothing proves who came.")
        login = super().complete_login(request, app, token, **kwargs)
        told = login.account.extra_data
        if told.get("userinfo", {}).get("sub", told["id_token"].get("sub")) != told["id_token"].get("sub"):
            raise NotThisSignIn(
                "The provider told of two different people: one in its ID token, another in its user information."
            )
        return login

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, object]:
        config = self.openid_config
        try:
            algorithm = jwtkit.jwt.get_unverified_header(id_token).get("alg")
        except jwtkit.jwt.PyJWTError as problem:
            raise OAuth2Error("the ID token can't be read") from problem
        if algorithm not in SIGNED_BY:
            raise OAuth2Error(f"the ID token is signed by {algorithm}")
        told: dict[str, object] = jwtkit.verify_and_decode(
            credential=id_token, keys_url=config["jwks_uri"], issuer=config["issuer"], audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk, verify_signature=True,
        )  # fmt: skip
        self._require_nonce(told.get("nonce"))
        return told

    def _require_nonce(self, came: object) -> None:
        if not came:
            raise NotThisSignIn(
                "The provider’s ID token bears no nonce, so that it may have been made for another sign-in. The provider has "
                "to send back the nonce that it is asked with."
            )
        if not self.nonce or not secrets.compare_digest(str(came).encode(), self.nonce.encode()):
            raise NotThisSignIn(
                "The provider’s ID token was made for another sign-in: its nonce is not the one asked with."
            )


class CheckedCallback(OAuth2CallbackView):
    """Hands the nonce that was kept with the state to whoever checks the token."""

    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[Any, Any]:
        state, answer = super()._get_state(request, provider)
        self.adapter.nonce = (state or {}).get("nonce") or ""
        return state, answer


@login_not_required
def openid_callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Where the organisation's provider sends people back to."""
    try:
        answer: HttpResponseBase = CheckedCallback.adapter_view(CheckedAdapter(request, provider_id))(request)
    except SocialApp.DoesNotExist as problem:
        raise Http404("no such sign-in") from problem
    return answer


@login_not_required
def saml_finished(request: HttpRequest, organization_slug: str) -> HttpResponseBase:
    """Where an answer by SAML is read. What is no XML at all is refused as any other that proves nothing."""
    try:
        answer: HttpResponseBase = finish_acs(request, organization_slug=organization_slug)
    except (LxmlError, OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError, ValueError):
        provider = get_app_or_404(request, organization_slug).get_provider(request)
        answer = render_authentication_error(request, provider)
    return answer
