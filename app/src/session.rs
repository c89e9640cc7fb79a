//! Requests over several turns: files keep short names, later words refer to them, and all of it is in the journal.
//!
//! A session does one turn at a time and is alive in one process at a time. What a turn added is kept when the turn has
//! ended; a turn that was stopped, or waits for an answer, is gone on with or left.

mod choice;
mod leave;
mod turn;

use std::path::Path;

use medley_orchestrator::{
    Assignment, Attachment, Conversation, Effects, EventSink, Journal as _, OpenRun, Outcome,
    Policy, Question, QuestionKind, Request, RunHistory, RunKind, RunLock, RunStatus,
    SessionHistory, SessionTurn, StandingAnswers, StepReport,
};
use tokio_util::sync::CancellationToken;

pub use self::{
    choice::meant_choice,
    leave::{Leave, asking_before_effects, denying_what_asks},
};
use crate::{Medley, MedleyError, medley::new_run};

/// A conversation over files.
pub struct Session {
    medley: Medley,
    id: String,
    conversation: Conversation,
    /// Files that come with the next turn, with their names.
    coming: Vec<Attachment>,
    standing: StandingAnswers,
    policy: Policy,
    /// A run that was stopped or waits.
    open: Option<Open>,
    last_run: Option<String>,
    _lock: RunLock,
}

/// A run that can be gone on with.
struct Open {
    run: OpenRun,
    questions: Vec<Asked>,
}

/// What a run asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// The tool that asks, and what it would do; nothing where the planner asks.
    pub tool: Option<(String, Effects)>,
}

impl Asked {
    /// Whether it is leave that is asked for.
    #[must_use]
    pub fn wants_leave(&self) -> bool {
        self.question.kind == QuestionKind::Approve
    }
}

/// What a turn came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The outcome. Names of files in the answer begin with their names in the session.
    pub outcome: Outcome,
    /// The names in the session of the answer's parts, in their order; nothing for words that are no result.
    pub names: Vec<Option<String>>,
}

impl Medley {
    /// Begins a session. Nothing is kept of it before its first turn.
    ///
    /// # Errors
    /// When runs are not recorded, or the journal cannot be opened.
    pub fn session(&self) -> Result<Session, MedleyError> {
        Session::open(self, new_run(), SessionHistory::default())
    }

    /// Goes on with the session whose id starts like this; without a start, with the one that had the newest turn.
    ///
    /// # Errors
    /// When there is none, several start like this, or it is alive in another process.
    pub async fn resume_session(&self, start: Option<&str>) -> Result<Session, MedleyError> {
        let journal = self.records().opened()?;
        let id = journal.find_session(start.unwrap_or_default()).await?;
        let history = journal.load_session(&id).await?;
        let open = history.open.clone();
        let mut session = Session::open(self, id, history)?;
        if let Some(run) = open {
            let history = journal.load_run(&run.id).await?;
            let questions = session.questions(&history);
            session.open = Some(Open { run, questions });
        }
        Ok(session)
    }
}

impl Session {
    fn open(medley: &Medley, id: String, history: SessionHistory) -> Result<Self, MedleyError> {
        let lock = medley.records().lock(&id)?;
        medley.records().opened()?;
        let mut conversation = Conversation {
            turn: 1,
            ..Conversation::default()
        };
        for turn in history.turns {
            conversation.add(turn);
        }
        Ok(Self {
            policy: medley.agent().executor.policy(),
            medley: medley.clone(),
            id,
            conversation,
            coming: Vec::new(),
            standing: history.standing,
            open: None,
            last_run: history.last_run,
            _lock: lock,
        })
    }

    /// The session's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the session knows: its files by name, and the last exchanges.
    #[must_use]
    pub const fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// The files that come with the next turn, with their names.
    #[must_use]
    pub fn coming(&self) -> Vec<(String, &Attachment)> {
        let names = self.conversation.names_for(&self.coming);
        names.into_iter().zip(&self.coming).collect()
    }

    /// The last run, if there was one.
    #[must_use]
    pub fn last_run(&self) -> Option<&str> {
        self.last_run.as_deref()
    }

    /// What the last turn asks; it goes on when that is answered.
    #[must_use]
    pub fn asked(&self) -> Option<&Asked> {
        self.open.as_ref()?.questions.first()
    }

    /// The words of a turn that did not come to its end and asks nothing, if there is one.
    #[must_use]
    pub fn unfinished(&self) -> Option<&str> {
        let open = self
            .open
            .as_ref()
            .filter(|open| open.questions.is_empty())?;
        Some(&open.run.request.text)
    }

    /// What may be done without asking, in this session.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// Sets what may be done without asking, in this session.
    pub const fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Takes in a file that comes with the next turn, and returns its name.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn attach(&mut self, path: impl AsRef<Path>) -> Result<String, MedleyError> {
        let attachment = self.medley.take_in(path.as_ref()).await?;
        self.coming.push(attachment);
        let names = self.conversation.names_for(&self.coming);
        Ok(names.into_iter().next_back().unwrap_or_default())
    }

