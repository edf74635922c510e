//! From images to figures: every set's features, its distances and effects, put together as an
//! [`Evaluation`].

use std::collections::{BTreeMap, BTreeSet};

use cellflux_bundle::Bundle;
use cellflux_bundle::evaluation::{
    CloudKind, Evaluation, MeasuredCondition, MeasuredData, MeasuredSplit, NuclearArea, Resampled, Row,
    RowKind, Space, VERSION,
};
use cellflux_bundle::sampling::Sampling;
use cellflux_data::{Experiment, PackedCache, Split};
use cellflux_measure::sets::Features;
use cellflux_measure::sets::bootstrap::Plan;
use cellflux_measure::sets::groups::{Groups, Origin, Unit, choose_unit};

use super::cells::{Cells, name};
use super::compounds::{Compound, compound_use};
use super::detail::fine_detail;
use super::distances::{FEWEST_GROUPS, Halves, Measurement};
use super::effect::{ConditionCells, Effects, Statistic};
use super::measured::{Measured, Ruler, Scale};
use super::planes::batch_plane;
use super::{Estimate, EvaluateError};

/// The space of what crops measure.
pub const MORPHOLOGY: &str = "morphology";

/// A set of images with what it is.
#[derive(Clone, Debug)]
pub struct Images {
    /// What it is.
    pub kind: RowKind,
    /// Its name in tables.
    pub name: String,
    /// Coded images `[N, C, H, W]`, row for row beside the treated cells, or beside the controls for
    /// [`RowKind::Untreated`].
    pub images: Vec<u8>,
}

/// What is assessed.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its images.
    pub cache: &'a PackedCache,
    /// The bundle whose cells were generated.
    pub bundle: &'a Bundle,
    /// The real cells.
    pub cells: &'a Cells,
    /// Sets of images; the first is the generated one.
    pub sets: &'a [Images],
    /// Walks of shared controls under each of these conditions, `[conditions * controls, C, H, W]`.
    pub shared: Option<(&'a [usize], &'a [u8])>,
    /// How they were sampled.
    pub sampling: &'a Sampling,
    /// The split.
    pub split: Split,
    /// Conditions of fewer treated cells have no figures.
    pub least_cells: usize,
    /// The bootstrap.
    pub plan: Plan,
}

/// What was found, with what reports need beside the figures.
#[derive(Debug)]
pub struct Assessment {
    /// The figures.
    pub evaluation: Evaluation,
    /// What a person should know: what was left out and why, what the figures do not show.
    pub notes: Vec<String>,
    /// Differences between rows, on the same draws: a name, the gap closed and the kernel distance.
    pub differences: Vec<Difference>,
    /// What the treated cells measure, and what each set does.
    pub measured: Vec<(String, Measured)>,
    /// The measures.
    pub ruler: Ruler,
}

/// How two sets differ, draw by draw.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The two sets.
    pub name: String,
    /// Gap closed of the first minus that of the second.
    pub gap_closed: Option<Estimate>,
    /// Kernel distance of the second minus that of the first: above 0 where the first is nearer to real cells.
    pub nearer: Option<Estimate>,
}

/// Real cells of one kind, measured.
struct Real {
    measured: Measured,
    groups: Groups,
    batches: Vec<String>,
}

