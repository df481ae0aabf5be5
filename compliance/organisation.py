"""The organisation's own sign-in, from the environment: OpenID Connect and SAML. Pure."""

from collections.abc import Mapping
from typing import Any


def organisation_sign_in(environment: Mapping[str, str]) -> dict[str, Any]:
    """What django-allauth wants to know of each entrance that the environment names (see docs/operations.md).

    Raises ValueError naming the variable that is missing when an entrance is named only in part.
    """
    entrances: dict[str, Any] = {}
    if environment.get("OIDC_URL"):
        entrances["openid_connect"] = {"OAUTH_PKCE_ENABLED": True, "APPS": [_openid_connect(environment)]}
    if environment.get("SAML_METADATA_URL") or environment.get("SAML_SSO_URL"):
        entrances["saml"] = {"APPS": [_saml(environment)]}
    return entrances


def _needed(environment: Mapping[str, str], name: str, beside: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise ValueError(f"{beside} is set, and {name} is not: give both, or neither")
    return value


def _openid_connect(environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        "provider_id": "organisation",
        "name": environment.get("OIDC_NAME", "your organisation"),
        "client_id": _needed(environment, "OIDC_CLIENT_ID", "OIDC_URL"),
        "secret": _needed(environment, "OIDC_CLIENT_SECRET", "OIDC_URL"),
        "settings": {"server_url": environment["OIDC_URL"], **_vouched(environment, otherwise=None)},
    }


def sign_in_domains(environment: Mapping[str, str]) -> list[str]:
    """The domains whose addresses may come in by the organisation's sign-in, from SIGN_IN_DOMAINS; empty: any."""
    named = environment.get("SIGN_IN_DOMAINS", "").split(",")
    return [domain.strip().lower().lstrip("@") for domain in named if domain.strip()]


def _vouched(environment: Mapping[str, str], *, otherwise: bool | None) -> dict[str, Any]:
    """Which addresses the other side vouches for: those of the named domains; with none named, `otherwise`, None: as it says."""
    vouched = sign_in_domains(environment) or otherwise
    return {} if vouched is None else {"verified_email": vouched}


def _saml(environment: Mapping[str, str]) -> dict[str, Any]:
    named = "SAML_METADATA_URL" if environment.get("SAML_METADATA_URL") else "SAML_SSO_URL"
    identity: dict[str, Any] = {"entity_id": _needed(environment, "SAML_ENTITY_ID", named)}
    if environment.get("SAML_METADATA_URL"):
        identity["metadata_url"] = environment["SAML_METADATA_URL"]
    else:
        identity |= {
            "sso_url": environment["SAML_SSO_URL"],
            "x509cert": _needed(environment, "SAML_CERTIFICATE", "SAML_SSO_URL"),
        }
    return {
        "provider_id": identity["entity_id"],
        "client_id": "organisation",
        "name": environment.get("SAML_NAME", "your organisation"),
        "settings": {
            "idp": identity,
            "attribute_mapping": {
                "uid": environment.get("SAML_UID", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
                "email": environment.get(
                    "SAML_EMAIL", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
                ),
                "first_name": environment.get(
                    "SAML_FIRST_NAME", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"
                ),
                "last_name": environment.get(
                    "SAML_LAST_NAME", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"
                ),
            },
            # SAML has no word for whether an address was verified; whoever signs assertions vouches for what is in them.
            **_vouched(environment, otherwise=True),
            "advanced": {"want_assertion_signed": True, "reject_deprecated_algorithm": True, "strict": True},
        },
    }
