"""The addresses of the site: the admin, people, the terms side and the audit side."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from compliance.views import account, comparing, in_force, incoming, people, projects, reader, suggestions, terms

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("sign-in/", people.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("account/tokens/", account.tokens, name="account-tokens"),
    path("account/tokens/<int:pk>/revoke/", account.token_revoke, name="account-token-revoke"),
    path("account/", include("allauth.urls")),
    path("invitations/<str:secret>/", account.invitation, name="invitation"),
    path("projects/", projects.listing, name="projects"),
    path("projects/<slug:slug>/people/", projects.people, name="project-people"),
    path("projects/<slug:slug>/people/invite/", projects.ask_in, name="project-invite"),
    path("projects/<slug:slug>/people/<int:pk>/", projects.change_member, name="project-member"),
    path("projects/<slug:slug>/invitations/<int:pk>/withdraw/", projects.withdraw_invitation, name="project-withdraw"),
    path("projects/<slug:slug>/trail/", projects.trail, name="project-trail"),
    path("theme/", people.theme, name="theme"),
    path("terms/", terms.providers, name="terms"),
    path("terms/in-force/", in_force.page, name="terms-in-force"),
    path("terms/in-force.json", in_force.as_json, name="terms-in-force-json"),
    path("terms/compare/", comparing.compare, name="terms-compare"),
    path("terms/review/", suggestions.review, name="terms-review"),
    path("terms/review/suggestions/", suggestions.suggestions, name="terms-suggestions"),
    path("terms/review/<int:pk>/", suggestions.settle_clause, name="terms-settle"),
    path("terms/suggestions/<int:pk>/", suggestions.suggestion, name="terms-suggestion"),
    path("terms/suggestions/<int:pk>/reject/", suggestions.suggestion_reject, name="terms-suggestion-reject"),
    path("terms/clause-texts/<int:pk>/draft/", suggestions.draft, name="terms-draft"),
    path("terms/incoming/", incoming.changes, name="terms-incoming"),
    path("terms/incoming/held/", incoming.held, name="terms-held"),
    path("terms/incoming/held/<int:pk>/", incoming.arrival, name="terms-arrival"),
    path("terms/incoming/held/<int:pk>/bytes/", incoming.arrival_bytes, name="terms-arrival-bytes"),
    path("terms/incoming/dates/", incoming.dates, name="terms-dates"),
    path("terms/incoming/dates/<int:pk>/", incoming.set_dates, name="terms-dates-set"),
    path("terms/<slug:slug>/", terms.provider, name="terms-provider"),
    path("terms/documents/<int:pk>/", terms.document, name="terms-document"),
    path("terms/versions/<int:pk>/", reader.version, name="terms-version"),
    path("terms/versions/<int:pk>/bytes/", reader.version_bytes, name="terms-version-bytes"),
    path("terms/versions/<int:pk>/mark/", suggestions.mark, name="terms-mark"),
    path("terms/rules/<int:pk>/", terms.rule_revision, name="terms-rule"),
    path("", include("audits.urls")),
]