/// Assesses sets of images.
///
/// # Errors
/// [`EvaluateError`] for images that cannot be measured and sets too small to be compared.
pub fn assess(question: &Question<'_>) -> Result<Assessment, EvaluateError> {
    let ruler = Ruler::new(&question.bundle.manifest.image)?;
    let treated_images: Vec<u32> = question
        .cells
        .partners
        .iter()
        .map(|partner| partner.treated)
        .collect();
    let unit = choose_unit(&[
        &origins(question.experiment, &treated_images),
        &origins(question.experiment, &question.cells.controls),
    ]);
    let treated = real(question, &ruler, unit, &treated_images)?;
    let controls = real(question, &ruler, unit, &question.cells.controls)?;
    let copies: Vec<u32> = question
        .cells
        .partners
        .iter()
        .map(|partner| partner.control)
        .collect();
    let copied = real(question, &ruler, unit, &copies)?.measured;
    let scale = Scale::of(&controls.measured);

    let mut names = vec!["controls copied".to_owned()];
    let mut beside_treated = vec![(RowKind::Copied, copied)];
    let mut beside_controls = Vec::new();
    for set in question.sets {
        let measured = ruler.measure(&set.images)?;
        if set.kind == RowKind::Untreated {
            beside_controls.push((set.name.clone(), measured));
        } else {
            names.push(set.name.clone());
            beside_treated.push((set.kind, measured));
        }
    }
    let mut notes = Vec::new();
    if unit == Unit::Cell {
        notes.push(
            "the table names no field of view, well or plate with at least two groups on each side: intervals resample \
             single cells and are too narrow"
                .to_owned(),
        );
    }
    let features = |measured: &Measured| measured.features(&scale);
    let (real_features, control_features) = (features(&treated.measured)?, features(&controls.measured)?);
    let of_sets: Vec<Features> = beside_treated
        .iter()
        .map(|(_, set)| features(set))
        .collect::<Result<_, _>>()?;

    let conditions: Vec<usize> = question
        .cells
        .partners
        .iter()
        .map(|partner| partner.condition)
        .collect();
    let halves = Halves::new(&treated.groups, &conditions, question.plan.seed);
    let set_features: Vec<&Features> = of_sets.iter().collect();
    let distances = Measurement::of(&real_features, &set_features, &halves, question.plan)?;
    if distances.is_none() {
        notes.push(format!(
            "no distances: halves of the real cells have fewer than {FEWEST_GROUPS} groups"
        ));
    }
    let of_row = |set| {
        distances
            .iter()
            .map(|found| found.distances(MORPHOLOGY, set))
            .collect()
    };

    let known = condition_cells(question, &treated, &beside_treated);
    let effects = if known.is_empty() {
        notes.push(format!(
            "no condition has {} treated cells in two groups: no share of a change was measured",
            question.least_cells
        ));
        None
    } else {
        let own: Vec<ConditionCells> = known.iter().map(|(_, cells)| cells.clone()).collect();
        let sides = (&controls.measured, &controls.groups);
        Some(Effects::of(&own, sides, (&ruler, &scale), question.plan)?)
    };

    let mut rows = vec![Row {
        kind: RowKind::Real,
        name: "real cells, half against half".to_owned(),
        cells: halves.least(),
        distances: of_row(0),
        gap_closed: None,
        direction: None,
        fine_detail: None,
    }];
    let beside: Vec<&Measured> = beside_treated.iter().map(|(_, set)| set).collect();
    let detail = fine_detail(&ruler, &treated.measured, &beside, &treated.groups, question.plan)?;
    for (index, ((kind, _), name)) in beside_treated.iter().zip(&names).enumerate() {
        let mean = |statistic| {
            effects
                .as_ref()
                .and_then(|effects| effects.mean(index, statistic))
        };
        rows.push(Row {
            kind: *kind,
            name: name.clone(),
            cells: treated.measured.len(),
            distances: of_row(index + 1),
            gap_closed: mean(Statistic::Gap),
            direction: mean(Statistic::Direction).filter(|_| *kind != RowKind::Copied),
            fine_detail: detail.get(index).copied().flatten(),
        });
    }
    rows.extend(rows_of_controls(
        question,
        &controls,
        &control_features,
        &beside_controls,
        (&ruler, &scale),
    )?);

    let mut differences = Vec::new();
    for other in (0..names.len()).filter(|&other| other != GENERATED_SET) {
        differences.push(Difference {
            name: format!(
                "{} against {}",
                names.get(GENERATED_SET).map_or("", String::as_str),
                names.get(other).map_or("", String::as_str)
            ),
            gap_closed: effects
                .as_ref()
                .and_then(|effects| effects.difference(GENERATED_SET, other, Statistic::Gap)),
            nearer: distances
                .as_ref()
                .and_then(|found| found.kid_difference(other + 1, GENERATED_SET + 1)),
        });
    }

    let generated = of_sets.get(GENERATED_SET).unwrap_or(&real_features);
    let treated_batches: Vec<&str> = treated.batches.iter().map(String::as_str).collect();
    let control_batches: Vec<&str> = controls.batches.iter().map(String::as_str).collect();
    let batches = batch_plane(
        MORPHOLOGY,
        &[
            (CloudKind::Control, &control_features, &control_batches),
            (CloudKind::Treated, &real_features, &treated_batches),
            (CloudKind::Generated, generated, &treated_batches),
        ],
    )?;
    let compound_use = used(question, &ruler, &scale, &known)?;
    let evaluation = Evaluation {
        version: VERSION,
        date: String::new(),
        program: format!("cellflux-train {}", env!("CARGO_PKG_VERSION")),
        weights: None,
        data: MeasuredData {
            name: question.bundle.manifest.provenance.data_set.name.clone(),
            split: match question.split {
                Split::Test => MeasuredSplit::Test,
                Split::HeldOut => MeasuredSplit::HeldOut,
                Split::Train | Split::Validation => MeasuredSplit::Validation,
            },
            treated: treated.measured.len(),
            controls: controls.measured.len(),
            resampled_by: match unit {
                Unit::Field => Resampled::Field,
                Unit::Well => Resampled::Well,
                Unit::Plate => Resampled::Plate,
                Unit::Cell => Resampled::Cell,
            },
            groups: treated.groups.count(),
            replicates: question.plan.replicates,
            least_cells: question.least_cells,
            seed: question.plan.seed,
        },
        sampling: question.sampling.clone(),
        spaces: vec![Space {
            name: MORPHOLOGY.to_owned(),
            width: real_features.width(),
            about: "What crops measure (cellflux-measure), in standard deviations of real controls."
                .to_owned(),
            comparable: false,
        }],
        rows,
        conditions: measured_conditions(question, &known, effects.as_ref()),
        modes_of_action: None,
        batches,
        compound_use,
    };
    let measured = std::iter::once(("real treated cells".to_owned(), treated.measured))
        .chain(
            names
                .into_iter()
                .zip(beside_treated.into_iter().map(|(_, measured)| measured)),
        )
        .chain(std::iter::once(("real controls".to_owned(), controls.measured)))
        .chain(beside_controls)
        .collect();
    Ok(Assessment {
        evaluation,
        notes,
        differences,
        measured,
        ruler,
    })
}

