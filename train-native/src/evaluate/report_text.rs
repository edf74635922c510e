//! The report of an evaluation for people, in Markdown.

use std::fmt::Write;

use cellflux_bundle::conditions::Conditions;
use cellflux_bundle::evaluation::{
    Confusion, Distances, Evaluation, Nature, NuclearArea, Resampled, Row, Space,
};
use cellflux_bundle::markdown::escaped;
use cellflux_figures::Chart;

use super::assess::{Assessment, unmeasured};
use super::by_condition::WithinConditions;
use super::by_measure::{FILE, MeasureOfCondition};
use super::nearest::Nearest;
use super::plots::PLOTS;
use super::question::Difference;
use super::sheets::SHEETS;
use super::shown::shown;
use super::{Estimate, name_of};

/// The whole report of a bundle of this title and conditions, with links to the charts and sheets beside it.
pub fn markdown(
    assessment: &Assessment,
    title: &str,
    conditions: &Conditions,
    sheets: &[String],
    plots: &[Chart],
) -> String {
    let evaluation = &assessment.evaluation;
    let data = &evaluation.data;
    let nature = data.nature();
    let mut text = format!(
        "# Evaluation of {title}\n\n{} {nature} treated cells and {} controls of {} ({} split). Brackets \
        hold intervals of 95 %, from {} resamplings of {}. Sampling: {} steps of {} on {}, alpha {}, noise \
        {}.\n\n",
        data.treated,
        data.controls,
        escaped(&data.name),
        name_of(&data.split),
        data.replicates,
        data.resampled_by.counted(data.groups),
        evaluation.sampling.steps,
        evaluation.sampling.solver.name(),
        evaluation.sampling.grid.name(),
        evaluation.sampling.alpha,
        evaluation.sampling.noise,
        title = escaped(title),
    );
    text.push_str("## In words\n\n");
    for remark in evaluation.remarks(conditions) {
        let _ = writeln!(text, "- {}.", escaped(&remark.to_string()));
    }
    for sentence in of_differences(&assessment.differences, nature) {
        let _ = writeln!(text, "- {}", escaped(&sentence));
    }
    for note in &assessment.notes {
        let _ = writeln!(text, "- {}", escaped(note));
    }
    change_table(&mut text, &evaluation.rows, nature);
    beside_the_gap(&mut text, assessment, conditions);
    untreated_walk(&mut text, &assessment.by_measure, conditions, nature);
    let _ = writeln!(
        text,
        "\nDistances are between one half of a set and the other half of the {nature} cells, both ways and \
        averaged, so that no cell is compared with its own partner and every row has as many cells on each \
        side. Rows of controls are compared with {nature} controls."
    );
    for space in &evaluation.spaces {
        space_table(&mut text, space, &evaluation.rows);
    }
    difference_table(&mut text, &assessment.differences, nature);
    conditions_table(&mut text, evaluation);
    within_conditions(&mut text, &assessment.within, &evaluation.rows, conditions);
    modes_table(&mut text, evaluation);
    nearest_training(&mut text, assessment.nearest.as_ref(), nature);
    plot_links(&mut text, plots);
    sheet_links(&mut text, sheets);
    text
}

/// The distances within each condition, space by space.
fn within_conditions(
    text: &mut String,
    spaces: &[(String, WithinConditions)],
    rows: &[Row],
    conditions: &Conditions,
) {
    for (space, measured) in spaces {
        let _ = write!(
            text,
            "\n### Within conditions, {}\n\n| condition | set | KID | energy | Frechet | precision \
             | recall | density | coverage |\n|---|---|---|---|---|---|---|---|---|\n",
            escaped(space)
        );
        for (place, &condition) in measured.conditions.iter().enumerate() {
            let name = conditions
                .list
                .get(condition)
                .map_or_else(String::new, |condition| escaped(&condition.name));
            for (set, row) in rows.iter().enumerate() {
                if let Some(found) = measured.within(space, place, set) {
                    let figures = shown_distances(&found).join(" | ");
                    let _ = writeln!(text, "| {name} | {} | {figures} |", escaped(&row.name));
                }
            }
        }
    }
}

