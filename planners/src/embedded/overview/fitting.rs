//! Finds the weights of the evidence: logistic regressions over plans that people made.
//!
//! The test holds that the shipped weights can be found again.
//! `MEDLEY_FIT=FILE cargo test --workspace --lib -- fitting` writes those of all requests to the file, to be put into
//! `data/embedded/overview.toml`. It also finds those of the requests with even ids alone and says how well they do on
//! the others, which is the figure to quote: the weights that are shipped have seen every request.

use medley_models::{Models, ModelsOptions};
use medley_orchestrator::Decision;

use super::*;
use crate::{
    LazyEncoder,
    embedded::tokens,
    evaluation::{
        Measure, Prediction, Sample, Scores, ToolList, attached_files, evaluate, plan_of, samples,
        shared, table,
    },
};

/// How many regressions follow each other.
const STAGES: usize = 3;

/// How many parts the requests are cut into, so that a stage learns from judgements of requests that were not seen.
const FOLDS: usize = 5;

/// What large weights cost, against overfitting.
const RIDGE: f64 = 3.0;

/// Steps of Newton's method.
const STEPS: usize = 9;

/// A request with its evidence, and whether each tool is right.
struct Case {
    sample: Sample,
    request: Request,
    outline: Outline,
    evidence: Vec<Evidence>,
    right: Vec<bool>,
}

#[test]
fn the_weights_that_are_shipped_are_those_that_are_fitted() {
    let (Some(tools), Some(sample)) = (
        shared("multimedia_tools.json"),
        shared("multimedia_sample.jsonl"),
    ) else {
        return;
    };
    let vocabulary = Vocabulary::built_in().unwrap();
    let list = ToolList::from_json_text(&std::fs::read_to_string(tools).unwrap()).unwrap();
    let capabilities = list.capabilities();
    let models = Models::open(ModelsOptions::from_environment().unwrap()).unwrap();
    let encoder = LazyEncoder::new(models.clone());
    let cancel = CancellationToken::new();
    let cache = models.home().cache();
    let tools = describe(&capabilities, &vocabulary, &encoder, &cache, &cancel).unwrap();
    let overview = Overview {
        vocabulary: &vocabulary,
        capabilities: &capabilities,
        tools: &tools,
        encoder: &encoder,
    };
    let gold = samples(&std::fs::read_to_string(sample).unwrap()).unwrap();
    let cases = cases(&overview, gold, &list, &cache);
    let is_even = |case: &&Case| case.sample.id.parse::<u64>().unwrap() % 2 == 0;
    let (even, odd): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(is_even);
    let all: Vec<&Case> = cases.iter().collect();

    let (half, seen) = fit(&tools.tools, &even);
    let unseen: Vec<Vec<f32>> = odd
        .iter()
        .map(|case| case.judged(&half, &tools.tools))
        .collect();
    let (whole, crossed) = fit(&tools.tools, &all);
    let score = |cases: &[&Case], judged: &[Vec<f32>]| score(&overview, &list, cases, judged);
    let rows: [(&str, &Scores); 3] = [
        ("even, cross-validated", &score(&even, &seen)),
        ("odd, from even", &score(&odd, &unseen)),
        ("all, cross-validated", &score(&all, &crossed)),
    ];
    println!("{}", table(&rows, None).unwrap());
    if let Some(target) = std::env::var_os("MEDLEY_FIT") {
        std::fs::write(target, whole.iter().map(written).collect::<String>()).unwrap();
        return;
    }
    let shipped = &vocabulary.overview.weights;
    assert_eq!(shipped.len(), whole.len());
    for (shipped, fitted) in shipped.iter().zip(&whole) {
        let (one, other) = (all_of(shipped), all_of(fitted));
        assert_eq!(one.len(), other.len());
        for (one, other) in one.into_iter().zip(other) {
            assert!(
                (one - other).abs() < 0.05,
                "{one} is shipped, {other} is fitted"
            );
        }
    }
}

fn all_of(weights: &Weights) -> Vec<f32> {
    let constant = std::iter::once(weights.constant);
    constant.chain(weights.of.iter().copied()).collect()
}

