//! What a person answered for good when a tool asked for leave, so that it need not be asked again.

use std::collections::BTreeMap;

use crate::{Effects, Permission};

/// Answers that stand for more than one run, by tool and by what it does to the world.
///
/// They are looked at only where the policy says ask; what it denies stays denied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StandingAnswers(BTreeMap<(String, Effects), bool>);

impl StandingAnswers {
    /// Remembers whether a tool may do something.
    pub fn remember(&mut self, tool: impl Into<String>, effects: Effects, may: bool) {
        self.0.insert((tool.into(), effects), may);
    }

    /// Whether a tool may do something, if that was said.
    #[must_use]
    pub fn get(&self, tool: &str, effects: Effects) -> Option<bool> {
        self.0.get(&(tool.to_owned(), effects)).copied()
    }

    /// What was refused, without what was allowed.
    #[must_use]
    pub(crate) fn refusals(&self) -> Self {
        let refused = self.0.iter().filter(|(_, may)| !**may);
        Self(refused.map(|(of, may)| (of.clone(), *may)).collect())
    }

    /// What is to be done where the policy says `permission`.
    #[must_use]
    pub(crate) fn apply(&self, permission: Permission, tool: &str, effects: Effects) -> Permission {
        match (permission, self.get(tool, effects)) {
            (Permission::Ask, Some(true)) => Permission::Allow,
            (Permission::Ask, Some(false)) => Permission::Deny,
            _ => permission,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_stands_for_its_tool_and_effect_and_never_lifts_a_denial() {
        let mut standing = StandingAnswers::default();
        standing.remember("post", Effects::Network, true);
        standing.remember("erase", Effects::Writes, false);
        let apply = |permission, tool, effects| standing.apply(permission, tool, effects);
        let refusals = standing.refusals();
        assert_eq!(refusals.get("post", Effects::Network), None);
        assert_eq!(refusals.get("erase", Effects::Writes), Some(false));
        assert_eq!(
            apply(Permission::Ask, "post", Effects::Network),
            Permission::Allow
        );
        assert_eq!(
            apply(Permission::Ask, "post", Effects::Writes),
            Permission::Ask
        );
        assert_eq!(
            apply(Permission::Deny, "post", Effects::Network),
            Permission::Deny
        );
        assert_eq!(
            apply(Permission::Ask, "erase", Effects::Writes),
            Permission::Deny
        );
        assert_eq!(
            apply(Permission::Allow, "erase", Effects::Writes),
            Permission::Allow
        );
    }
}