/// Distances with their intervals, in the order of the tables' columns: KID, energy, Frechet, neighbours.
fn shown_distances(found: &Distances) -> Vec<String> {
    let figures = [
        (found.kid, 4),
        (found.energy, 3),
        (found.frechet, 2),
        (found.precision, 2),
        (found.recall, 2),
        (found.density, 2),
        (found.coverage, 2),
    ];
    let figures = figures.iter();
    figures.map(|&(figure, digits)| shown(figure, digits)).collect()
}

/// Generated cells whose nearest training cell is this much farther than real cells' are unlike real cells.
const FAR: f64 = 1.25;

/// Whether generated cells repeat training cells.
fn nearest_training(text: &mut String, nearest: Option<&Nearest>, nature: Nature) {
    let Some(nearest) = nearest else {
        return;
    };
    let _ = writeln!(
        text,
        "\n## The nearest training cells\n\nAmong {} treated training cells, in {}. The median distance from \
        a generated cell to the nearest one is {:.2}, from a {nature} cell of this split {:.2}. {:.0} % of \
        the generated cells are nearer to a training cell than 95 % of the {nature} ones; 5 % would be \
        expected of cells that repeat nothing.{}",
        nearest.searched,
        escaped(&nearest.space),
        nearest.generated,
        nearest.real,
        100.0 * nearest.very_near,
        if nearest.generated > FAR * nearest.real {
            format!(
                " Generated cells are farther from training cells than {nature} ones are: they do not look \
                 like {nature} cells in this space."
            )
        } else {
            String::new()
        }
    );
}

fn plot_links(text: &mut String, plots: &[Chart]) {
    if plots.is_empty() {
        return;
    }
    text.push_str("\n## Charts\n\n");
    for Chart { name, figure } in plots {
        let _ = writeln!(text, "- [{}]({PLOTS}/{name}.svg)", escaped(figure.title()));
    }
}

fn sheet_links(text: &mut String, sheets: &[String]) {
    if sheets.is_empty() {
        return;
    }
    text.push_str("\n## Cells to look at\n\nGenerated cells are not measured ones.\n\n");
    for sheet in sheets {
        let _ = writeln!(text, "- [{}]({SHEETS}/{sheet})", escaped(sheet));
    }
}

fn change_table(text: &mut String, rows: &[Row], nature: Nature) {
    text.push_str(
        "\n## The change that is made\n\n| set | cells | starts | gap closed | direction | side change \
         (sd) | \
        fine detail |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            escaped(&row.name),
            row.cells,
            count(row.starts),
            shown(row.gap_closed, 2),
            shown(row.direction, 2),
            shown(row.side_change, 2),
            shown(row.fine_detail, 2),
        );
    }
    let _ = writeln!(
        text,
        "\nStarts counts the different images that the walks started from: without source noise, equal \
         starts under one condition give equal pictures. Gap closed and direction are means over the \
         conditions that have figures, over the measures that change in {nature} cells. A gap closed above 1 \
         is more change than {nature} cells show: noise where its interval holds 1, too much where it does \
         not. Side change says how far generated cells are from {nature} ones in the measures that do not \
         change in {nature} cells, in standard deviations of the controls, with the noise taken away: 0 is \
         right. A set has no figure where it lacks what is measured in some condition, such as a nucleus."
    );
}

/// What the gap closed is to be read beside: that of real cells, and that with controls of the same plate.
fn beside_the_gap(text: &mut String, assessment: &Assessment, conditions: &Conditions) {
    let (evaluation, real) = (&assessment.evaluation, &assessment.real_halves);
    let plate = assessment.same_plate.as_ref();
    if real.gap_closed.is_none() && plate.is_none() {
        return;
    }
    let nature = evaluation.data.nature();
    let _ = write!(
        text,
        "\n## What the gap closed is to be read beside\n\n{} cells: one half of a condition's wells, or \
        of the groups that intervals resample, in place of generated cells, beside the other half, both \
        ways. It is what a perfect generator would get from half of the cells. Same plate: generated cells, \
        beside controls of the treated cells' own plates alone, not of their whole batches.\n\n\
        | condition | generated | {nature} cells | same plate |\n|---|---|---|---|\n",
        nature.capital()
    );
    for condition in &evaluation.conditions {
        let position = conditions.position(&condition.id);
        let of_real = position.and_then(|position| real.of_condition(position));
        let of_plate = position.and_then(|position| plate?.of_condition(position));
        if of_real.is_none() && of_plate.is_none() {
            continue;
        }
        let shares = [condition.gap_closed, of_real, of_plate].map(|share| shown(share, 2));
        let _ = writeln!(text, "| {} | {} |", escaped(&condition.name), shares.join(" | "));
    }
    let Some(plate) = plate else { return };
    text.push_str(
        "\n| set, all conditions | controls of the batch | controls of the same plate |\n|---|---|---|\n",
    );
    for (name, share) in &plate.sets {
        let row = evaluation.rows.iter().find(|row| row.name == *name);
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            escaped(name),
            shown(row.and_then(|row| row.gap_closed), 2),
            shown(*share, 2)
        );
    }
}

