//! `medley chat`: a turn a line, at a terminal or from standard input.
//!
//! What a turn is, and what its words refer to, the library knows; here is only reading, showing and asking.

mod leave;
mod lines;
mod showing;
mod slash;

use std::path::PathBuf;

use medley::{
    EventSink, Exporter, GraphFormat, Medley, MedleyError, Said, Session, asking_before_effects,
    denying_what_asks, meant_choice,
};
use tokio_util::sync::CancellationToken;

use self::{
    leave::{Given, given},
    lines::{Line, Lines},
    showing::counted,
    slash::{HELP, Slash},
};
use super::{
    arguments::{ChatArguments, Verbosity},
    cancelling_on_interrupt, open_telling,
    output::{AnswerStream, Exit, ResultForm, print, report, report_failure},
    progress::StepProgress,
    runs,
    settings::Settings,
};

/// Where lines that were typed are kept, in the home.
const HISTORY: &str = "chat-history.txt";

/// How much of a session's id is enough to name it.
const SHORT: usize = 13;

/// How many sessions are listed.
const LISTED: usize = 20;

pub(super) async fn run(settings: &Settings, arguments: ChatArguments) -> anyhow::Result<Exit> {
    let medley = open_telling(
        settings,
        &arguments.language,
        arguments.telling,
        arguments.who,
    )?;
    if arguments.list {
        return list(&medley).await;
    }
    let mut session = match &arguments.resume {
        Some(start) => medley.resume_session(start.as_deref()).await?,
        None => medley.session()?,
    };
    let lines = Lines::open(medley.models().home().root().join(HISTORY))?;
    let mut policy = session.policy();
    if !settings.network_is_decided {
        policy = asking_before_effects(policy);
    }
    if !lines.can_ask() {
        policy = denying_what_asks(policy);
    }
    session.set_policy(policy);
    let output = arguments.output.or_else(|| settings.output.clone());
    let folder = output.unwrap_or_else(|| PathBuf::from("medley-out").join(session.id()));
    Exporter::new(&folder).check().map_err(MedleyError::from)?;
    let mut chat = Chat {
        settings,
        medley: &medley,
        session,
        lines,
        folder,
        last: Exit::Succeeded,
    };
    for path in arguments.attachments {
        chat.attach(path).await?;
    }
    chat.begin(arguments.resume.is_some());
    chat.talk().await
}

/// What a chat goes on with after a line.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// The next line.
    Line,
    /// Nothing: it is over.
    End(Exit),
}

struct Chat<'a> {
    settings: &'a Settings,
    medley: &'a Medley,
    session: Session,
    lines: Lines,
    folder: PathBuf,
    /// How the last turn ended.
    last: Exit,
}

