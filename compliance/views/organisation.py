"""Coming back from the organisation's sign-in, by OpenID Connect or by SAML."""

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
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


class CheckedAdapter(OpenIDConnectOAuth2Adapter):
    """Checks the signature of every ID token.

    OpenID Connect Core 1.0, 3.1.3.7 leaves it out for a token that came over TLS straight from the provider; behind a proxy that
    opens TLS, or with a provider reached without it, that is no proof.
    """

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
        return told


@login_not_required
def openid_callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Where the organisation's provider sends people back to."""
    try:
        answer: HttpResponseBase = OAuth2CallbackView.adapter_view(CheckedAdapter(request, provider_id))(request)
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
