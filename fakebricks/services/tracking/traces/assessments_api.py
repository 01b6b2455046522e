"""REST operations of assessments, as MLflow 3 speaks them, and as 2.22 does under the older version's path."""

from __future__ import annotations

from fakebricks.services.tracking.experiment_permissions import EDIT, VIEW
from fakebricks.services.tracking.privileges import of_trace
from fakebricks.services.tracking.rate_limits import MLFLOW
from fakebricks.services.tracking.traces.assessments import Assessments
from fakebricks.services.tracking.traces.shapes import AssessmentAnswer, AssessmentShape
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes(rate_limit=MLFLOW)

_ASSESSMENTS = "/mlflow/traces/<trace_id>/assessments"
_V3, _V2 = f"/api/3.0{_ASSESSMENTS}", f"/api/2.0{_ASSESSMENTS}"


class CreateAssessment(Shape):
    trace_id: str
    assessment: AssessmentShape


class OfAssessment(Shape):
    trace_id: str
    assessment_id: str


class UpdateAssessment(OfAssessment, kw_only=True):
    assessment: AssessmentShape
    update_mask: str


@routes.post(_V3, _V2, privilege=of_trace(EDIT))
def create_assessment(assessments: Assessments, call: Call, body: CreateAssessment) -> dict[str, AssessmentAnswer]:
    made = assessments.create(body.trace_id, body.assessment.given(body.trace_id), call.millis)
    return {"assessment": AssessmentAnswer.of(made)}


@routes.get(f"{_V3}/<assessment_id>", f"{_V2}/<assessment_id>", privilege=of_trace(VIEW))
def get_assessment(assessments: Assessments, call: Call, body: OfAssessment) -> dict[str, AssessmentAnswer]:
    return {"assessment": AssessmentAnswer.of(assessments.get(body.trace_id, body.assessment_id))}


@routes.patch(f"{_V3}/<assessment_id>", f"{_V2}/<assessment_id>", privilege=of_trace(EDIT))
def update_assessment(assessments: Assessments, call: Call, body: UpdateAssessment) -> dict[str, AssessmentAnswer]:
    said = body.assessment
    if said.trace_id not in ("", body.trace_id) or said.assessment_id not in ("", body.assessment_id):
        raise InvalidParameterValue("The path and the assessment name different traces or assessments.")
    changes = said.changes(body.update_mask)
    updated = assessments.update(body.trace_id, body.assessment_id, changes, call.millis)
    return {"assessment": AssessmentAnswer.of(updated)}


@routes.delete(f"{_V3}/<assessment_id>", f"{_V2}/<assessment_id>", privilege=of_trace(EDIT))
def delete_assessment(assessments: Assessments, call: Call, body: OfAssessment) -> None:
    assessments.delete(body.trace_id, body.assessment_id)