/// The position of the generated set among the sets beside the treated cells: controls copied come first.
const GENERATED_SET: usize = 1;

/// Where images were taken.
fn origins(experiment: &Experiment, images: &[u32]) -> Vec<Origin> {
    let named = |names: &[String], at: Option<u32>| at.and_then(|at| names.get(at as usize).cloned());
    let origin = |&image: &u32| {
        let entry = experiment.entries().get(image as usize);
        entry.map_or_else(Origin::default, |entry| Origin {
            plate: named(experiment.plates(), entry.plate),
            well: named(experiment.wells(), entry.well),
            field: named(experiment.fields(), entry.field),
        })
    };
    images.iter().map(origin).collect()
}

fn real(question: &Question<'_>, ruler: &Ruler, unit: Unit, images: &[u32]) -> Result<Real, EvaluateError> {
    let mut coded = Vec::new();
    for &number in images {
        let image = question.cache.image(number as usize);
        coded.extend_from_slice(image.ok_or(EvaluateError::Image { number })?);
    }
    let batch = |&image: &u32| {
        let entry = question.experiment.entries().get(image as usize);
        let batch = entry.and_then(|entry| question.experiment.batches().get(entry.batch as usize));
        batch.cloned().unwrap_or_default()
    };
    Ok(Real {
        measured: ruler.measure(&coded)?,
        groups: Groups::by(unit, &origins(question.experiment, images))?,
        batches: images.iter().map(batch).collect(),
    })
}

/// The conditions that have enough cells in enough groups, each with its position in the bundle's list.
fn condition_cells(
    question: &Question<'_>,
    treated: &Real,
    sets: &[(RowKind, Measured)],
) -> Vec<(usize, ConditionCells)> {
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, partner) in question.cells.partners.iter().enumerate() {
        rows.entry(partner.condition).or_default().push(row);
    }
    let batch_of = |image: u32| {
        question
            .experiment
            .entries()
            .get(image as usize)
            .map(|entry| entry.batch)
    };
    let cells = |(condition, rows): (usize, Vec<usize>)| {
        let labels: Vec<usize> = rows
            .iter()
            .filter_map(|&row| treated.groups.of_rows().get(row).copied())
            .collect();
        let groups = Groups::of(treated.groups.unit(), &labels);
        let partner = |row: &usize| question.cells.partners.get(*row);
        let batches: BTreeSet<Option<u32>> = rows
            .iter()
            .filter_map(partner)
            .map(|own| batch_of(own.treated))
            .collect();
        let controls: Vec<usize> = (0..question.cells.controls.len())
            .filter(|&row| {
                let control = question.cells.controls.get(row);
                control.is_some_and(|&control| batches.contains(&batch_of(control)))
            })
            .collect();
        let enough = rows.len() >= question.least_cells && groups.count() >= 2 && controls.len() >= 2;
        enough.then(|| {
            (
                condition,
                ConditionCells {
                    treated: treated.measured.select(&rows),
                    groups,
                    controls,
                    sets: sets.iter().map(|(_, set)| set.select(&rows)).collect(),
                },
            )
        })
    };
    rows.into_iter().filter_map(cells).collect()
}

