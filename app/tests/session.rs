//! Sessions through the library: leave that is given once, for the session or never, and turns that were stopped.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use medley::{
    About, CallContext, Decision, DraftPlan, DraftStep, Effects, EventKind, EventSink, Leave,
    Medley, MedleyError, ModelsOptions, Planner, Question, RunStatus, Said, Session, StepStatus,
    Tool, ToolError, async_trait, denying_what_asks, meant_choice, schemars,
};
use medley_orchestrator::{PlannerError, Situation};
use tokio_util::sync::CancellationToken;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Input {
    text: String,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Output {
    text: String,
}

/// Changes the world, or so it says.
struct Post;

#[async_trait]
impl Tool for Post {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About::new("post", "Posts a text.").effects(Effects::Writes)
    }

    async fn call(&self, input: Input, _: &CallContext) -> Result<Output, ToolError> {
        Ok(Output {
            text: format!("posted {}", input.text),
        })
    }
}

/// Waits for ever, until it is told not to.
struct Ponder(Arc<AtomicBool>);

#[async_trait]
impl Tool for Ponder {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About::new("ponder", "Ponders a text.")
    }

    async fn call(&self, input: Input, _: &CallContext) -> Result<Output, ToolError> {
        if self.0.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(Output {
            text: format!("pondered {}", input.text),
        })
    }
}

/// A request is the name of a tool and its text; `$it` is the last thing that the session has, and where the session
/// has several, it asks.
struct Words;

#[async_trait]
impl Planner for Words {
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        if !situation.rounds.is_empty() {
            return Ok(Decision::Finish);
        }
        let request = situation.request;
        let (tool, text) = request.text.split_once(' ').unwrap_or(("post", "nothing"));
        let known: Vec<String> = request
            .conversation
            .artifacts
            .iter()
            .map(|known| known.name.clone())
            .collect();
        let meant = match situation.answers.get(&Question::id_of_part(1)) {
            Some(answer) => Some(answer.clone()),
            None if text == "$it" && known.len() > 1 => {
                let question = Question::about_request(1, "which one?", known);
                return Ok(Decision::Clarify(question));
            }
            None => known.last().cloned(),
        };
        let text = match (text, meant) {
            ("$it", Some(meant)) => format!("${meant}"),
            (text, _) => text.to_owned(),
        };
        Ok(Decision::Add {
            draft: DraftPlan {
                steps: vec![DraftStep::new("s1", tool).with("text", text)],
                ..DraftPlan::default()
            },
            notes: Vec::new(),
        })
    }
}

struct House {
    medley: Medley,
    holds: Arc<AtomicBool>,
}

fn house(home: &Path) -> House {
    let holds = Arc::new(AtomicBool::new(false));
    let medley = Medley::builder()
        .models(ModelsOptions {
            home: Some(home.to_owned()),
            offline: true,
            ..ModelsOptions::default()
        })
        .provider(Post)
        .provider(Ponder(Arc::clone(&holds)))
        .planner(Words)
        .build()
        .unwrap();
    House { medley, holds }
}

async fn say(session: &mut Session, text: &str) -> Said {
    let cancel = CancellationToken::new();
    session
        .say(text, &EventSink::ignored(), &cancel)
        .await
        .unwrap()
}

async fn leave(session: &mut Session, leave: Leave) -> Said {
    let cancel = CancellationToken::new();
    session
        .give_leave(leave, &EventSink::ignored(), &cancel)
        .await
        .unwrap()
}

fn statuses(said: &Said) -> Vec<StepStatus> {
    let steps = said.outcome.rounds.iter().flat_map(|round| &round.steps);
    steps.map(|step| step.status).collect()
}

fn names(session: &Session) -> Vec<&str> {
    let known = session.conversation().artifacts.iter();
    known.map(|known| known.name.as_str()).collect()
}

#[tokio::test]
async fn leave_is_asked_for_each_time_until_it_is_given_for_the_session() {
    let home = tempfile::tempdir().unwrap();
    let House { medley, .. } = house(home.path());
    let mut session = medley.session().unwrap();
    let said = say(&mut session, "post one").await;
    assert_eq!(said.outcome.status, RunStatus::Waiting);
    let asked = session.asked().unwrap();
    assert!(asked.wants_leave());
    assert_eq!(asked.tool, Some(("post".to_owned(), Effects::Writes)));
    assert_eq!(names(&session), [""; 0], "nothing was done yet");

    let said = leave(&mut session, Leave::Once).await;
    assert_eq!(said.outcome.status, RunStatus::Succeeded);
    assert_eq!(said.names, [Some("text1".to_owned())]);
    assert!(session.asked().is_none());

    let said = say(&mut session, "post two").await;
    assert_eq!(said.outcome.status, RunStatus::Waiting, "once was once");
    let said = leave(&mut session, Leave::Session).await;
    assert_eq!(said.outcome.status, RunStatus::Succeeded);
    let said = say(&mut session, "post three").await;
    assert_eq!(said.outcome.status, RunStatus::Succeeded);
    let id = session.id().to_owned();
    assert_eq!(names(&session), ["text1", "text2", "text3"]);
    drop(session);

    let mut session = medley.resume_session(Some(&id[..20])).await.unwrap();
    assert_eq!(names(&session), ["text1", "text2", "text3"]);
    let said = say(&mut session, "post four").await;
    assert_eq!(said.outcome.status, RunStatus::Succeeded, "it still stands");

    let mut other = medley.session().unwrap();
    let said = say(&mut other, "post five").await;
    assert_eq!(
        said.outcome.status,
        RunStatus::Waiting,
        "for that session only"
    );
}