impl Chat<'_> {
    fn begin(&self, resumed: bool) {
        if self.settings.verbosity == Verbosity::Quiet {
            return;
        }
        let id = self.session.id();
        let turns = self.session.conversation().turn.saturating_sub(1);
        if resumed {
            aside!("session {id}, {} so far", counted(turns.into()));
            if let Some(last) = self.session.conversation().exchanges.last() {
                aside!("  last: {}", last.asked);
            }
        } else {
            aside!("session {id}");
        }
        if self.lines.can_ask() {
            aside!("  /help says what can be said; Ctrl-D ends");
        }
        if let Some(text) = self.session.unfinished() {
            aside!(
                "note: \u{201c}{text}\u{201d} did not come to its end; /continue goes on with it"
            );
        }
        self.show_question();
    }

    async fn talk(mut self) -> anyhow::Result<Exit> {
        let mut interrupted = false;
        loop {
            match self.lines.read("> ").await? {
                Line::End => break,
                Line::Interrupted if interrupted || !self.lines.can_ask() => {
                    self.last = Exit::Cancelled;
                    break;
                }
                Line::Interrupted => {
                    interrupted = true;
                    aside!("Ctrl-C again, or Ctrl-D, ends");
                    continue;
                }
                Line::Text(line) => {
                    interrupted = false;
                    if let Next::End(exit) = self.take(line.trim()).await? {
                        self.last = exit;
                        break;
                    }
                }
            }
        }
        if self.lines.can_ask() && self.session.last_run().is_some() {
            let short: String = self.session.id().chars().take(SHORT).collect();
            aside!("to go on: medley chat --resume {short}");
        }
        Ok(self.last)
    }

    /// Does what a line says.
    async fn take(&mut self, line: &str) -> anyhow::Result<Next> {
        if line.is_empty() {
            return Ok(Next::Line);
        }
        match Slash::read(line) {
            Some(Ok(slash)) => return self.obey(slash).await,
            Some(Err(unclear)) => {
                report_failure(unclear.what, Some(&unclear.hint));
                self.last = Exit::Usage;
                return Ok(Next::Line);
            }
            None => {}
        }
        let asked = self.session.asked().cloned();
        if let Some(asked) = asked.filter(|asked| !asked.wants_leave())
            && let Some(answer) = meant_choice(&asked, self.session.conversation(), line)
        {
            return self.turn(Step::Answer(answer)).await;
        }
        self.turn(Step::Say(line.to_owned())).await
    }

    async fn obey(&mut self, slash: Slash) -> anyhow::Result<Next> {
        match slash {
            Slash::Help => print(HELP.trim_end())?,
            Slash::Quit => return Ok(Next::End(self.last)),
            Slash::Artifacts => self.show_artifacts()?,
            Slash::Plan => match self.session.last_run().map(str::to_owned) {
                Some(run) => runs::draw(self.medley, &run, GraphFormat::Tree).await?,
                None => report_failure("nothing was planned yet", None),
            },
            Slash::Continue if self.session.unfinished().is_some() => {
                return self.turn(Step::GoOn).await;
            }
            Slash::Continue if self.session.asked().is_some() => self.show_question(),
            Slash::Continue => report_failure("there is nothing to go on with", None),
            Slash::Attach(paths) => {
                for path in paths {
                    if let Err(error) = self.attach(path).await {
                        self.last = report(&error, ResultForm::Text);
                    }
                }
            }
        }
        Ok(Next::Line)
    }

    async fn attach(&mut self, path: PathBuf) -> anyhow::Result<()> {
        let name = self.session.attach(&path).await?;
        if self.settings.verbosity > Verbosity::Quiet {
            aside!("{name}: {}", path.display());
        }
        Ok(())
    }

    /// Does a turn, with what has to be asked on the way.
    async fn turn(&mut self, first: Step) -> anyhow::Result<Next> {
        let mut step = first;
        loop {
            let (said, told) = match self.run(step).await {
                Ok(said) => said,
                Err(error) => {
                    self.last = report(&error.into(), ResultForm::Text);
                    return Ok(Next::Line);
                }
            };
            self.last = self.show(&said, told).await?;
            if !self.lines.can_ask() && was_denied(&said) {
                return Ok(Next::End(Exit::Waiting));
            }
            let Some(asked) = self.session.asked().cloned() else {
                return Ok(Next::Line);
            };
            if !asked.wants_leave() || !self.lines.can_ask() {
                self.show_question();
                return Ok(Next::Line);
            }
            match given(&mut self.lines, &asked.question.text).await? {
                Given::Leave(leave) => step = Step::Leave(leave),
                Given::Nothing => return Ok(Next::Line),
            }
        }
    }

    /// Does a piece of a turn while it is shown; Ctrl-C stops it. Says too whether the answer was shown as it came.
    async fn run(&mut self, step: Step) -> Result<(Said, bool), MedleyError> {
        let (events, mut stream) = EventSink::channel();
        let cancel = CancellationToken::new();
        let watch_interrupt = tokio::spawn(cancelling_on_interrupt(cancel.clone()));
        let mut progress = StepProgress::new(self.settings.verbosity);
        let mut answer = AnswerStream::default();
        let watch = async {
            while let Some(event) = stream.recv().await {
                // A reader that went away does not stop the work.
                let _ = answer.show(&event);
                progress.show(&event);
            }
            progress.finish();
            // As above.
            answer.finish().unwrap_or(true)
        };
        let session = &mut self.session;
        let work = async {
            let said = match step {
                Step::Say(text) => session.say(text, &events, &cancel).await,
                Step::Answer(answer) => session.answer(&answer, &events, &cancel).await,
                Step::Leave(leave) => session.give_leave(leave, &events, &cancel).await,
                Step::GoOn => session.go_on(&events, &cancel).await,
            };
            drop(events);
            said
        };
        let (said, told) = tokio::join!(work, watch);
        watch_interrupt.abort();
        Ok((said?, told))
    }
}

/// A piece of a turn.
enum Step {
    Say(String),
    Answer(String),
    Leave(medley::Leave),
    GoOn,
}

/// Whether a step was not allowed to do what it would have done.
fn was_denied(said: &Said) -> bool {
    let mut steps = said.outcome.rounds.iter().flat_map(|round| &round.steps);
    steps.any(|step| {
        step.error
            .as_ref()
            .is_some_and(|error| error.code == "denied")
    })
}

async fn list(medley: &Medley) -> anyhow::Result<Exit> {
    for session in medley.records().sessions(LISTED).await? {
        let words: Vec<&str> = session.text.split_whitespace().collect();
        let short: String = words.join(" ").chars().take(60).collect();
        let turns = counted(session.turns);
        print(&format!("{}  {turns:>9}  {short}", session.id))?;
    }
    Ok(Exit::Succeeded)
}
