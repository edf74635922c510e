//! Nuclear area of controls, real treated cells and generated ones, condition by condition (paper, Table 7).

use cellflux_bundle::evaluation::MeasuredCondition;

use crate::drawing::{Anchor, Drawing};
use crate::figure::WIDTH;
use crate::labels::filled;
use crate::measures::finite;
use crate::numbers::{digits, tick};
use crate::scale::{Scale, padded, range};
use crate::text::{class_width, widest};
use crate::{Estimate, Figure, Labels};

/// How many conditions a chart shows; the data hold all.
const MOST: usize = 60;
const NAMES: f64 = 170.0;
/// The least width of the axis.
const PLOT: f64 = 170.0;
const ROW: f64 = 40.0;
const TOP: f64 = 34.0;
/// From one of a row's three dots to the next.
const APART: f64 = 10.0;

/// Three dots for each condition, in the evaluation's order; nothing where no nuclei were measured.
pub fn nuclear_area(conditions: &[MeasuredCondition], labels: &Labels<'_>) -> Option<Figure> {
    let kinds = [
        ("control hollow", labels.control),
        ("treated", labels.real_treated),
        ("generated", labels.made),
    ];
    let mut rows: Vec<(&MeasuredCondition, [Estimate; 3])> = conditions
        .iter()
        .filter_map(|condition| {
            let nuclei = condition.nuclei?;
            let [control, treated, generated] =
                [nuclei.control, nuclei.treated, nuclei.generated].map(|area| finite(Some(area)));
            Some((condition, [control?, treated?, generated?]))
        })
        .collect();
    let all = rows.len();
    rows.truncate(MOST);
    let (low, high) = range(
        rows.iter()
            .flat_map(|(_, areas)| areas.iter().flat_map(|area| [area.value, area.low, area.high])),
    )
    .map(padded)?;
    let names: Vec<String> = rows
        .iter()
        .map(|(condition, _)| condition.name_and_dose())
        .collect();
    let counts: Vec<String> = rows
        .iter()
        .map(|(condition, _)| format!("n = {} / {}", condition.controls, condition.treated))
        .collect();
    let room = widest(names.iter().map(String::as_str), "label").min(NAMES);
    let left = room + 24.0;
    let right = widest(counts.iter().map(String::as_str), "figures") + 22.0;
    let plot = (WIDTH - left - right).max(PLOT);
    let scale = Scale {
        low,
        high,
        from: left,
        to: left + plot,
    };
    let legend: f64 = kinds
        .iter()
        .map(|(_, name)| class_width(name, "label") + 32.0)
        .sum();
    let bottom = TOP + ROW * rows.len() as f64;
    let note = (all > MOST).then(|| filled("{} of {}", &[&MOST.to_string(), &all.to_string()]));
    let mut drawing = Drawing::new((left + plot + right).max(legend).ceil(), bottom + 44.0);

    let mut x = 6.0;
    for (shape, (class, name)) in kinds.iter().enumerate() {
        drawing.marker((x, 10.0), shape, class, name);
        drawing.text((x + 10.0, 14.0), Anchor::Start, "label", name);
        x += class_width(name, "label") + 32.0;
    }
    let step = scale.step(5.0);
    for value in scale.multiples(step) {
        let at = scale.at(value);
        drawing.line((at, TOP - 4.0), (at, bottom + 4.0), "grid");
        drawing.text((at, bottom + 18.0), Anchor::Middle, "tick", &tick(value, step));
    }
    let mut described = Vec::new();
    for (index, ((_, areas), (name, count))) in rows.iter().zip(names.iter().zip(&counts)).enumerate() {
        let middle = TOP + ROW * (index as f64 + 0.5);
        drawing.label((left - 14.0, middle + 4.0), Anchor::End, name, room);
        drawing.text(
            (left + plot + 18.0, middle + 4.0),
            Anchor::Start,
            "figures",
            count,
        );
        let mut said = Vec::new();
        for (shape, (area, (class, kind))) in areas.iter().zip(kinds).enumerate() {
            let y = middle + APART * (shape as f64 - 1.0);
            let ends = (scale.at(area.low), scale.at(area.high));
            drawing.interval_across(y, ends, (false, false), &format!("interval {}", class_of(class)));
            let about = format!("{kind} {}", labels.estimate(*area, digits));
            drawing.marker(
                (scale.at(area.value), y),
                shape,
                class,
                &format!("{name}: {about}"),
            );
            said.push(about);
        }
        described.push(format!("{name} ({count}): {}", said.join(", ")));
    }
    let below = format!("n = {} / {}", labels.control, labels.real_treated);
    let below = note.map_or(below.clone(), |note| format!("{below}. {note}"));
    drawing.text((0.0, bottom + 38.0), Anchor::Start, "note", &below);
    Some(Figure::new(labels.nuclear_area, described.join("; "), drawing))
}

/// A line has no filling.
fn class_of(class: &str) -> &str {
    class.split(' ').next().unwrap_or_default()
}
