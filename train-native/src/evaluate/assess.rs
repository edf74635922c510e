//! From images to figures: every set's features, its distances and effects, put together as an
//! [`Evaluation`].

use std::collections::{BTreeMap, BTreeSet};

use cellflux_bundle::evaluation::{
    BatchPlane, CloudKind, CompoundUse as StatedUse, Evaluation, MeasuredData, MeasuredSplit, ModesOfAction,
    Nature, Row, Space, VERSION,
};
use cellflux_bundle::sampling::FlowSource;
use cellflux_data::{Experiment, Split};
use cellflux_measure::sets::Features;
use cellflux_measure::sets::groups::Unit;

use super::EvaluateError;
use super::by_condition::WithinConditions;
use super::by_measure::{MeasureOfCondition, by_measure};
use super::cells::name;
use super::compounds::{CompoundUse, SameControls};
use super::conditions::{condition_cells, measured_conditions};
use super::distances::{FEWEST_GROUPS, Halves};
use super::effect::Effects;
use super::gaps::ConditionCells;
use super::gathered::Gathered;
use super::measured::{Measured, Ruler};
use super::modes::modes_of_action;
use super::nearest::{Nearest, nearest_training};
use super::planes::{Plotted, batch_plane};
use super::question::{Difference, GENERATED_SET, Question};
use super::real::{origins, resampled};
use super::real_cells::RealCells;
use super::real_halves::RealHalves;
use super::rows::{
    compare_kernels, differences, measure_conditions, measure_space, rows_of_controls, rows_of_treated,
};
use super::same_plate::SamePlate;
use super::spaces::Extractor;
use super::told_apart::told_apart;
use crate::features::moa::Classifier;

/// What was found, with what reports need beside the figures.
#[derive(Debug)]
pub struct Assessment {
    /// The figures.
    pub evaluation: Evaluation,
    /// What a person should know: what was left out and why, what the figures do not show.
    pub notes: Vec<String>,
    /// Differences between the generated set and each other one, on the same draws.
    pub differences: Vec<Difference>,
    /// Every set's paths and what its images measure, real treated cells first.
    pub measured: Vec<(String, Vec<String>, Measured)>,
    /// The measures.
    pub ruler: Ruler,
    /// Each space's name and the features of every set of [`Assessment::measured`], in its order.
    pub features: Vec<(String, Vec<Features>)>,
    /// The training cells nearest to the generated ones, where some were looked through.
    pub nearest: Option<Nearest>,
    /// The real cells, row by row as in [`Assessment::measured`].
    pub real: RealCells,
    /// The same controls under each compound, where they were walked.
    pub same_controls: Option<SameControls>,
    /// Distances within conditions, by the space's name; their sets are the first of the evaluation's rows.
    pub within: Vec<(String, WithinConditions)>,
    /// What each single measure shows in each condition.
    pub by_measure: Vec<MeasureOfCondition>,
    /// What share of the gap real cells close.
    pub real_halves: RealHalves,
    /// The gap closed with controls of the same plate, where it is another one.
    pub same_plate: Option<SamePlate>,
}

