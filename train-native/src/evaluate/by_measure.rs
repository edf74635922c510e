//! Condition by condition, what each single measure of size, shape, amount and place shows: the means of
//! controls, treated and generated cells, how far their distributions are apart, and how much of the gap is
//! closed in this measure alone. `measures_by_condition.csv` has it.
//!
//! Controls that were walked under their own condition stand there, too, beside the very controls that they
//! are to stay like.

use std::path::Path;

use cellflux_bundle::evaluation::RowKind;
use cellflux_measure::sets::SetError;
use cellflux_measure::sets::bootstrap::{Draw, Plan};
use cellflux_measure::sets::groups::Groups;

use super::conditions::control_cells;
use super::gaps::{Condition, ConditionCells, Counts, Prepared, beyond};
use super::gathered::Gathered;
use super::measured::{Column, Measured, Ruler, Scale};
use super::question::{GENERATED_SET, Question};
use super::shown::numbers;
use super::statistics::Statistics;
use super::{Estimate, EvaluateError};

/// The file's name.
pub const FILE: &str = "measures_by_condition.csv";

/// The cells of one kind that have a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// How many.
    pub cells: usize,
    /// Their mean, in the measure's unit.
    pub mean: f64,
}

impl Sample {
    fn of(column: &Column) -> Self {
        Self {
            cells: column.images(),
            mean: column.plain_mean(),
        }
    }
}

/// One measure in one condition. Distances are Wasserstein-1, in the measure's unit, with what noise makes in
/// them.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureOfCondition {
    /// The condition's position in the bundle's list.
    pub condition: usize,
    /// The measure's name.
    pub measure: String,
    /// Its unit; empty for none.
    pub unit: &'static str,
    /// Whether its gap stands out, so that it counts for the condition's gap closed; of the others the side
    /// change is taken.
    pub stands_out: bool,
    /// Standard deviation of all real controls, in the measure's unit.
    pub deviation: f64,
    /// Real controls of the condition's batches.
    pub control: Sample,
    /// Real treated cells.
    pub treated: Sample,
    /// Generated cells; none where fewer than two have the measure.
    pub generated: Option<Sample>,
    /// Distance from controls to treated cells, the gap; none for walks of controls, which have no gap.
    pub gap: Option<Estimate>,
    /// What noise makes of the gap alone: two sets of one distribution, as large as these.
    pub noise_of_gap: f64,
    /// Distance from generated to treated cells.
    pub left: Option<Estimate>,
    /// What noise makes of it alone.
    pub noise_of_left: f64,
    /// The generated cells' mean less the treated cells', in standard deviations of the controls: 0 is right.
    pub shift: Option<Estimate>,
    /// The share of the gap that is closed in this measure, without noise.
    pub gap_closed: Option<Estimate>,
}

/// Statistics of a measure in the replicates.
const GAP: usize = 0;
const LEFT: usize = 1;
const SHIFT: usize = 2;
const CLOSED: usize = 3;
const STATISTICS: usize = 4;

/// Every measure that tells of an effect in the condition at this position, in the catalogue's order; set
/// number `set` of its cells is the generated one.
///
/// # Errors
/// [`EvaluateError::Sets`] for a bootstrap that cannot be.
pub fn of_condition(
    (position, cells, set): (usize, &ConditionCells, usize),
    (controls, control_groups): (&Measured, &Groups),
    (ruler, scale): (&Ruler, &Scale),
    plan: Plan,
) -> Result<Vec<MeasureOfCondition>, EvaluateError> {
    let condition = Condition::new(cells, (controls, control_groups), (ruler, scale), plan.seed);
    let mut measures: Vec<(&Prepared, bool)> = condition
        .measures
        .iter()
        .map(|measure| (measure, true))
        .chain(condition.unchanged.iter().map(|measure| (measure, false)))
        .collect();
    measures.sort_by_key(|(measure, _)| measure.measure);
    let sides = [control_groups, &cells.groups];
    let statistics = Statistics::of(&sides, plan, |draw, noise| {
        drawn(&condition, &measures, set, (draw, noise))
    })?;
    let found = measures
        .iter()
        .enumerate()
        .filter_map(|(place, (measure, stands_out))| {
            let described = ruler.catalogue().get(measure.measure)?;
            let of = |statistic: usize| statistics.estimate(STATISTICS * place + statistic);
            let distance = |statistic: usize| of(statistic).map(not_negative);
            Some(MeasureOfCondition {
                condition: position,
                measure: described.name.clone(),
                unit: described.unit.symbol(),
                stands_out: *stands_out,
                deviation: measure.deviation,
                control: Sample::of(&measure.controls),
                treated: Sample::of(&measure.treated),
                generated: measure.of_set(set).map(Sample::of),
                gap: distance(GAP),
                noise_of_gap: measure.noise.gap.sqrt(),
                left: distance(LEFT),
                noise_of_left: measure.noise.left.sqrt(),
                shift: of(SHIFT),
                gap_closed: of(CLOSED).filter(|_| *stands_out),
            })
        });
    Ok(found.collect())
}