    /// Does a turn. A turn that waited or was stopped is left as it is.
    ///
    /// # Errors
    /// When there is no answer at all; a step that failed is in the outcome instead.
    pub async fn say(
        &mut self,
        text: impl Into<String>,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Said, MedleyError> {
        self.leave_open().await?;
        let attached_as = self.conversation.names_for(&self.coming);
        let request = Request {
            text: text.into(),
            attachments: std::mem::take(&mut self.coming),
            conversation: Conversation {
                attached_as,
                ..self.conversation.clone()
            },
        };
        let mut assignment = Assignment::new(new_run(), RunKind::Ask, request);
        assignment.run.session = Some(self.id.clone());
        self.carry_out(assignment, events, cancel).await
    }

    /// Answers what the last turn asks, and goes on with it.
    ///
    /// # Errors
    /// When nothing is asked, it cannot be answered so, or there is no answer at all.
    pub async fn answer(
        &mut self,
        answer: &str,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Said, MedleyError> {
        let open = self.open.as_ref();
        if let Some((run, asked)) =
            open.and_then(|open| Some((&open.run.id, open.questions.first()?)))
        {
            self.medley.answer(run, &asked.question.id, answer).await?;
        }
        self.go_on(events, cancel).await
    }

    /// Gives or refuses the leave that the last turn asks for, and goes on with it.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub async fn give_leave(
        &mut self,
        leave: Leave,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Said, MedleyError> {
        let tool = self.asked().and_then(|asked| asked.tool.clone());
        if let Some((tool, effects)) = tool.filter(|_| leave != Leave::Once) {
            let may = leave == Leave::Session;
            let journal = self.medley.records().opened()?;
            journal
                .keep_standing_answer(&self.id, &tool, effects, may)
                .await?;
            self.standing.remember(tool, effects, may);
        }
        let answer = match leave {
            Leave::Once | Leave::Session => Question::YES,
            Leave::Never => Question::NO,
        };
        self.answer(answer, events, cancel).await
    }

    /// Goes on with a turn that was stopped.
    ///
    /// # Errors
    /// When there is none, or no answer at all.
    pub async fn go_on(
        &mut self,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Said, MedleyError> {
        let Some(open) = &self.open else {
            return Err(MedleyError::NothingToResume(self.id.clone()));
        };
        let journal = self.medley.records().opened()?;
        let history = journal.load_run(&open.run.id).await?;
        self.carry_out(Assignment::resume(history), events, cancel)
            .await
    }

    async fn carry_out(
        &mut self,
        assignment: Assignment,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Said, MedleyError> {
        let mut agent = self.medley.agent().clone();
        agent.executor = agent
            .executor
            .with_policy(self.policy)
            .with_standing_answers(self.standing.clone());
        let (run, request) = (assignment.run.id.clone(), assignment.run.request.clone());
        self.last_run = Some(run.clone());
        let answered = self
            .medley
            .carry_out(agent, assignment, events, cancel)
            .await;
        let journal = self.medley.records().opened()?;
        let open = OpenRun {
            id: run.clone(),
            request,
            status: None,
        };
        let mut outcome = match answered {
            Ok(outcome) => outcome,
            Err(error) => {
                let turn = turn::without_answer(&open.request, &error.to_string());
                // That there is no answer is worth more than that this could not be kept.
                let _ = journal.keep_session_turn(&run, &turn).await;
                self.open = None;
                self.conversation.add(turn);
                return Err(error);
            }
        };
        let history = journal.load_run(&run).await?;
        if outcome.status == RunStatus::Waiting {
            let questions = self.questions(&history);
            let names = vec![None; outcome.response.parts.len()];
            self.open = Some(Open {
                run: open,
                questions,
            });
            return Ok(Said { outcome, names });
        }
        let (turn, names) = turn::added(&history, &outcome, self.medley.store()).await?;
        journal.keep_session_turn(&run, &turn).await?;
        self.open = None;
        self.conversation.add(turn);
        turn::call_by_names(&mut outcome.response, &names);
        Ok(Said { outcome, names })
    }

    /// Leaves a turn that did not come to its end; the files that came with it stay.
    async fn leave_open(&mut self) -> Result<(), MedleyError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let turn: SessionTurn = turn::without_answer(&open.run.request, "");
        let journal = self.medley.records().opened()?;
        journal.keep_session_turn(&open.run.id, &turn).await?;
        self.conversation.add(turn);
        Ok(())
    }

    /// What a run that waits asks, the planner's question or those of its steps.
    fn questions(&self, history: &RunHistory) -> Vec<Asked> {
        let is_open = |question: &Question| !history.answers.contains_key(&question.id);
        let steps = history.steps.iter().filter_map(|step| {
            let question = step.report.question.clone()?;
            Some(Asked {
                tool: self.doing(&step.report),
                question,
            })
        });
        let planner = history.turns.iter().filter_map(|turn| {
            Some(Asked {
                question: turn.question()?,
                tool: None,
            })
        });
        planner
            .chain(steps)
            .filter(|asked| is_open(&asked.question))
            .collect()
    }

    /// What a step that asks for leave would do.
    fn doing(&self, step: &StepReport) -> Option<(String, Effects)> {
        let entry = self.medley.registry().get(&step.tool)?;
        let provider = entry.provider(step.provider.as_deref()?)?;
        Some((step.tool.clone(), provider.profile().effects))
    }
}