/// Assesses sets of images.
///
/// # Errors
/// [`EvaluateError`] for images that cannot be measured and sets too small to be compared.
pub fn assess(question: &Question<'_>) -> Result<Assessment, EvaluateError> {
    let gathered = Gathered::of(question)?;
    let Gathered {
        treated, controls, ..
    } = &gathered;
    let mut notes = Vec::new();
    if treated.groups.unit() == Unit::Cell {
        notes.push(
            "the table names no field of view, well or plate with at least two groups on each side: \
             intervals resample single cells and are too narrow"
                .to_owned(),
        );
    }
    let known = condition_cells(question, &gathered);
    let change = Change::of(question, &gathered, &known)?;
    notes.extend(change.notes);
    let effects = change.effects.as_ref();
    let mut differences = differences(&gathered, effects);
    let conditions = question.cells.conditions();
    let halves = Halves::new(&treated.groups, &conditions, question.plan.seed);
    let control_halves = Halves::new(
        &controls.groups,
        &vec![0; controls.paths.len()],
        question.plan.seed,
    );
    let nature = question.nature();
    notes.extend(lonely(&halves, &conditions, nature));
    let mut of_treated = rows_of_treated(question, &gathered, effects, &halves)?;
    let mut of_controls = rows_of_controls(question, &gathered, &control_halves)?;

    let mut in_spaces = InSpaces::default();
    for extractor in question.spaces {
        let halves = (&halves, &control_halves);
        let rows = (&mut of_treated[..], &mut of_controls[..]);
        in_spaces.measure(
            (question, &gathered),
            extractor,
            &conditions,
            halves,
            rows,
            &mut differences,
        )?;
    }
    notes.extend(in_spaces.notes);
    let same_controls = same_controls(question, &gathered)?;
    let evaluation = Evaluation {
        version: VERSION,
        date: String::new(),
        program: program(),
        weights: None,
        vectors: None,
        data: described(question, &gathered),
        sampling: question.sampling.clone(),
        spaces: in_spaces.spaces,
        rows: of_treated
            .into_iter()
            .chain(change.real_halves.row(nature))
            .chain(of_controls)
            .collect(),
        conditions: measured_conditions(question, &gathered, &known, effects),
        modes_of_action: classified(question, &gathered)?,
        batches: in_spaces.batches,
        compound_use: used(question, &gathered, &known, same_controls.as_ref())?,
    };
    notes.extend(apart(question, &gathered)?);
    let by_measure = by_measure(question, &gathered, &known)?;
    let real = RealCells::of(&gathered, question.bundle, question.cells, question.experiment);
    let measured = gathered.into_measured();
    Ok(Assessment {
        evaluation,
        notes,
        differences,
        measured: measured.1,
        ruler: measured.0,
        features: in_spaces.features,
        within: in_spaces.within,
        by_measure,
        real_halves: change.real_halves,
        same_plate: change.same_plate,
        real,
        same_controls,
        nearest: in_spaces.nearest,
    })
}

/// How much of the change is made, and what that is to be read beside.
struct Change {
    /// None where no condition has cells enough.
    effects: Option<Effects>,
    real_halves: RealHalves,
    same_plate: Option<SamePlate>,
    notes: Vec<String>,
}

impl Change {
    fn of(
        question: &Question<'_>,
        gathered: &Gathered,
        known: &[(usize, ConditionCells)],
    ) -> Result<Self, EvaluateError> {
        if known.is_empty() {
            let note = format!(
                "no condition has {} treated cells in two groups: no share of a change was measured",
                question.least_cells
            );
            return Ok(Self {
                effects: None,
                real_halves: RealHalves::of(question, gathered, known, None)?,
                same_plate: None,
                notes: vec![note],
            });
        }
        let own: Vec<ConditionCells> = known.iter().map(|(_, cells)| cells.clone()).collect();
        let controls = (&gathered.controls.measured, &gathered.controls.groups);
        let scale = (&gathered.ruler, &gathered.scale);
        let effects = Effects::of(&own, controls, scale, question.plan)?;
        let real_halves = RealHalves::of(question, gathered, known, Some(&effects))?;
        let (same_plate, of_plates) = SamePlate::of(question, gathered, known)?;
        Ok(Self {
            notes: vec![real_halves.sentence(question.nature()), of_plates],
            effects: Some(effects),
            real_halves,
            same_plate,
        })
    }
}

/// What the spaces show, one after another.
#[derive(Default)]
struct InSpaces {
    spaces: Vec<Space>,
    notes: Vec<String>,
    features: Vec<(String, Vec<Features>)>,
    within: Vec<(String, WithinConditions)>,
    /// Of the first space.
    batches: Option<BatchPlane>,
    /// Of the first space that has features of any image.
    nearest: Option<Nearest>,
}

