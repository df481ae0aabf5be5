"""The addresses of the site: the admin, people, the terms side and the audit side."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from compliance.views import people, terms

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("sign-in/", people.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("theme/", people.theme, name="theme"),
    path("terms/", terms.providers, name="terms"),
    path("terms/<slug:slug>/", terms.provider, name="terms-provider"),
    path("terms/documents/<int:pk>/", terms.document, name="terms-document"),
    path("terms/versions/<int:pk>/", terms.version, name="terms-version"),
    path("terms/rules/<int:pk>/", terms.rule_revision, name="terms-rule"),
    path("", include("audits.urls")),
]
