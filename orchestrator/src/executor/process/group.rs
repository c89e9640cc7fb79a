//! A worker and all that its tools started, as one thing that can be ended.

use tokio::process::Child;

/// The process group that a worker leads. On systems without groups it is empty.
pub(super) struct ProcessGroup {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl ProcessGroup {
    /// The group of a child that was started as the leader of one.
    pub(super) fn of(child: &Child) -> Self {
        let leader = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw);
        Self { leader }
    }

    /// Kills whoever is left in the group; only once, because later its id may name another's group.
    ///
    /// To be called before, or right after, the leader's exit was collected.
    pub(super) fn kill(&mut self) {
        if let Some(leader) = self.leader.take() {
            // An error says that nobody is left.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl ProcessGroup {
    pub(super) fn of(_: &Child) -> Self {
        Self {}
    }

    pub(super) fn kill(&mut self) {}
}