impl InSpaces {
    /// Measures one space, adds each row's distances in it, and what differences they make.
    fn measure(
        &mut self,
        (question, gathered): (&Question<'_>, &Gathered),
        extractor: &Extractor,
        conditions: &[usize],
        (halves, control_halves): (&Halves, &Halves),
        (of_treated, of_controls): (&mut [Row], &mut [Row]),
        differences: &mut [Difference],
    ) -> Result<(), EvaluateError> {
        let plan = question.plan;
        let spec = &question.bundle.manifest.image;
        let features = extractor.features(spec, &gathered.scale, &gathered.named())?;
        let space = extractor.described(features.first().map_or(0, Features::width), question.nature());
        let name = &space.name;
        let (beside_treated, beside_controls) = features.split_at(1 + gathered.beside_treated.len());
        match measure_space(name, beside_treated, halves, plan, of_treated)? {
            Some(measurement) => {
                compare_kernels(name, &measurement, differences);
                let within = (&gathered.treated.groups, conditions);
                let measured = measure_conditions(beside_treated, within, plan, of_treated)?;
                let count = measured.as_ref().map(|measured| measured.conditions.len());
                self.notes.push(within_conditions(name, count));
                self.within
                    .extend(measured.map(|measured| (name.clone(), measured)));
            }
            None => self.notes.push(format!(
                "no distances in {name}: halves of the {} cells have fewer than {FEWEST_GROUPS} groups",
                question.nature()
            )),
        }
        if !of_controls.is_empty() {
            measure_space(name, beside_controls, control_halves, plan, of_controls)?;
        }
        if self.batches.is_none() {
            self.batches = plane((question, gathered), name, beside_treated, beside_controls)?;
        }
        if let (None, [real, _, generated, ..]) = (&self.nearest, beside_treated) {
            self.nearest = nearest_training(question, gathered, extractor, (name, real, generated))?;
        }
        self.features.push((space.name.clone(), features));
        self.spaces.push(space);
        Ok(())
    }
}

/// What is said where halves of the real cells have conditions of one group: draws lose them as a whole.
fn lonely(halves: &Halves, conditions: &[usize], nature: Nature) -> Option<String> {
    let mut alone = BTreeSet::new();
    for (rows, groups) in halves.rows().into_iter().zip(halves.groups()) {
        let mut of_condition: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (row, group) in rows.iter().zip(groups.of_rows()) {
            if let Some(&condition) = conditions.get(*row) {
                of_condition.entry(condition).or_default().insert(*group);
            }
        }
        alone.extend(
            of_condition
                .into_iter()
                .filter(|(_, groups)| groups.len() < 2)
                .map(|(condition, _)| condition),
        );
    }
    let cells = conditions
        .iter()
        .filter(|condition| alone.contains(condition))
        .count();
    let share = 100.0 * cells as f64 / conditions.len().max(1) as f64;
    (share >= 1.0).then(|| {
        format!(
            "{share:.0} % of the treated cells are of conditions that have one group in a half of the \
             {nature} cells: a draw may lose such a condition, and the intervals of distances are wide for \
             that"
        )
    })
}

fn within_conditions(space: &str, conditions: Option<usize>) -> String {
    match conditions {
        Some(1) => format!("distances within conditions in {space} are of one condition"),
        Some(count) => format!("the kernel distance by condition in {space} is a mean of {count}"),
        None => format!(
            "no distances within conditions in {space}: none has {} groups in each half",
            super::by_condition::FEWEST_GROUPS
        ),
    }
}

fn plane(
    (question, gathered): (&Question<'_>, &Gathered),
    space: &str,
    of_treated: &[Features],
    of_controls: &[Features],
) -> Result<Option<BatchPlane>, EvaluateError> {
    let (Some(real), Some(generated), Some(controls)) = (
        of_treated.first(),
        of_treated.get(1 + GENERATED_SET),
        of_controls.first(),
    ) else {
        return Ok(None);
    };
    let treated_batches: Vec<&str> = gathered.treated.batches.iter().map(String::as_str).collect();
    let control_batches: Vec<&str> = gathered.controls.batches.iter().map(String::as_str).collect();
    let partners = question.cells.partners.iter();
    let starts: Vec<u32> = partners.map(|partner| partner.control).collect();
    let from_controls = question.bundle.manifest.source == FlowSource::Control;
    batch_plane(
        space,
        &[
            Plotted {
                kind: CloudKind::Control,
                features: controls,
                batches: &control_batches,
                starts: None,
            },
            Plotted {
                kind: CloudKind::Treated,
                features: real,
                batches: &treated_batches,
                starts: None,
            },
            Plotted {
                kind: CloudKind::Generated,
                features: generated,
                batches: &treated_batches,
                starts: from_controls.then_some(&starts[..]),
            },
        ],
    )
}

/// Whether the first classifier among the spaces tells real cells apart.
fn apart(question: &Question<'_>, gathered: &Gathered) -> Result<Option<String>, EvaluateError> {
    let Some(classifier) = classifier_of(question) else {
        return Ok(None);
    };
    let numbers = question.cells.treated();
    let spec = &question.bundle.manifest.image;
    let shape = [spec.channels.len(), spec.height, spec.width];
    let found = told_apart(
        classifier,
        question.experiment,
        (&gathered.treated, &numbers),
        &gathered.controls,
        (shape, question.least_cells, question.plan),
    )?;
    let nature = question.nature();
    Ok(Some(found.map_or_else(
        || {
            format!(
                "whether the classifier tells {nature} cells apart is not known: fewer than two classes \
                 have cells enough"
            )
        },
        |found| found.to_string(),
    )))
}

fn classifier_of<'a>(question: &Question<'a>) -> Option<&'a Classifier> {
    question.spaces.iter().find_map(|space| match space {
        Extractor::Moa(classifier) => Some(classifier.as_ref()),
        _ => None,
    })
}

