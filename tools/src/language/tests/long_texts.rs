//! Texts that are longer than the model can read.

use medley_orchestrator::Progress;

use super::*;

/// How many sentences the long text has, in how many paragraphs.
const SENTENCES: usize = 60;
const PARAGRAPHS: usize = 6;

/// Answers with a short sentence that counts, and refuses texts that are longer than it can read.
struct Reader {
    profile: ChatProfile,
    /// The most characters that it reads at once.
    reads: usize,
    /// How many sentences it says instead of one.
    says: usize,
    asked: Mutex<Vec<(String, String)>>,
}

impl Reader {
    fn new(context_tokens: Option<u64>, reads: usize, says: usize) -> Arc<Self> {
        let profile = ChatProfile {
            context_tokens,
            ..model(true, Vec::new()).profile.clone()
        };
        let asked = Mutex::default();
        Arc::new(Self {
            profile,
            reads,
            says,
            asked,
        })
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl ChatModel for Reader {
    fn profile(&self) -> &ChatProfile {
        &self.profile
    }

    async fn chat(
        &self,
        request: &ChatRequest,
        _: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        let [rules, said] = &*request.messages else {
            return Err(ChatError::new(ChatErrorKind::Malformed, "two messages"));
        };
        let mut asked = self.asked.lock().unwrap();
        asked.push((rules.text(), said.text()));
        if said.text().len() > self.reads {
            return Err(ChatError::new(ChatErrorKind::ContextTooLong, "too long"));
        }
        let reply = format!("Summary {}. ", asked.len()).repeat(self.says);
        let delta = ChatDelta::Text { text: reply };
        Ok(Box::pin(stream::iter([Ok(delta)])))
    }
}

fn long_text() -> String {
    let sentences: Vec<String> = (1..=SENTENCES)
        .map(|number| format!("The harbour had a storm on day {number} of that year."))
        .collect();
    let paragraphs = sentences.chunks(SENTENCES / PARAGRAPHS);
    let paragraphs: Vec<String> = paragraphs.map(|each| each.join(" ")).collect();
    paragraphs.join("\n\n")
}

async fn summarize(
    model: &Arc<Reader>,
    text: &str,
    context: &CallContext,
) -> Result<String, ToolError> {
    let input = serde_json::json!({"text": text, "max_words": 30});
    let tool = Summarization::new(Arc::clone(model) as _);
    let output = tool
        .call(serde_json::from_value(input).unwrap(), context)
        .await;
    output.map(|output| output.text)
}

#[tokio::test]
async fn a_long_text_is_summarized_in_parts_and_the_summaries_are_put_together() {
    let long = long_text();
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let sink = Arc::clone(&seen);
    let spending = Spending::new(Budget::default(), Spending::rough_counter());
    let store = DiskStore::new(std::env::temp_dir());
    let show = move |progress| sink.lock().unwrap().push(progress);
    let context = CallContext::new(Arc::new(store), CancellationToken::new(), Arc::new(show))
        .with_spending(spending.clone());
    // Half of what it can read at once is a paragraph and a bit.
    let model = Reader::new(Some(400), usize::MAX, 1);
    let summary = summarize(&model, &long, &context).await.unwrap();

    let asked = model.asked();
    let (last, parts) = asked.split_last().unwrap();
    assert_eq!(parts.len(), PARAGRAPHS, "a paragraph each");
    assert_eq!(summary, format!("Summary {}.", asked.len()));
    let read: String = parts.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(read, long, "every word is read, and in its order");
    assert!(
        parts
            .iter()
            .all(|(rules, _)| rules.contains("about a fifth"))
    );
    assert!(last.0.contains("summaries of the parts"), "{}", last.0);
    assert!(last.0.contains("in at most 30 words"), "{}", last.0);
    let summaries: Vec<String> = (1..=PARAGRAPHS)
        .map(|number| format!("Summary {number}."))
        .collect();
    assert_eq!(last.1, summaries.join("\n\n"));

    assert_eq!(spending.spent().exchanges as usize, asked.len());
    let seen = seen.lock().unwrap();
    let told: Vec<&str> = seen.iter().map(|each| each.message.as_str()).collect();
    assert!(told[1].starts_with("part 2 of 6: Summary 2."), "{told:?}");
    let shares: Vec<f32> = seen.iter().filter_map(|each| each.fraction).collect();
    assert_eq!(shares.len(), PARAGRAPHS);
    assert!(shares.is_sorted() && shares.iter().all(|share| *share < 1.0));
}

#[tokio::test]
async fn a_text_that_fits_costs_one_call() {
    let model = Reader::new(None, usize::MAX, 1);
    summarize(&model, &long_text(), &context()).await.unwrap();
    let asked = model.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].0.contains("in at most 30 words"), "{}", asked[0].0);
}

#[tokio::test]
async fn where_nobody_knows_what_a_model_reads_much_is_cut_and_what_it_refuses_is_cut_further() {
    let long = long_text().repeat(8);
    let model = Reader::new(None, usize::MAX, 1);
    summarize(&model, &long, &context()).await.unwrap();
    assert!(model.asked().len() > 2, "{}", model.asked().len());

    let narrow = Reader::new(None, 5_000, 1);
    summarize(&narrow, &long, &context()).await.unwrap();
    let asked = narrow.asked();
    let refused = asked.iter().filter(|(_, text)| text.len() > 5_000).count();
    assert!((1..=3).contains(&refused), "{refused}");
    let blind = Reader::new(None, 0, 1);
    let error = summarize(&blind, &long, &context()).await.unwrap_err();
    assert_eq!(error.code(), "context_too_long");
    assert!(blind.asked().len() < 10, "it ends");
}

#[tokio::test]
async fn summaries_that_are_no_shorter_end_it() {
    let model = Reader::new(Some(400), usize::MAX, 60);
    let error = summarize(&model, &long_text(), &context())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "too_long");
    assert!(error.hint().is_some());
    assert_eq!(model.asked().len(), PARAGRAPHS);
}

#[tokio::test]
async fn a_budget_ends_it_between_parts() {
    let budget = Budget {
        tokens: Some(450),
        dollars: None,
    };
    let spending = Spending::new(budget, Spending::rough_counter());
    let context = context().with_spending(spending.clone());
    let model = Reader::new(Some(400), usize::MAX, 1);
    let error = summarize(&model, &long_text(), &context).await.unwrap_err();
    assert_eq!(error.code(), "budget_spent");
    let asked = model.asked().len();
    assert!((1..PARAGRAPHS).contains(&asked), "{asked}");
}
