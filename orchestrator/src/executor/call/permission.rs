//! Whether a call may be made: what the policy says, and what was answered when it asked.

use super::{Call, Settled, waiting};
use crate::{Effects, Permission, Profile, Question, QuestionKind, StepError};

impl Call {
    /// Why the call may not be made now, if it may not.
    pub(super) fn ask_leave(&self, provider: &Profile) -> Option<Settled> {
        let doing = match provider.effects {
            Effects::Pure => "run",
            Effects::Network => "use the network",
            Effects::Writes => "change something outside of the run",
        };
        let denied = |hint: &str| {
            let message = format!("`{}` may not {doing}", self.step.capability);
            Settled {
                provider: Some(provider.id.clone()),
                ..Settled::failed(StepError::new("denied", message, Some(hint)))
            }
        };
        let policy = self.shared.policy.permission(provider.effects);
        let (tool, standing) = (&self.step.capability, &self.shared.standing);
        match standing.apply(policy, tool, provider.effects) {
            Permission::Allow => None,
            Permission::Deny if policy == Permission::Ask => {
                Some(denied("it was refused for the whole session"))
            }
            Permission::Deny => Some(denied(
                "the policy denies it; change [policy] in the configuration",
            )),
            Permission::Ask => {
                // Once for all items of a step: what it does is the same for each.
                let step = &self.step.id;
                let question = Question {
                    id: format!("{step}.approve"),
                    step: step.clone(),
                    kind: QuestionKind::Approve,
                    text: format!("may `{}` {doing}?", self.step.capability),
                    choices: vec![Question::YES.to_owned(), Question::NO.to_owned()],
                };
                match self.shared.answers.get(&question.id).map(String::as_str) {
                    Some(Question::YES) => None,
                    Some(_) => Some(denied("it was asked for and refused")),
                    None => Some(Settled {
                        provider: Some(provider.id.clone()),
                        ..waiting(question)
                    }),
                }
            }
        }
    }
}
