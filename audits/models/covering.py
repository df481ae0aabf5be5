"""Which decision counts for a finding, kept on the finding's row by the database itself (decision 0308).

A decision covers findings of its project: in the scope "finding" those of its key, in wider scopes those of its rule, for one
student or all. The newest counts. Decisions are never changed nor deleted, so two moments matter: a finding is written, or a
decision is made. Both wait for each other (by one advisory lock, "COVR" as a number), so that neither misses what the other just
wrote.
"""

from typing import Final

import pgtrigger

COVERED: Final = pgtrigger.Trigger(
    name="covered_by_the_newest",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("run_id", "key", "rule_revision_id"),
    when=pgtrigger.Before,
    declare=[("of_project", "bigint"), ("of_student", "text"), ("of_rule", "text")],
    func="""
    PERFORM pg_advisory_xact_lock_shared(1129272914);
    SELECT pipeline.project_id, coalesce(run.manifest -> 'student' ->> 'name', '') INTO of_project, of_student
        FROM audits_run AS run JOIN audits_pipeline AS pipeline ON pipeline.id = run.pipeline_id WHERE run.id = NEW.run_id;
    SELECT rule.identifier INTO of_rule FROM compliance_rulerevision AS revision
        JOIN compliance_rule AS rule ON rule.id = revision.rule_id WHERE revision.id = NEW.rule_revision_id;
    SELECT max(covering.id) INTO NEW.decision_id FROM (
        SELECT id FROM audits_decision
            WHERE project_id = of_project AND finding_key = NEW.key AND scope = 'finding'
        UNION ALL SELECT id FROM audits_decision
            WHERE project_id = of_project AND rule = of_rule AND rule <> ''
            AND (scope = 'project' OR (scope = 'student' AND student = of_student))
    ) AS covering;
    RETURN NEW;
    """,
)
COVERS: Final = pgtrigger.Trigger(
    name="covers_its_findings",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    func="""
    PERFORM pg_advisory_xact_lock(1129272914);
    IF NEW.scope = 'finding' THEN
        UPDATE audits_finding AS finding SET decision_id = NEW.id
            FROM audits_run AS run JOIN audits_pipeline AS pipeline ON pipeline.id = run.pipeline_id
            WHERE finding.key = NEW.finding_key AND run.id = finding.run_id AND pipeline.project_id = NEW.project_id
            AND (finding.decision_id IS NULL OR finding.decision_id < NEW.id);
    ELSE
        UPDATE audits_finding AS finding SET decision_id = NEW.id
            FROM audits_run AS run JOIN audits_pipeline AS pipeline ON pipeline.id = run.pipeline_id
            WHERE run.id = finding.run_id AND pipeline.project_id = NEW.project_id
            AND finding.rule_revision_id IN (
                SELECT revision.id FROM compliance_rulerevision AS revision
                JOIN compliance_rule AS rule ON rule.id = revision.rule_id WHERE rule.identifier = NEW.rule
            )
            AND (NEW.scope = 'project' OR coalesce(run.manifest -> 'student' ->> 'name', '') = NEW.student)
            AND (finding.decision_id IS NULL OR finding.decision_id < NEW.id);
    END IF;
    RETURN NULL;
    """,
)
