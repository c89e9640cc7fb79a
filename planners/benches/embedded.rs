//! How long a plan takes: in a process that has loaded its model, and in one that has not.
//!
//! `cargo bench -p medley-planners --bench embedded`; the model is fetched at first use. Every measured request is
//! planned from its words; nothing of it is kept between two plans but the model and the embeddings of the tools.

#[expect(clippy::unwrap_used, reason = "a bench that cannot set up has failed")]
#[path = "../tests/support/described.rs"]
mod described;

use criterion::{Criterion, criterion_group, criterion_main};
use described::registry;
use medley_models::{Models, ModelsOptions};
use medley_orchestrator::{
    Artifact, Attachment, Decision, Digest, Facts, Kind, Planner, Registry, Request, Situation,
};
use medley_planners::EmbeddedPlanner;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const SHORT: &str = "Read the sign and say it out loud, and give me a black and white copy";
const LONG: &str = "Rotate the picture by 90 degrees, then resize it to 300 pixels wide, then save it as webp. \
                    Also read the text on the original, tell me which language it is and say it in a German voice.";

fn request(text: &str) -> Request {
    Request {
        text: text.to_owned(),
        attachments: vec![Attachment {
            name: "sign.png".to_owned(),
            artifact: Artifact {
                id: Digest::of(b"sign"),
                kind: Kind::Image,
                mime: "image/png".to_owned(),
                facts: Facts::picture(640, 480),
            },
        }],
        ..Request::default()
    }
}

fn plan(runtime: &Runtime, planner: &EmbeddedPlanner, registry: &Registry, request: &Request) {
    let cancel = CancellationToken::new();
    let situation = Situation::new(request, registry, &cancel);
    let decision = runtime.block_on(planner.decide(&situation));
    assert!(matches!(decision, Ok(Decision::Add { .. })), "{decision:?}");
}

fn embedded(criterion: &mut Criterion) {
    let (Ok(runtime), Ok(options)) = (Runtime::new(), ModelsOptions::from_environment()) else {
        return;
    };
    let Ok(models) = Models::open(options) else {
        return;
    };
    let registry = registry();
    let planner = EmbeddedPlanner::new(&models);
    let mut group = criterion.benchmark_group("plan");
    for (name, text) in [
        ("loaded, three actions", SHORT),
        ("loaded, six actions", LONG),
    ] {
        let request = request(text);
        group.bench_function(name, |bencher| {
            bencher.iter(|| plan(&runtime, &planner, &registry, &request));
        });
    }
    let request = request(SHORT);
    group.sample_size(10);
    group.bench_function("model not loaded, tools on disk", |bencher| {
        bencher.iter(|| {
            let planner = EmbeddedPlanner::new(&models);
            plan(&runtime, &planner, &registry, &request);
        });
    });
    group.finish();
}

criterion_group!(benches, embedded);
criterion_main!(benches);