#[tokio::test]
async fn what_was_refused_for_the_session_is_not_asked_for_again() {
    let home = tempfile::tempdir().unwrap();
    let House { medley, .. } = house(home.path());
    let mut session = medley.session().unwrap();
    say(&mut session, "post one").await;
    let said = leave(&mut session, Leave::Never).await;
    assert_eq!(statuses(&said), [StepStatus::Failed]);
    drop(session);
    let mut session = medley.resume_session(None).await.unwrap();
    let said = say(&mut session, "post two").await;
    assert_eq!(statuses(&said), [StepStatus::Failed]);
    let error = said.outcome.rounds[0].steps[0].error.clone().unwrap();
    assert_eq!(error.code, "denied");
    assert!(session.asked().is_none());

    let mut alone = medley.session().unwrap();
    alone.set_policy(denying_what_asks(alone.policy()));
    let said = say(&mut alone, "post three").await;
    assert_eq!(statuses(&said), [StepStatus::Failed], "nobody can be asked");
}

#[tokio::test]
async fn a_turn_that_was_stopped_is_gone_on_with_or_left_and_what_was_before_stays() {
    let home = tempfile::tempdir().unwrap();
    let notes = home.path().join("notes.txt");
    std::fs::write(&notes, "some notes").unwrap();
    let House { medley, holds } = house(home.path());
    let mut session = medley.session().unwrap();
    say(&mut session, "ponder one").await;
    for ending in ["go on", "leave"] {
        holds.store(true, Ordering::SeqCst);
        session.attach(&notes).await.unwrap();
        let (events, mut stream) = EventSink::channel();
        let cancel = CancellationToken::new();
        {
            let turn = session.say(format!("ponder {ending}"), &events, &cancel);
            let started = async {
                while let Some(event) = stream.recv().await {
                    if matches!(event.kind, EventKind::StepStarted { .. }) {
                        break;
                    }
                }
            };
            tokio::select! {
                _ = turn => unreachable!("it ponders for ever"),
                () = started => {}
            }
        }
        let id = session.id().to_owned();
        // As if the process had ended: whatever is left of the turn is gone.
        drop(session);
        holds.store(false, Ordering::SeqCst);
        session = medley.resume_session(Some(&id)).await.unwrap();
        assert_eq!(
            session.unfinished(),
            Some(format!("ponder {ending}").as_str())
        );
        assert!(names(&session).contains(&"text1"));
        if ending == "go on" {
            let cancel = CancellationToken::new();
            let said = session.go_on(&EventSink::ignored(), &cancel).await.unwrap();
            assert_eq!(said.names, [Some("text3".to_owned())]);
        } else {
            let said = say(&mut session, "ponder else").await;
            assert_eq!(said.outcome.status, RunStatus::Succeeded);
        }
        assert_eq!(session.unfinished(), None);
        let notes = session.conversation().get("text2").unwrap();
        assert_eq!(notes.label, "notes.txt", "what came along with it stays");
    }
    assert_eq!(names(&session), ["text1", "text2", "text3", "text4"]);
}

#[tokio::test]
async fn a_question_of_the_planner_is_answered_by_a_line_and_the_same_run_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let House { medley, .. } = house(home.path());
    let mut session = medley.session().unwrap();
    say(&mut session, "ponder one").await;
    say(&mut session, "ponder two").await;
    let waiting = say(&mut session, "ponder $it").await;
    assert_eq!(waiting.outcome.status, RunStatus::Waiting);
    assert!(waiting.outcome.response.question.is_some());
    let asked = session.asked().cloned().unwrap();
    let answer = meant_choice(&asked, session.conversation(), "the first one").unwrap();
    let cancel = CancellationToken::new();
    let refused = session
        .answer("text9", &EventSink::ignored(), &cancel)
        .await;
    assert!(
        matches!(refused, Err(MedleyError::NoSuchChoice { .. })),
        "{refused:?}"
    );
    let said = session
        .answer(&answer, &EventSink::ignored(), &cancel)
        .await
        .unwrap();
    assert_eq!(said.outcome.run, waiting.outcome.run);
    let text = format!("{:?}", said.outcome.response.parts);
    assert!(text.contains("pondered pondered one"), "{text}");
    let made = session.conversation().get("text3").unwrap();
    assert_eq!(made.made_from, ["text1"]);
}

#[tokio::test]
async fn a_session_is_alive_in_one_place_at_a_time() {
    let home = tempfile::tempdir().unwrap();
    let House { medley, .. } = house(home.path());
    let mut session = medley.session().unwrap();
    say(&mut session, "ponder one").await;
    let again = medley.resume_session(None).await;
    assert_eq!(again.err().unwrap().code(), "run_alive");
    drop(session);
    assert!(medley.resume_session(None).await.is_ok());
}
