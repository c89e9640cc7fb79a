//! What may be done without asking, after asking, or not at all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Effects;

/// Whether something may be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// It is done.
    #[default]
    Allow,
    /// A person is asked first.
    Ask,
    /// It is not done.
    Deny,
}

impl Permission {
    /// Asks for what was allowed.
    const fn or_ask(self) -> Self {
        match self {
            Self::Allow | Self::Ask => Self::Ask,
            Self::Deny => Self::Deny,
        }
    }
}

/// The permission for each effect; held at dispatch, whoever made the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// For calls that do nothing to the world.
    pub pure: Permission,
    /// For calls that speak to another machine.
    pub network: Permission,
    /// For calls that change something that outlives the run.
    pub writes: Permission,
    /// Whether a provider on another machine may step in for one here that failed.
    pub network_fallback: bool,
}

impl Default for Policy {
    /// Everything but writing is done without asking; nothing leaves the machine because something here failed.
    fn default() -> Self {
        Self {
            pure: Permission::Allow,
            network: Permission::Allow,
            writes: Permission::Ask,
            network_fallback: false,
        }
    }
}

impl Policy {
    /// The same, but asks before every effect: whoever chose the call has seen what others wrote.
    #[must_use]
    pub const fn cautious(mut self) -> Self {
        self.network = self.network.or_ask();
        self.writes = self.writes.or_ask();
        self
    }

    /// The permission for an effect.
    #[must_use]
    pub const fn permission(&self, effects: Effects) -> Permission {
        match effects {
            Effects::Pure => self.pure,
            Effects::Network => self.network,
            Effects::Writes => self.writes,
        }
    }
}