fn cases(
    overview: &Overview<'_>,
    gold: Vec<Sample>,
    list: &ToolList,
    cache: &std::path::Path,
) -> Vec<Case> {
    let lexicon = Lexicon::of(&overview.vocabulary.overview.words);
    let outlined: Vec<(Request, Outline)> = gold
        .iter()
        .map(|sample| {
            let request = attached_files(&sample.instruction);
            let names: Vec<&str> = request
                .attachments
                .iter()
                .map(|attachment| attachment.name.as_str())
                .collect();
            let tokens = tokens::tokenize(&request.text, &names, overview.vocabulary);
            let outline = Outline::of(&request, &tokens, &lexicon);
            (request, outline)
        })
        .collect();
    let texts: Vec<&str> = outlined
        .iter()
        .flat_map(|(_, outline)| outline.passages.iter().map(|passage| passage.text.as_str()))
        .collect();
    let cancel = CancellationToken::new();
    let vectors =
        super::super::vector_cache::through(cache, overview.encoder, &texts, &cancel).unwrap();
    let mut vectors = vectors.into_iter();
    gold.into_iter()
        .zip(outlined)
        .map(|(sample, (request, outline))| {
            let own: Vec<Embedding> = vectors.by_ref().take(outline.passages.len()).collect();
            let is_right = |capability: &Capability| {
                let id = list.id_of(&capability.name).unwrap();
                sample.nodes.iter().any(|node| node.task == id)
            };
            Case {
                evidence: overview.tools.weigh(&outline, &own),
                right: overview.capabilities.iter().map(is_right).collect(),
                sample,
                request,
                outline,
            }
        })
        .collect()
}

impl Case {
    fn judged(&self, stages: &[Weights], tools: &[Tool]) -> Vec<f32> {
        judge(stages, tools, &self.outline, &self.evidence)
    }

    /// What a stage sees of each tool, given what the one before found likely.
    fn features(&self, tools: &[Tool], likely: Option<&Vec<f32>>) -> Vec<Vec<f32>> {
        let Some(likely) = likely else {
            return self
                .evidence
                .iter()
                .map(|each| each.features.clone())
                .collect();
        };
        let context = Context {
            tools,
            outline: &self.outline,
            evidence: &self.evidence,
            likely,
            shortlist: &shortlist(likely),
        };
        (0..tools.len())
            .map(|tool| context.features(tool))
            .collect()
    }
}

/// The weights of every stage, and what those that have not seen a case find likely in it.
fn fit(tools: &[Tool], cases: &[&Case]) -> (Vec<Weights>, Vec<Vec<f32>>) {
    let mut stages = Vec::new();
    let mut likely: Option<Vec<Vec<f32>>> = None;
    for _ in 0..STAGES {
        let features: Vec<Vec<Vec<f32>>> = cases
            .iter()
            .enumerate()
            .map(|(at, case)| case.features(tools, likely.as_ref().map(|likely| &likely[at])))
            .collect();
        let regress = |keep: &dyn Fn(usize) -> bool| {
            let kept = (0..cases.len()).filter(|at| keep(*at));
            let rows = kept.flat_map(|at| {
                let right = cases[at].right.iter().copied();
                features[at].iter().map(Vec::as_slice).zip(right)
            });
            regression(&rows.collect::<Vec<_>>())
        };
        let mut crossed = vec![Vec::new(); cases.len()];
        for fold in 0..FOLDS {
            let weights = regress(&|at| at % FOLDS != fold);
            for at in (fold..cases.len()).step_by(FOLDS) {
                crossed[at] = features[at]
                    .iter()
                    .map(|each| weights.probability(each))
                    .collect();
            }
        }
        stages.push(regress(&|_| true));
        likely = Some(crossed);
    }
    (stages, likely.unwrap())
}

