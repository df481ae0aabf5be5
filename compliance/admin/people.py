"""People, projects and memberships: kept by administrators, closed to everybody else."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from compliance.admin.base import ByAdministrators, NamedFields
from compliance.models import Membership, Project, TrailEntry, User
from compliance.site import manages_people

admin.site.unregister(Group)  # what a person may do follows from roles alone
# Second factors, sessions and the organisation's sign-in belong to each person and to the environment; nobody edits them here.
for kept in [model for model in admin.site._registry if model.__module__.startswith("allauth.")]:
    admin.site.unregister(kept)


class MembershipInline(NamedFields, TabularInline):
    model = Membership
    extra = 0
    hide_title = True
    fields = ("project", "user", "role")
    autocomplete_fields = ("user", "project")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return manages_people(request)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class ByAdministratorsAlone(ByAdministrators):
    """Not even read by legal."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return manages_people(request)


class NewPersonForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "role")


class PersonForm(UserChangeForm):
    acting_user: User

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "role", "is_active", "password")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        mine = self.instance.pk == self.acting_user.pk
        if mine and ("role" in self.changed_data or cleaned.get("is_active") is False):
            raise forms.ValidationError("Another administrator changes your role or closes your account.")
        return cleaned


@admin.register(User)
class PersonAdmin(ByAdministratorsAlone, UserAdmin):
    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    inlines = (MembershipInline,)
    list_display = ("username", "full_name", "email", "role", "open", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        ("What they may do", {"fields": ("role", "is_active", "password")}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "role")}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )

    @display(description="Name")
    def full_name(self, person: User) -> str:
        return person.get_full_name() or "–"

    @display(description="Account", label={"open": "success", "closed": "danger"}, ordering="is_active")
    def open(self, person: User) -> tuple[str, str]:
        return ("open", "Open") if person.is_active else ("closed", "Closed")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # people are closed, not removed: what they did keeps their name

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.acting_user = request.user  # type: ignore[attr-defined]
        return form

    def get_inlines(self, request: HttpRequest, obj: User | None) -> tuple[type[TabularInline], ...]:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        """Django's own flags follow the role: there is one place that says what a person may do."""
        obj.is_superuser = obj.role == User.Role.ADMINISTRATOR
        obj.is_staff = obj.role in (User.Role.ADMINISTRATOR, User.Role.LEGAL)
        super().save_model(request, obj, form, change)


@admin.register(Project)
class ProjectAdmin(ByAdministratorsAlone):
    inlines = (MembershipInline,)
    list_display = ("name", "slug", "people", "pipelines_kept", "created_at")
    search_fields = ("name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        members = Count("memberships", distinct=True)
        return super().get_queryset(request).annotate(members=members, kept=Count("pipelines", distinct=True))

    @display(description="People", ordering="members")
    def people(self, project: Any) -> int:
        return int(project.members)

    @display(description="Pipelines", ordering="kept")
    def pipelines_kept(self, project: Any) -> int:
        return int(project.kept)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A project with a line in the audit trail or a pipeline is kept."""
        used = obj is not None and (obj.pipelines.exists() or TrailEntry.objects.filter(project=obj).exists())
        return bool(self.may_write(request) and not used)
