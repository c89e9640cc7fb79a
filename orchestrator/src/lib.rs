//! medley-orchestrator
