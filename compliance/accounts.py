"""How people come in: by name and password, with a second factor or a passkey, or through the organisation's own sign-in.

django-allauth does the work; here stands what is ours about it: nobody signs up by themselves, and the trail tells who came in
and who failed to.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render

from compliance.actions.trail import record
from compliance.models import User
from compliance.openid_connect import NoncedProvider


class AccountAdapter(DefaultAccountAdapter):
    """Local accounts: made by administrators or by an invitation, never by signing up."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The name and the password do not belong together. Both mind upper and lower case.",
        "email_password_mismatch": "The address and the password do not belong together.",
        "too_many_login_attempts": "Too many attempts failed. Wait five minutes, or ask an administrator for a new password.",
        "account_inactive": "This account is closed. An administrator can open it again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        record(acting_user=user, action="signed in", subject=user, address=self.get_client_ip(request))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Names that belong to nobody leave no line: what was typed there may be a password."""
        name = str(credentials.get("username") or "")
        known = User.objects.filter(username=name).first() if name else None
        if known is not None:
            record(acting_user=None, action="sign-in failed", subject=known, address=self.get_client_ip(request))


class OrganisationAdapter(DefaultSocialAccountAdapter):
    """OpenID Connect and SAML: the organisation says who its people are; what they may do is said here, project by project."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        found = super().get_provider(request, provider, client_id=client_id)
        return NoncedProvider(request, app=found.app) if type(found) is OpenIDConnectProvider else found

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Refuse whoever comes with an address of a domain that the installation does not take in, known or not."""
        address = str(getattr(sociallogin.user, "email", "") or "").lower()
        if settings.SIGN_IN_DOMAINS and address.rpartition("@")[2] not in settings.SIGN_IN_DOMAINS:
            answer = render(request, "people/sign_in_refused.html", {"address": address}, status=403)
            raise ImmediateHttpResponse(answer)
