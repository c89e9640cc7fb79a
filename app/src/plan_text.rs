//! Plans that somebody wrote down: our own form as it is, and whatever language models write.

use medley_orchestrator::{Defect, DefectCode, Defects, DraftPlan, Plan, Registry, Request, Scope};
use medley_planners::{
    Hints, Nearest,
    dialect::{self, Dialect, ToolNames},
    repair,
};

use crate::MedleyError;

/// A plan as text.
#[derive(Debug, Clone, Copy)]
pub struct PlanText<'a> {
    /// The text, in any dialect, with whatever stands around the plan.
    pub text: &'a str,
    /// Whether a plan in our own form is put right as well. Plans in other forms always are: their names and references
    /// are never quite ours.
    pub repair: bool,
}

/// A plan that was read, and what was put right for that.
pub(crate) struct PlanRead {
    pub draft: DraftPlan,
    pub notes: Vec<String>,
}

impl PlanText<'_> {
    /// Reads the plan for a request; `nearest` is asked for names that nothing spells.
    pub(crate) fn read(
        &self,
        registry: &Registry,
        request: &Request,
        nearest: Nearest<'_>,
    ) -> Result<PlanRead, MedleyError> {
        let scope = Scope::of_request(request);
        let (draft, mut notes, is_ours) = match DraftPlan::from_json_text(self.text) {
            Ok(draft) => (draft, Vec::new(), true),
            Err(defects) => self.read_dialect(registry, defects)?,
        };
        if is_ours && !self.repair {
            return Ok(PlanRead { draft, notes });
        }
        let hints = Hints {
            request: Some(request),
            nearest: Some(nearest),
        };
        let repaired = repair(draft, registry, &scope, &hints);
        notes.extend(
            repaired
                .repairs
                .iter()
                .map(|repair| format!("put right: {repair}")),
        );
        Plan::validate(&repaired.draft, registry, &scope).map_err(MedleyError::Plan)?;
        Ok(PlanRead {
            draft: repaired.draft,
            notes,
        })
    }

    /// Reads what is not our own form as it should be; `defects` is what is wrong with it as such.
    fn read_dialect(
        &self,
        registry: &Registry,
        defects: Defects,
    ) -> Result<(DraftPlan, Vec<String>, bool), MedleyError> {
        let reading = dialect::read(self.text, &ToolNames::of(registry));
        let Some(last) = reading.draft.steps.last() else {
            return Err(MedleyError::Plan(match looks_like_json(self.text) {
                true => defects,
                false => Defects(vec![no_plan()]),
            }));
        };
        // A plan whose end is missing may do half of what was meant.
        if reading.is_cut && !self.repair {
            let message = format!("the plan is cut off behind step {}", last.id);
            let cut = Defect::new(DefectCode::MalformedPlan, message)
                .with_hint("write it to its end, or run what there is of it with `--repair`");
            return Err(MedleyError::Plan(Defects(vec![cut])));
        }
        let is_ours = matches!(reading.dialect, Dialect::Json | Dialect::JsonLines);
        let mut notes = Vec::new();
        if !is_ours {
            notes.push(format!("the plan was read as {}", reading.dialect));
        }
        notes.extend(
            reading
                .repairs
                .iter()
                .map(|repair| format!("put right: {repair}")),
        );
        Ok((reading.draft, notes, is_ours))
    }
}

/// Whether a text begins as JSON does, so that what is wrong with it as such helps. Nothing at all is told as such too.
fn looks_like_json(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with(['{', '[', '"']) || text == "null"
}

/// What is wrong with a text in which no form of plan is found.
fn no_plan() -> Defect {
    let message = "the text holds no plan in any form that is known";
    let hint = "a plan looks like {\"steps\":[{\"id\":\"s1\",\"tool\":\"ocr\",\"args\":{\"image\":\"$input1\"}}]}";
    Defect::new(DefectCode::MalformedPlan, message).with_hint(hint)
}
