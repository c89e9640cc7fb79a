//! `medley plan`: shows the graph that a request would become.

use medley::{GraphPicture, MedleyError, Planned, RunResult};

use super::{
    arguments::{PlanArguments, Verbosity},
    builder_with,
    output::{Exit, print, print_json, report_decline},
    planning,
    settings::Settings,
};

pub(super) async fn run(settings: &Settings, arguments: PlanArguments) -> anyhow::Result<Exit> {
    let builder = builder_with(settings, &arguments.language)?;
    let medley = builder
        .planning(planning(arguments.who))
        .build()
        .map_err(MedleyError::from)?;
    let planned = medley
        .plan(arguments.request, &arguments.attachments)
        .await?;
    match planned {
        Planned::Plan { draft, plan, notes } => {
            if arguments.json {
                print_json(&draft)?;
            } else {
                print(
                    GraphPicture::of_plan(&plan)
                        .draw(arguments.format)
                        .trim_end(),
                )?;
            }
            if settings.verbosity > Verbosity::Quiet {
                for note in notes {
                    aside!("note: {note}");
                }
            }
            Ok(Exit::Succeeded)
        }
        Planned::Program { program, notes } => {
            match arguments.json {
                true => print_json(&program)?,
                false => print(program.text.trim_end())?,
            }
            if settings.verbosity > Verbosity::Quiet {
                for note in notes {
                    aside!("note: {note}");
                }
            }
            Ok(Exit::Succeeded)
        }
        Planned::Declined(decline) => {
            if arguments.json {
                print_json(&RunResult::of_decline(&decline))?;
            }
            report_decline(&decline);
            Ok(Exit::Failed)
        }
    }
}
