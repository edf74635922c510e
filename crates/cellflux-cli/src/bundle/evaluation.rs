//! A bundle's evaluation: attached, kept, summed up, compared.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use cellflux_bundle::evaluation::Verdict;
use cellflux_bundle::sampling::Sampling;
use cellflux_bundle::{Bundle, Evaluation, Manifest, Packed, folder};

use super::Out;
use crate::files;

/// Conditions that a refusal names.
const MOST_NAMED: usize = 5;

/// Put the figures of `cellflux-train evaluate` into the bundle that was measured.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  cellflux bundle attach-evaluation my-model evaluation.json --out my-model \
                  --replace"
)]
pub struct Attach {
    /// The bundle's folder.
    bundle: PathBuf,
    /// The evaluation.
    evaluation: PathBuf,
    #[command(flatten)]
    out: Out,
}

/// Runs `attach-evaluation`.
pub fn attach(options: &Attach) -> anyhow::Result<ExitCode> {
    let file = options.evaluation.display();
    let bundle = options.bundle.display();
    let evaluation = Evaluation::from_json(&files::read(&options.evaluation)?)
        .with_context(|| options.evaluation.display().to_string())?;
    let mut packed = folder::read_packed(&options.bundle).with_context(|| bundle.to_string())?;
    of_these_weights(
        &evaluation,
        &packed.manifest,
        &options.evaluation,
        &options.bundle,
    )?;
    let unknown = unknown_conditions(&evaluation, &packed.manifest);
    if !unknown.is_empty() {
        bail!(
            "{file}: {bundle} has no condition {}; expected an evaluation of this bundle",
            unknown.join(", ")
        );
    }
    of_this_sampling(
        &evaluation,
        &packed.manifest,
        &options.evaluation,
        &options.bundle,
    )?;
    let renamed = renamed_conditions(&evaluation, &packed.manifest);
    if !renamed.is_empty() {
        bail!(
            "{file}: its conditions have other names than those of {bundle}: {}; expected an evaluation of \
             this bundle: evaluate it again with `cellflux-train evaluate`",
            renamed.join(", ")
        );
    }
    let unchecked = of_these_vectors(
        &evaluation,
        &packed.manifest,
        &options.evaluation,
        &options.bundle,
    )?;
    packed.attach(evaluation).with_context(|| file.to_string())?;
    if let Some(evaluation) = &packed.manifest.evaluation {
        println!("{file}: {}", summary(Some(evaluation)));
    }
    let done = options.out.write(&packed)?;
    if let Some(unchecked) = unchecked {
        eprintln!("{unchecked}");
    }
    Ok(done)
}

/// Refuses figures of other weights.
fn of_these_weights(
    evaluation: &Evaluation,
    manifest: &Manifest,
    file: &Path,
    bundle: &Path,
) -> anyhow::Result<()> {
    let own = manifest.weights_digest()?;
    let (file, bundle) = (file.display(), bundle.display());
    match evaluation.weights.as_deref() {
        Some(weights) if weights == own => Ok(()),
        Some(weights) => bail!(
            "{file}: its figures belong to the weights {}, and the weights of {bundle} are {}; evaluate this \
            bundle with `cellflux-train evaluate`, or attach the file to the bundle that was measured",
            start(weights),
            start(&own)
        ),
        None => bail!(
            "{file}: it names no weights, so it belongs to a run's checkpoint; evaluate {bundle} itself with \
             `cellflux-train evaluate`"
        ),
    }
}

/// Refuses figures of cells that were made with other condition vectors; a sentence where this is not known.
fn of_these_vectors(
    evaluation: &Evaluation,
    manifest: &Manifest,
    file: &Path,
    bundle: &Path,
) -> anyhow::Result<Option<String>> {
    let own = manifest.vectors_digest()?;
    let (file, bundle) = (file.display(), bundle.display());
    match evaluation.vectors.as_deref() {
        Some(vectors) if vectors == own => Ok(None),
        Some(vectors) => bail!(
            "{file}: its cells were made with other condition vectors than those of {bundle} ({} and {}): \
             the vectors, the ids of the conditions or the dose features differ; evaluate this bundle with \
             `cellflux-train evaluate`, or attach the file to the bundle that was measured",
            start(vectors),
            start(&own)
        ),
        None => Ok(Some(format!(
            "note: {file}: it does not say with which condition vectors its cells were made, so whether \
             they are those of {bundle} could not be checked; `cellflux-train evaluate` of this version \
             states them"
        ))),
    }
}

