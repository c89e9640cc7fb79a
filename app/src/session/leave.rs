//! Leave for what tools do to the world: how long it is given for, and what is asked for at all.

use medley_orchestrator::{Permission, Policy};

/// For how long a tool has leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// This time.
    Once,
    /// For the rest of the session.
    Session,
    /// Not now, and not for the rest of the session.
    Never,
}

/// The policy of a session in which everything that does something to the world is asked about first.
#[must_use]
pub const fn asking_before_effects(policy: Policy) -> Policy {
    const fn ask(permission: Permission) -> Permission {
        match permission {
            Permission::Allow => Permission::Ask,
            other => other,
        }
    }
    Policy {
        network: ask(policy.network),
        writes: ask(policy.writes),
        ..policy
    }
}

/// The policy of a session in which nobody can be asked.
#[must_use]
pub const fn denying_what_asks(policy: Policy) -> Policy {
    const fn deny(permission: Permission) -> Permission {
        match permission {
            Permission::Ask => Permission::Deny,
            other => other,
        }
    }
    Policy {
        pure: deny(policy.pure),
        network: deny(policy.network),
        writes: deny(policy.writes),
        ..policy
    }
}