/// What the first classifier among the spaces sees in real treated cells and in generated ones.
fn classified(question: &Question<'_>, gathered: &Gathered) -> Result<Option<ModesOfAction>, EvaluateError> {
    let classifier = classifier_of(question);
    let (Some(classifier), Some(generated)) = (classifier, gathered.beside_treated.get(GENERATED_SET)) else {
        return Ok(None);
    };
    let numbers = question.cells.treated();
    let spec = &question.bundle.manifest.image;
    modes_of_action(
        classifier,
        question.experiment,
        &numbers,
        &gathered.treated.groups,
        (&gathered.treated.images, &generated.images),
        [spec.channels.len(), spec.height, spec.width],
        question.plan,
    )
}

/// This program, as evaluations name it.
pub fn program() -> String {
    format!("cellflux-train {}", env!("CARGO_PKG_VERSION"))
}

/// The real cells that a question is about.
pub(super) fn described(question: &Question<'_>, gathered: &Gathered) -> MeasuredData {
    let wells = wells(question.experiment, &question.cells.treated());
    MeasuredData {
        name: question.bundle.manifest.provenance.data_set.name.clone(),
        drawn: question.experiment.drawn(),
        split: match question.split {
            Split::Test => MeasuredSplit::Test,
            Split::HeldOut => MeasuredSplit::HeldOut,
            Split::Train | Split::Validation => MeasuredSplit::Validation,
        },
        treated: gathered.treated.paths.len(),
        controls: gathered.controls.paths.len(),
        resampled_by: resampled(gathered.treated.groups.unit()),
        groups: gathered.treated.groups.count(),
        wells: wells.map(|(all, _)| all),
        wells_in_training: wells.map(|(_, trained)| trained),
        replicates: question.plan.replicates,
        least_cells: question.least_cells,
        seed: question.plan.seed,
    }
}

/// How many wells these images are of, and how many of the wells have training images; none where an image
/// names no well.
fn wells(experiment: &Experiment, treated: &[u32]) -> Option<(usize, usize)> {
    let of = |numbers: &[u32]| -> BTreeSet<(Option<String>, Option<String>)> {
        let origins = origins(experiment, numbers).into_iter();
        origins.map(|origin| (origin.plate, origin.well)).collect()
    };
    let own = of(treated);
    if own.iter().any(|(_, well)| well.is_none()) {
        return None;
    }
    let trained: Vec<u32> = (0..)
        .zip(experiment.entries())
        .filter(|(_, entry)| entry.split == Split::Train)
        .map(|(number, _)| number)
        .collect();
    let trained = of(&trained);
    Some((own.len(), own.intersection(&trained).count()))
}

/// The walks of shared controls, where the same controls were walked under several compounds.
fn same_controls(
    question: &Question<'_>,
    gathered: &Gathered,
) -> Result<Option<SameControls>, EvaluateError> {
    let Some((conditions, images)) = question.shared else {
        return Ok(None);
    };
    Ok(Some(SameControls {
        ids: conditions
            .iter()
            .map(|&at| question.bundle.manifest.conditions.list.get(at))
            .map(|condition| condition.map_or_else(String::new, |condition| condition.id.clone()))
            .collect(),
        measured: gathered.ruler.measure(images)?,
    }))
}

/// How much the network uses its compound.
fn used(
    question: &Question<'_>,
    gathered: &Gathered,
    known: &[(usize, ConditionCells)],
    same: Option<&SameControls>,
) -> Result<Option<StatedUse>, EvaluateError> {
    let Some(same) = same else {
        return Ok(None);
    };
    let list = &question.bundle.manifest.conditions.list;
    let known: Vec<(&str, &ConditionCells)> = known
        .iter()
        .filter_map(|(at, cells)| Some((list.get(*at)?.id.as_str(), cells)))
        .collect();
    let used = CompoundUse::of(&known, &[same], &gathered.scale, question.plan)?;
    Ok(used.and_then(|used| used.stated(0)))
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