/// The measures in which controls that were walked under their own condition moved most.
fn untreated_walk(
    text: &mut String,
    measures: &[MeasureOfCondition],
    conditions: &Conditions,
    nature: Nature,
) {
    const SHOWN: usize = 8;
    let is_control = |measure: &&MeasureOfCondition| {
        let condition = conditions.list.get(measure.condition);
        condition.is_some_and(|condition| condition.control)
    };
    let size = |measure: &MeasureOfCondition| measure.shift.map_or(0.0, |shift| shift.value.abs());
    let mut walked: Vec<&MeasureOfCondition> = measures.iter().filter(is_control).collect();
    if walked.is_empty() {
        return;
    }
    walked.sort_by(|a, b| size(b).total_cmp(&size(a)));
    let _ = write!(
        text,
        "\n## Controls that should stay\n\nControls that were walked under their own condition, beside the \
        same controls as they were: the {} of {} measures whose mean moved most, in standard deviations of \
        the {nature} controls; 0 is right. `{FILE}` has all.\n\n| measure | {nature} controls | walked | \
        shift (sd) | Wasserstein-1 | of it noise |\n|---|---|---|---|---|---|\n",
        walked.len().min(SHOWN),
        walked.len()
    );
    for measure in walked.iter().take(SHOWN) {
        let mean = measure.generated.map(|sample| format!("{:.4}", sample.mean));
        let _ = writeln!(
            text,
            "| {} | {:.4} | {} | {} | {} | {:.4} |",
            escaped(&measure.measure),
            measure.control.mean,
            mean.as_deref().unwrap_or("-"),
            shown(measure.shift, 2),
            shown(measure.left, 4),
            measure.noise_of_left
        );
    }
}

/// A number that may be unknown.
fn count(number: Option<usize>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

fn space_table(text: &mut String, space: &Space, rows: &[Row]) {
    let _ = write!(
        text,
        "\n## Distances in {} ({} features)\n\n{}\n\n\
         | set | KID | KID by condition | energy | Frechet | precision | recall | density | coverage |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        escaped(&space.name),
        space.width,
        escaped(&space.about)
    );
    for row in rows {
        let Some(found) = row
            .distances
            .iter()
            .find(|distances| distances.space == space.name)
        else {
            continue;
        };
        let mut cells = shown_distances(found);
        cells.insert(1, shown(found.kid_by_condition, 4));
        let _ = writeln!(text, "| {} | {} |", escaped(&row.name), cells.join(" | "));
    }
}

fn difference_table(text: &mut String, differences: &[Difference], nature: Nature) {
    let _ = writeln!(
        text,
        "\n## As differences, on the same draws\n\n| sets | gap closed | nearer to {nature} cells by (KID) \
        |\n|---|---|---|"
    );
    for difference in differences {
        let nearer: Vec<String> = difference
            .nearer
            .iter()
            .map(|(space, nearer)| format!("{} {}", escaped(space), shown(Some(*nearer), 4)))
            .collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            escaped(&difference.name),
            shown(difference.gap_closed, 2),
            nearer.join("; ")
        );
    }
}

