//! `medley schema`: the shapes that programs build on.

use medley::{DraftPlan, RunResult, StreamLine};
use schemars::schema_for;

use super::{
    arguments::SchemaOf,
    output::{Exit, print_json},
};

pub(super) fn print(of: SchemaOf) -> anyhow::Result<Exit> {
    let schema = match of {
        SchemaOf::Plan => schema_for!(DraftPlan),
        SchemaOf::Result => schema_for!(RunResult),
        SchemaOf::Event => schema_for!(StreamLine),
    };
    print_json(&schema)?;
    Ok(Exit::Succeeded)
}