/// Controls walked under their own condition, against real controls, with the controls' own floor before them.
fn rows_of_controls(
    question: &Question<'_>,
    controls: &Real,
    features: &Features,
    sets: &[(String, Measured)],
    (ruler, scale): (&Ruler, &Scale),
) -> Result<Vec<Row>, EvaluateError> {
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let halves = Halves::new(
        &controls.groups,
        &vec![0; controls.measured.len()],
        question.plan.seed,
    );
    let made: Vec<Features> = sets
        .iter()
        .map(|(_, set)| set.features(scale))
        .collect::<Result<_, _>>()?;
    let Some(measurement) =
        Measurement::of(features, &made.iter().collect::<Vec<_>>(), &halves, question.plan)?
    else {
        return Ok(Vec::new());
    };
    let floor = (
        "real controls, half against half".to_owned(),
        RowKind::Real,
        halves.least(),
    );
    let others = sets
        .iter()
        .map(|(name, set)| (name.clone(), RowKind::Untreated, set.len()));
    let beside: Vec<&Measured> = sets.iter().map(|(_, set)| set).collect();
    let detail = fine_detail(
        ruler,
        &controls.measured,
        &beside,
        &controls.groups,
        question.plan,
    )?;
    let rows = std::iter::once(floor).chain(others).enumerate();
    Ok(rows
        .map(|(index, (name, kind, cells))| Row {
            kind,
            name,
            cells,
            distances: vec![measurement.distances(MORPHOLOGY, index)],
            gap_closed: None,
            direction: None,
            // The floor comes first.
            fine_detail: index
                .checked_sub(1)
                .and_then(|set| detail.get(set).copied().flatten()),
        })
        .collect())
}

fn measured_conditions(
    question: &Question<'_>,
    known: &[(usize, ConditionCells)],
    effects: Option<&Effects>,
) -> Vec<MeasuredCondition> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for partner in &question.cells.partners {
        *counts.entry(partner.condition).or_default() += 1;
    }
    let list = &question.bundle.manifest.conditions.list;
    let measured = counts.into_iter().filter_map(|(condition, treated)| {
        let described = list.get(condition)?;
        let at = known.iter().position(|(position, _)| *position == condition);
        let estimate = |statistic| effects?.estimate(at?, GENERATED_SET, statistic);
        let nuclei = || {
            Some(NuclearArea {
                control: effects?.real_area(at?, 0)?,
                treated: effects?.real_area(at?, 1)?,
                generated: estimate(Statistic::Area)?,
            })
        };
        Some(MeasuredCondition {
            id: described.id.clone(),
            name: described.name.clone(),
            dose_um: None,
            seen: described.split == cellflux_bundle::conditions::Split::Seen,
            treated,
            controls: at
                .and_then(|at| known.get(at))
                .map_or(0, |(_, cells)| cells.controls.len()),
            gap_closed: estimate(Statistic::Gap),
            direction: estimate(Statistic::Direction),
            nuclei: nuclei(),
        })
    });
    measured.collect()
}

/// How much the network uses its compound, where the same controls were walked under several.
fn used(
    question: &Question<'_>,
    ruler: &Ruler,
    scale: &Scale,
    known: &[(usize, ConditionCells)],
) -> Result<Option<Estimate>, EvaluateError> {
    let Some((conditions, images)) = question.shared else {
        return Ok(None);
    };
    let measured = ruler.measure(images)?;
    let controls = measured.len() / conditions.len().max(1);
    let mut compounds = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        let Some((_, cells)) = known.iter().find(|(known, _)| known == condition) else {
            continue;
        };
        let rows: Vec<usize> = (index * controls..(index + 1) * controls).collect();
        compounds.push(Compound {
            real: cells.treated.features(scale)?,
            groups: cells.groups.clone(),
            made: measured.select(&rows).features(scale)?,
        });
    }
    // Shared controls are spread over the split: each is taken for a draw of its own.
    compound_use(&compounds, &Groups::cells(controls), question.plan)
}

/// The names of conditions that the split has cells of and that have no figures, with their cells.
pub fn unmeasured(evaluation: &Evaluation) -> Vec<(&str, usize)> {
    let without = evaluation
        .conditions
        .iter()
        .filter(|condition| condition.gap_closed.is_none());
    without
        .map(|condition| (condition.name.as_str(), condition.treated))
        .collect()
}

/// The name of what an image was treated with.
pub fn treatment(experiment: &Experiment, image: u32) -> &str {
    experiment
        .entries()
        .get(image as usize)
        .map_or("", |entry| name(experiment, entry))
}