/// Refuses figures of cells that were sampled otherwise than the bundle recommends: they would stand beside
/// cells that a page samples as recommended.
fn of_this_sampling(
    evaluation: &Evaluation,
    manifest: &Manifest,
    file: &Path,
    bundle: &Path,
) -> anyhow::Result<()> {
    if evaluation.sampling == manifest.sampling {
        return Ok(());
    }
    bail!(
        "{}: its cells were sampled with {}, and {} recommends {}; evaluate the bundle again as it \
         recommends with `cellflux-train evaluate`, or let it recommend the measured one, the \
         `sampling` of its about.json at `cellflux import`",
        file.display(),
        sampled(&evaluation.sampling),
        bundle.display(),
        sampled(&manifest.sampling)
    )
}

/// A sampling in words.
fn sampled(sampling: &Sampling) -> String {
    format!(
        "{} on {}, {} steps, alpha {}, noise {}, seed {}, rtol {:e}, atol {:e}",
        sampling.solver.name(),
        sampling.grid.name(),
        sampling.steps,
        sampling.alpha,
        sampling.noise,
        sampling.seed,
        sampling.rtol,
        sampling.atol
    )
}

/// The first digits of a digest.
fn start(digest: &str) -> String {
    digest.chars().take(12).chain(['…']).collect()
}

/// Ids that the bundle lacks, quoted; the first few.
fn unknown_conditions(evaluation: &Evaluation, manifest: &Manifest) -> Vec<String> {
    let mut unknown: Vec<String> = evaluation
        .conditions
        .iter()
        .filter(|condition| manifest.conditions.get(&condition.id).is_none())
        .map(|condition| format!("{:?}", condition.id))
        .collect();
    unknown.dedup();
    first_few(unknown)
}

/// Conditions whose names are others than in the bundle, with both; the first few.
fn renamed_conditions(evaluation: &Evaluation, manifest: &Manifest) -> Vec<String> {
    let conditions = evaluation.conditions.iter();
    let mut renamed: Vec<String> = conditions
        .filter_map(|condition| {
            let own = manifest.conditions.get(&condition.id)?;
            (own.name != condition.name)
                .then(|| format!("{} is {:?}, not {:?}", condition.id, own.name, condition.name))
        })
        .collect();
    renamed.dedup();
    first_few(renamed)
}

/// At most [`MOST_NAMED`] of a list, and how many more there are.
fn first_few(mut list: Vec<String>) -> Vec<String> {
    let more = list.len().saturating_sub(MOST_NAMED);
    list.truncate(MOST_NAMED);
    if more > 0 {
        list.push(format!("and {more} more"));
    }
    list
}

/// Keeps a bundle's evaluation when the bundle is packed anew, or says why not.
pub fn carry(packed: &mut Packed, from: &Bundle) -> anyhow::Result<()> {
    let kept = packed.carry(from).context("the evaluation cannot be kept")?;
    if from.manifest.evaluation.is_some() && !kept {
        eprintln!(
            "cellflux: the evaluation was left out: its figures belong to the weights as they were stored \
            before; evaluate the new bundle with `cellflux-train evaluate` and attach that"
        );
    }
    Ok(())
}

/// An evaluation in a line.
pub fn summary(evaluation: Option<&Evaluation>) -> String {
    let Some(evaluation) = evaluation else {
        return "none".into();
    };
    let count = |verdict: fn(Verdict) -> bool| {
        let conditions = evaluation.conditions.iter();
        conditions
            .filter(|condition| verdict(condition.verdict()))
            .count()
    };
    format!(
        "{} of {}, by {}: {} {} cells; conditions: {} better than a copy of the control, {} no \
         better, {} without figures",
        evaluation.date,
        evaluation.data.name,
        evaluation.program,
        evaluation.data.treated,
        evaluation.data.nature(),
        count(|verdict| verdict == Verdict::BetterThanCopy),
        count(|verdict| matches!(verdict, Verdict::NotShown | Verdict::WorseThanCopy)),
        count(|verdict| verdict == Verdict::Unmeasured),
    )
}

/// Whether two bundles were measured alike, in whichever shards their weights lie and however their vectors
/// are stored: both are compared for themselves.
pub fn same(first: Option<&Evaluation>, second: Option<&Evaluation>) -> bool {
    let figures = |evaluation: Option<&Evaluation>| {
        evaluation.cloned().map(|evaluation| Evaluation {
            weights: None,
            vectors: None,
            ..evaluation
        })
    };
    figures(first) == figures(second)
}
