"""The addresses of the audit side."""

from django.urls import path

from audits.views import evidence, exchanges, findings, lineage, overview, pipelines, reports, runs, searching

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("search/", searching.search_page, name="search"),
    path("pipelines/", pipelines.listing, name="pipelines"),
    path("pipelines/add/", pipelines.add, name="pipeline-add"),
    path("pipelines/<int:pk>/", pipelines.detail, name="pipeline"),
    path("pipelines/<int:pk>/audit/", pipelines.start_audit, name="pipeline-audit"),
    path("runs/", runs.listing, name="runs"),
    path("runs/<int:pk>/", runs.detail, name="run"),
    path("runs/<int:pk>/live/", runs.live, name="run-live"),
    path("runs/<int:pk>/log/", runs.log, name="run-log"),
    path("runs/<int:pk>/log/after/<int:seq>/", runs.log_tail_after, name="run-log-after"),
    path("runs/<int:pk>/cancel/", runs.cancel, name="run-cancel"),
    path("runs/<int:pk>/again/", runs.again, name="run-again"),
    path("runs/<int:pk>/calls/", exchanges.listing, name="run-calls"),
    path("runs/<int:pk>/lineage/", lineage.lineage, name="run-lineage"),
    path("runs/<int:pk>/lineage/<int:dataset_pk>/", lineage.rows, name="run-lineage-rows"),
    path("runs/<int:pk>/findings/", findings.of_run, name="run-findings"),
    path("runs/<int:pk>/gaps/", runs.gaps, name="run-gaps"),
    path("runs/<int:pk>/evidence/", evidence.entries, name="run-evidence"),
    path("runs/<int:pk>/evidence/bundle/", evidence.bundle, name="run-bundle"),
    path("runs/<int:pk>/report/", reports.of_run, name="run-report"),
    path("calls/<int:pk>/", exchanges.detail, name="call"),
    path("calls/<int:pk>/<str:side>/", exchanges.raw, name="call-raw"),
    path("findings/", findings.listing, name="findings"),
    path("findings/<int:pk>/", findings.detail, name="finding"),
    path("findings/<int:pk>/decide/", findings.decide_finding, name="finding-decide"),
    path("reports/", reports.listing, name="reports"),
    path("reports/<int:pk>/download/", reports.download, name="report-download"),
]