fn of_differences(differences: &[Difference], nature: Nature) -> Vec<String> {
    // Above zero speaks for the generated set, below zero against it.
    let certain = |difference: Estimate| {
        if difference.low > 0.0 {
            "more than zero"
        } else if difference.high < 0.0 {
            "less than zero"
        } else {
            "which may be chance"
        }
    };
    let sentences = |difference: &Difference| {
        let name = &difference.name;
        let gap = difference.gap_closed.map(|gap| {
            let shown = shown(Some(gap), 2);
            format!("{name}: the gap closed is larger by {shown}, {}.", certain(gap))
        });
        let nearer = difference.nearer.iter().map(move |(space, nearer)| {
            let shown = shown(Some(*nearer), 2);
            format!(
                "{name}: in {space}, the kernel distance to {nature} cells is smaller by {shown}, {}.",
                certain(*nearer)
            )
        });
        gap.into_iter().chain(nearer).collect::<Vec<_>>()
    };
    differences.iter().flat_map(sentences).collect()
}

/// What the groups are called that intervals resample.
fn groups_of(kind: Resampled) -> &'static str {
    match kind {
        // Another column counts cells.
        Resampled::Cell => "groups",
        kind => kind.names(),
    }
}

fn conditions_table(text: &mut String, evaluation: &Evaluation) {
    let _ = write!(
        text,
        "\n## By condition\n\n| condition | cells | {} | starts | controls | gap closed | direction | \
        side change (sd) | nuclear area: control, {}, generated (px) \
        |\n|---|---|---|---|---|---|---|---|---|\n",
        groups_of(evaluation.data.resampled_by),
        evaluation.data.nature()
    );
    let least = evaluation.data.least_cells;
    for condition in evaluation
        .conditions
        .iter()
        .filter(|condition| condition.treated >= least)
    {
        let area = |which: fn(&NuclearArea) -> Estimate| shown(condition.nuclei.as_ref().map(which), 0);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {}; {}; {} |",
            escaped(&condition.name),
            condition.treated,
            count(condition.groups),
            count(condition.starts),
            condition.controls,
            shown(condition.gap_closed, 2),
            shown(condition.direction, 2),
            shown(condition.side_change, 2),
            area(|nuclei| nuclei.control),
            area(|nuclei| nuclei.treated),
            area(|nuclei| nuclei.generated),
        );
    }
    let others = unmeasured(evaluation);
    if !others.is_empty() {
        let names: Vec<String> = others
            .iter()
            .map(|(name, cells)| format!("{} (n = {cells})", escaped(name)))
            .collect();
        let _ = writeln!(
            text,
            "\nWithout figures: {}. \"In words\" says why.",
            names.join(", ")
        );
    }
}

fn modes_table(text: &mut String, evaluation: &Evaluation) {
    let Some(modes) = &evaluation.modes_of_action else {
        return;
    };
    let nature = evaluation.data.nature();
    let _ = write!(
        text,
        "\n## Modes of action, as a classifier of {nature} cells sees them\n\n\
        Always saying the most frequent class would be right for {:.0} % of the cells.\n\n| cells | accuracy \
         | balanced accuracy | macro F1 | weighted F1 |\n\
         |---|---|---|---|---|\n",
        100.0 * modes.majority
    );
    for (name, confusion) in [(nature.word(), &modes.real), ("generated", &modes.generated)] {
        let Confusion {
            accuracy,
            balanced_accuracy,
            macro_f1,
            weighted_f1,
            ..
        } = confusion;
        let figures = [accuracy, balanced_accuracy, macro_f1, weighted_f1];
        let cells: Vec<String> = figures.iter().map(|figure| shown(Some(**figure), 2)).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    let labels: Vec<String> = modes.labels.iter().map(|label| escaped(label)).collect();
    for (name, confusion) in [(nature.capital(), &modes.real), ("Generated", &modes.generated)] {
        let _ = write!(
            text,
            "\n{name} cells, seen as:\n\n| truth | {} |\n|---|",
            labels.join(" | ")
        );
        text.push_str(&"---|".repeat(labels.len()));
        text.push('\n');
        for (label, counts) in labels.iter().zip(&confusion.counts) {
            if counts.iter().any(|&count| count > 0) {
                let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
                let _ = writeln!(text, "| {label} | {} |", counts.join(" | "));
            }
        }
    }
}