/// Logistic regression with a quadratic penalty on the weights of standardised features, by Newton's method.
fn regression(rows: &[(&[f32], bool)]) -> Weights {
    let width = rows[0].0.len();
    let count = rows.len() as f64;
    let (mut mean, mut deviation) = (vec![0.0; width], vec![0.0; width]);
    for (features, _) in rows {
        for at in 0..width {
            mean[at] += f64::from(features[at]) / count;
        }
    }
    for (features, _) in rows {
        for at in 0..width {
            deviation[at] += (f64::from(features[at]) - mean[at]).powi(2) / count;
        }
    }
    let deviation: Vec<f64> = deviation
        .iter()
        .map(|each: &f64| each.sqrt() + 1e-6)
        .collect();
    let standard: Vec<Vec<f64>> = rows
        .iter()
        .map(|(features, _)| {
            let scaled = (0..width).map(|at| (f64::from(features[at]) - mean[at]) / deviation[at]);
            scaled.chain([1.0]).collect()
        })
        .collect();
    let mut weights = vec![0.0; width + 1];
    for _ in 0..STEPS {
        let mut matrix = vec![vec![0.0; width + 1]; width + 1];
        let mut slope = vec![0.0; width + 1];
        for at in 0..width {
            matrix[at][at] = RIDGE;
            slope[at] = RIDGE * weights[at];
        }
        matrix[width][width] = 1e-6;
        for (row, (_, right)) in standard.iter().zip(rows) {
            let sum: f64 = row
                .iter()
                .zip(&weights)
                .map(|(each, weight)| each * weight)
                .sum();
            let chance = 1.0 / (1.0 + (-sum).exp());
            let (error, spread) = (
                chance - f64::from(u8::from(*right)),
                chance * (1.0 - chance),
            );
            for (at, each) in row.iter().enumerate() {
                slope[at] += error * each;
                let scaled = spread * each;
                for (cell, other) in matrix[at].iter_mut().zip(row) {
                    *cell += scaled * other;
                }
            }
        }
        for (weight, step) in weights.iter_mut().zip(solve(matrix, slope)) {
            *weight -= step;
        }
    }
    let of: Vec<f64> = (0..width).map(|at| weights[at] / deviation[at]).collect();
    let shift: f64 = of
        .iter()
        .zip(&mean)
        .map(|(weight, mean)| weight * mean)
        .sum();
    Weights {
        constant: (weights[width] - shift) as f32,
        of: of.into_iter().map(|weight| weight as f32).collect(),
    }
}

/// Gaussian elimination with pivots.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for at in 0..size {
        let pivot = (at..size)
            .max_by(|one, other| matrix[*one][at].abs().total_cmp(&matrix[*other][at].abs()))
            .unwrap();
        matrix.swap(at, pivot);
        right.swap(at, pivot);
        let pivot = matrix[at].clone();
        for row in at + 1..size {
            let factor = matrix[row][at] / pivot[at];
            for (cell, above) in matrix[row].iter_mut().zip(&pivot) {
                *cell -= factor * above;
            }
            right[row] -= factor * right[at];
        }
    }
    for at in (0..size).rev() {
        for column in at + 1..size {
            right[at] -= matrix[at][column] * right[column];
        }
        right[at] /= matrix[at][at];
    }
    right
}

fn score(overview: &Overview<'_>, list: &ToolList, cases: &[&Case], judged: &[Vec<f32>]) -> Scores {
    let plans = cases.iter().zip(judged).map(|(case, likely)| {
        let plan = match overview.compose(&case.request, &case.outline, &case.evidence, likely) {
            Decision::Add { draft, .. } => plan_of(&draft, list, &case.request),
            _ => Default::default(),
        };
        Prediction::new(&case.sample.id, plan)
    });
    let gold: Vec<Sample> = cases.iter().map(|case| case.sample.clone()).collect();
    evaluate(&gold, &plans.collect::<Vec<_>>(), list, Measure::default())
}

fn written(weights: &Weights) -> String {
    let numbers: Vec<String> = weights.of.iter().map(|each| format!("{each:.4}")).collect();
    let lines: Vec<String> = numbers
        .chunks(10)
        .map(|line| format!("  {},\n", line.join(", ")))
        .collect();
    format!(
        "[[weights]]\nconstant = {:.4}\nof = [\n{}]\n",
        weights.constant,
        lines.concat()
    )
}