/// Every condition that is `known`, in its order, and after them controls that were walked under their own
/// condition.
///
/// # Errors
/// [`EvaluateError::Sets`] for a bootstrap that cannot be.
pub(super) fn by_measure(
    question: &Question<'_>,
    gathered: &Gathered,
    known: &[(usize, ConditionCells)],
) -> Result<Vec<MeasureOfCondition>, EvaluateError> {
    let controls = (&gathered.controls.measured, &gathered.controls.groups);
    let scale = (&gathered.ruler, &gathered.scale);
    let mut found = Vec::new();
    for (position, cells) in known {
        let condition = (*position, cells, GENERATED_SET);
        found.extend(of_condition(condition, controls, scale, question.plan)?);
    }
    let mut list = question.bundle.manifest.conditions.list.iter();
    let untreated = list.position(|condition| condition.control);
    let mut beside = gathered.beside_controls.iter();
    let walked = beside.position(|set| set.kind == RowKind::Untreated);
    if let (Some(position), Some(set)) = (untreated, walked)
        && gathered.controls.groups.count() >= 2
    {
        let cells = control_cells(gathered);
        let walked = of_condition((position, &cells, set), controls, scale, question.plan)?;
        // Controls are not apart from themselves.
        found.extend(
            walked
                .into_iter()
                .map(|measure| MeasureOfCondition { gap: None, ..measure }),
        );
    }
    Ok(found)
}

