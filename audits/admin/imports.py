"""Tokens for the receiver of traces, shown once when they are made; and imports, as they were recorded."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import display

from audits.actions.receiving import LONGEST_LIFE, make_token, revoke_token
from audits.models import Import, ReceiverToken
from compliance.admin.base import Kept, Recorded
from compliance.site import manages_people

LIFE = dt.timedelta(days=180)


class TokenForm(forms.ModelForm):
    class Meta:
        model = ReceiverToken
        fields = ("project", "name", "expires_at")

    def clean_expires_at(self) -> dt.datetime:
        expires: dt.datetime = self.cleaned_data["expires_at"]
        if not timezone.now() < expires <= timezone.now() + LONGEST_LIFE:
            raise forms.ValidationError(f"Choose a time in the future, within {LONGEST_LIFE.days} days.")
        return expires


@admin.register(ReceiverToken)
class ReceiverTokenAdmin(Kept):
    """Administrators make and revoke tokens; none is ever changed, removed or shown again."""

    form = TokenForm
    list_display = ("name", "project", "state", "created_by", "created_at", "expires_at", "last_used_at")
    list_select_related = ("project", "created_by")
    list_filter = ("project",)
    actions = ("revoke",)

    def may_write(self, request: HttpRequest) -> bool:
        return manages_people(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and self.may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"expires_at": timezone.now() + LIFE}

    @display(description="State", label={"valid": "success", "expired": "warning", "revoked": "danger"})
    def state(self, token: ReceiverToken) -> str:
        if token.revoked_at:
            return "revoked"
        return "valid" if token.expires_at > timezone.now() else "expired"

    def save_model(self, request: HttpRequest, obj: ReceiverToken, form: Any, change: bool) -> None:
        made, text = make_token(
            project=obj.project,
            name=obj.name,
            expires_at=obj.expires_at,
            acting_user=request.user,  # type: ignore[arg-type]
        )
        obj.pk = made.pk
        obj.text = text  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ReceiverToken, post_url_continue: Any = None) -> HttpResponse:
        """The one time that the token is shown; it is stored nowhere, nor put into a message."""
        context = {**self.admin_site.each_context(request), "title": "Token made", "token": obj, "text": obj.text}  # type: ignore[attr-defined]
        response = TemplateResponse(request, "admin/receiver_token.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    @admin.action(description="Revoke the chosen tokens")
    def revoke(self, request: HttpRequest, tokens: Any) -> None:
        for token in tokens:
            revoke_token(token=token, acting_user=request.user)  # type: ignore[arg-type]


@admin.register(Import)
class ImportAdmin(Recorded):
    list_display = ("name", "source", "pipeline", "state", "read", "new", "rejected", "requested_by", "requested_at")
    list_filter = ("source", "state")
    list_select_related = ("pipeline", "requested_by")
    search_fields = ("name", "sha256", "pipeline__name")