/// Each measure's statistics in one draw, measure after measure.
fn drawn(
    condition: &Condition<'_>,
    measures: &[(&Prepared, bool)],
    set: usize,
    (draw, noise): (&Draw<'_>, f64),
) -> Result<Vec<Option<f64>>, SetError> {
    let controls = condition.drawn_controls(&draw.rows(1)?);
    let treated = draw.rows(2)?;
    let counts = Counts {
        made: &treated,
        treated: &treated,
        controls: &controls,
    };
    let mut values = Vec::with_capacity(STATISTICS * measures.len());
    for (measure, _) in measures {
        let made = measure.of_set(set);
        let gap = measure.gap(counts);
        let left = made.and_then(|made| measure.left(made, counts));
        let shift = made.and_then(|made| {
            let apart = made.mean(counts.made)? - measure.treated.mean(counts.treated)?;
            Some(apart / measure.deviation)
        });
        values.extend([gap, left, shift, closed(measure, gap, left, noise)]);
    }
    Ok(values)
}

/// The share that is closed; `None` where the gap is within its noise.
fn closed(measure: &Prepared, gap: Option<f64>, left: Option<f64>, noise: f64) -> Option<f64> {
    let gap = beyond(gap?, noise * measure.noise.gap);
    let left = beyond(left?, noise * measure.noise.left);
    (gap > 0.0).then(|| 1.0 - left / gap)
}

/// A distance whose interval was moved by its bias, which may lead below 0.
fn not_negative(estimate: Estimate) -> Estimate {
    Estimate {
        value: estimate.value,
        low: estimate.low.max(0.0),
        high: estimate.high.max(0.0),
    }
}

/// The columns of the file.
const TITLES: [&str; 25] = [
    "condition",
    "measure",
    "unit",
    "stands_out",
    "control_deviation",
    "control_cells",
    "control_mean",
    "treated_cells",
    "treated_mean",
    "generated_cells",
    "generated_mean",
    "shift",
    "shift_low",
    "shift_high",
    "w1_control",
    "w1_control_low",
    "w1_control_high",
    "w1_control_noise",
    "w1_generated",
    "w1_generated_low",
    "w1_generated_high",
    "w1_generated_noise",
    "gap_closed",
    "gap_closed_low",
    "gap_closed_high",
];

/// The file's text, where `id` says the id of the condition at a position.
///
/// # Errors
/// [`EvaluateError::Text`] for a table that cannot be written.
pub fn csv<'a>(
    path: &Path,
    measures: &[MeasureOfCondition],
    id: impl Fn(usize) -> &'a str,
) -> Result<Vec<u8>, EvaluateError> {
    let wrong = |reason: String| EvaluateError::Text {
        path: path.to_owned(),
        reason,
    };
    let mut table = csv::Writer::from_writer(Vec::new());
    table
        .write_record(TITLES)
        .map_err(|error| wrong(error.to_string()))?;
    for measure in measures {
        let mut record = vec![
            id(measure.condition).to_owned(),
            measure.measure.clone(),
            measure.unit.to_owned(),
            measure.stands_out.to_string(),
            measure.deviation.to_string(),
        ];
        for sample in [Some(measure.control), Some(measure.treated), measure.generated] {
            record.push(sample.map_or_else(String::new, |sample| sample.cells.to_string()));
            record.push(sample.map_or_else(String::new, |sample| sample.mean.to_string()));
        }
        record.extend(numbers(measure.shift));
        record.extend(numbers(measure.gap));
        record.push(measure.noise_of_gap.to_string());
        record.extend(numbers(measure.left));
        record.push(measure.noise_of_left.to_string());
        record.extend(numbers(measure.gap_closed));
        table
            .write_record(&record)
            .map_err(|error| wrong(error.to_string()))?;
    }
    table.into_inner().map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use cellflux_measure::sets::groups::Unit;

    use super::*;

    fn ruler() -> Ruler {
        Ruler::of_channels(&["DNA", "Actin"].map(str::to_owned), [8, 8]).unwrap()
    }

    /// Cells of these nuclear areas, without one where that is nothing; everything else is the same in all.
    fn cells(ruler: &Ruler, areas: &[Option<f64>]) -> Measured {
        let area = ruler.position("nucleus.area").unwrap();
        let row = |value: Option<f64>| -> Vec<Option<f64>> {
            let measures = 0..ruler.catalogue().len();
            measures
                .map(|measure| if measure == area { value } else { Some(10.0) })
                .collect()
        };
        let rows = areas.iter().map(|&value| row(value)).collect();
        Measured::of_rows(rows, ruler.catalogue().len())
    }

    /// What the nuclear area shows of cells in two wells of two.
    fn area(controls: &[Option<f64>], treated: &[Option<f64>], made: &[Option<f64>]) -> MeasureOfCondition {
        let ruler = ruler();
        let controls = cells(&ruler, controls);
        let wells = Groups::of(Unit::Well, &[0, 0, 1, 1]);
        let condition = ConditionCells {
            treated: cells(&ruler, treated),
            groups: wells.clone(),
            controls: vec![0, 1, 2, 3],
            sets: vec![cells(&ruler, made)],
        };
        let scale = Scale::of(&controls);
        let plan = Plan {
            replicates: 100,
            seed: 1,
        };
        let found = of_condition((7, &condition, 0), (&controls, &wells), (&ruler, &scale), plan).unwrap();
        assert_eq!(found.len(), 1, "the other measures do not vary");
        found.into_iter().next().unwrap()
    }

    fn is(estimate: Option<Estimate>, expected: f64) -> bool {
        let Estimate { value, low, high } = estimate.unwrap();
        // Wells are alike, so every draw has the same figures, but for roundings.
        [value, low, high]
            .iter()
            .all(|number| (number - expected).abs() < 1e-9)
    }

    const CONTROLS: [Option<f64>; 4] = [Some(9.0), Some(11.0), Some(9.0), Some(11.0)];

    #[test]
    fn means_distances_and_the_share_of_one_measure_are_those_of_its_numbers() {
        let found = area(&CONTROLS, &[Some(20.0); 4], &[Some(16.0); 4]);
        assert_eq!((found.condition, found.measure.as_str()), (7, "nucleus.area"));
        assert!(found.stands_out);
        let sample = |mean: f64| Sample { cells: 4, mean };
        assert_eq!((found.control, found.treated), (sample(10.0), sample(20.0)));
        assert_eq!(found.generated, Some(sample(16.0)));
        // Squares of 1 from the mean in each of four cells.
        let deviation = (4.0_f64 / 3.0).sqrt();
        assert!((found.deviation - deviation).abs() < 1e-12);
        assert!(is(found.gap, 10.0) && is(found.left, 4.0), "{found:?}");
        assert!(
            is(found.gap_closed, 0.6) && is(found.shift, -4.0 / deviation),
            "{found:?}"
        );
        assert!(found.noise_of_gap.abs() < 1e-12 && found.noise_of_left.abs() < 1e-12);
    }

    #[test]
    fn a_measure_without_a_gap_has_no_share_and_a_set_without_the_measure_has_no_figure() {
        let same = area(&CONTROLS, &CONTROLS, &[Some(12.0); 4]);
        assert!(!same.stands_out && same.gap_closed.is_none(), "{same:?}");
        assert!(is(same.left, 2.0), "{same:?}");
        let black = area(&CONTROLS, &[Some(20.0); 4], &[None, None, None, Some(16.0)]);
        assert!(black.generated.is_none() && black.left.is_none() && black.shift.is_none());
        assert!(is(black.gap, 10.0) && black.gap_closed.is_none());
    }

    #[test]
    fn a_line_of_the_file_has_a_cell_for_each_title() {
        let found = area(&CONTROLS, &[Some(20.0); 4], &[None; 4]);
        let text = csv(Path::new(FILE), &[found], |_| "taxol").unwrap();
        let mut read = csv::Reader::from_reader(text.as_slice());
        assert_eq!(read.headers().unwrap().len(), TITLES.len());
        let line = read.records().next().unwrap().unwrap();
        let cell = |title: &str| {
            let at = TITLES.iter().position(|own| *own == title).unwrap();
            line.get(at).unwrap().to_owned()
        };
        assert_eq!(cell("condition"), "taxol");
        assert_eq!((cell("unit"), cell("treated_mean")), ("px".into(), "20".into()));
        assert_eq!(
            (cell("generated_cells"), cell("gap_closed_low")),
            (String::new(), String::new())
        );
        assert_eq!(
            (cell("control_cells"), cell("w1_control")),
            ("4".into(), "10".into())
        );
    }
}
