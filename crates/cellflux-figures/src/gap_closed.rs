//! A dot for each condition: the share of the measured change that its cells make, with its interval.

use cellflux_bundle::evaluation::MeasuredCondition;

use crate::drawing::{Anchor, Drawing};
use crate::labels::filled;
use crate::measures::finite;
use crate::numbers::percent;
use crate::scale::Scale;
use crate::text::{class_width, widest};
use crate::{Estimate, Figure, Labels};

/// How many conditions a chart shows; the data hold all.
const MOST: usize = 60;
/// The room of the longest name.
const NAMES: f64 = 230.0;
const PLOT: f64 = 300.0;
const ROW: f64 = 22.0;
const TOP: f64 = 34.0;
/// The share below which an interval is cut off, with an arrow; its figures stand beside it.
const LOWEST: f64 = -1.0;
/// As far to the right.
const HIGHEST: f64 = 2.0;
/// The least room between two ticks.
const TICKS: f64 = 64.0;

/// A condition with its figure.
type Dot<'a> = (&'a MeasuredCondition, Estimate);

/// The conditions that have a figure, the largest first; nothing where none has.
pub fn gap_closed(conditions: &[MeasuredCondition], labels: &Labels<'_>) -> Option<Figure> {
    let mut dots: Vec<Dot<'_>> = conditions
        .iter()
        .filter_map(|condition| Some((condition, finite(condition.gap_closed)?)))
        .collect();
    dots.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    let all = dots.len();
    dots.truncate(MOST);
    if dots.is_empty() {
        return None;
    }
    let names: Vec<String> = dots
        .iter()
        .map(|(condition, _)| condition.name_and_dose())
        .collect();
    let figures: Vec<String> = dots
        .iter()
        .map(|(condition, gap)| format!("{}, n = {}", labels.estimate(*gap, percent), condition.treated))
        .collect();
    let mut notes = Vec::new();
    if dots.iter().any(|(condition, _)| !condition.seen) {
        notes.push(labels.never_seen.to_owned());
    }
    if all > MOST {
        notes.push(filled(labels.first_of, &[&MOST.to_string(), &all.to_string()]));
    }

    // The names of the places of 0 and 1 may stand out over the axis on both sides.
    let places = [labels.copy_of_control, labels.whole_change].map(|name| class_width(name, "note"));
    let room = widest(names.iter().map(String::as_str), "label").min(NAMES);
    let left = (room + 16.0).max(places[0] + 4.0);
    let right = (widest(figures.iter().map(String::as_str), "figures") + 18.0).max(places[1] + 4.0);
    let scale = scale(&dots, left);
    let bottom = TOP + ROW * dots.len() as f64;
    let least = widest(notes.iter().map(String::as_str), "note");
    let mut drawing = Drawing::new(
        (left + PLOT + right).max(least).ceil(),
        bottom + 26.0 + 16.0 * notes.len() as f64,
    );
    axis(&mut drawing, &scale, bottom, labels);
    for (index, ((condition, gap), (name, figures))) in
        dots.iter().zip(names.iter().zip(&figures)).enumerate()
    {
        let y = TOP + ROW * (index as f64 + 0.5);
        drawing.label((left - 12.0, y + 4.0), Anchor::End, name, room);
        drawing.interval_across(
            y,
            (scale.at(gap.low), scale.at(gap.high)),
            (gap.low < scale.low, gap.high > scale.high),
            "interval",
        );
        // A dot beyond the axis would be at a place that it does not have.
        if !scale.beyond(gap.value) {
            let class = if condition.seen { "dot" } else { "dot hollow" };
            drawing.dot((scale.at(gap.value), y), 4.5, class);
        }
        drawing.text((left + PLOT + 14.0, y + 4.0), Anchor::Start, "figures", figures);
    }
    for (number, note) in notes.iter().enumerate() {
        let y = bottom + 38.0 + 16.0 * number as f64;
        drawing.text((0.0, y), Anchor::Start, "note", note);
    }
    let described: Vec<String> = names
        .iter()
        .zip(&figures)
        .map(|(name, figures)| format!("{name}: {figures}"))
        .collect();
    Some(Figure::new(labels.gap_closed, described.join("; "), drawing))
}

/// The shares that the chart's width holds: 0 and 1 always, and what the intervals need within bounds.
fn scale(dots: &[Dot<'_>], left: f64) -> Scale {
    let ends = |end: fn(&Estimate) -> f64| dots.iter().map(move |(_, gap)| end(gap));
    let low = ends(|gap| gap.low.min(gap.value)).fold(-0.05, f64::min);
    let high = ends(|gap| gap.high.max(gap.value)).fold(1.05, f64::max);
    Scale {
        low: low.max(LOWEST),
        high: high.min(HIGHEST),
        from: left,
        to: left + PLOT,
    }
}

/// Lines at round shares, the copy of the control and the whole change named above.
fn axis(drawing: &mut Drawing, scale: &Scale, bottom: f64, labels: &Labels<'_>) {
    let step = [0.25, 0.5, 1.0]
        .into_iter()
        .find(|step| PLOT * step / (scale.high - scale.low) >= TICKS)
        .unwrap_or(1.0);
    for share in scale.multiples(step) {
        let x = scale.at(share);
        let named = share.abs() < 1e-9 || (share - 1.0).abs() < 1e-9;
        drawing.line(
            (x, TOP - 4.0),
            (x, bottom + 4.0),
            if named { "axis" } else { "grid" },
        );
        drawing.text((x, bottom + 20.0), Anchor::Middle, "tick", &percent(share));
    }
    // Side by side where there is room over their lines, and turned away from each other where there is none.
    let names = [labels.copy_of_control, labels.whole_change];
    let needed = names.map(|name| class_width(name, "note")).iter().sum::<f64>() / 2.0 + 12.0;
    let (zero, one) = (scale.at(0.0), scale.at(1.0));
    let anchors = if one - zero >= needed {
        [Anchor::Middle; 2]
    } else {
        [Anchor::End, Anchor::Start]
    };
    for ((name, x), anchor) in names.into_iter().zip([zero, one]).zip(anchors) {
        drawing.text((x, TOP - 14.0), anchor, "note", name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(name: &str, gap: Option<[f64; 3]>, seen: bool) -> MeasuredCondition {
        MeasuredCondition {
            id: "x".into(),
            name: name.into(),
            dose_um: None,
            seen,
            treated: 178,
            controls: 10,
            gap_closed: gap.map(|[value, low, high]| Estimate { value, low, high }),
            direction: None,
            nuclei: None,
        }
    }

    fn drawn(conditions: &[MeasuredCondition]) -> String {
        gap_closed(conditions, &Labels::ENGLISH).unwrap().inline()
    }

    #[test]
    fn each_condition_has_its_dot_on_the_axis_its_figures_and_its_number_of_cells() {
        let svg = drawn(&[
            condition("taxol", Some([0.0, -0.2, 0.2]), true),
            condition("cycloheximide", Some([1.0, 0.9, 1.1]), false),
            condition("aspirin", None, true),
        ]);
        assert!(svg.contains("100 % (90 % to 110 %), n = 178"), "{svg}");
        assert!(svg.contains("taxol: 0 % (−20 % to 20 %), n = 178"), "{svg}");
        assert!(!svg.contains("aspirin"), "no figure, no dot: {svg}");
        assert!(
            svg.find(">cycloheximide<") < svg.find(">taxol<"),
            "the largest first"
        );
        assert!(svg.contains("<circle class=\"dot hollow\""), "{svg}");
        assert!(svg.contains(Labels::ENGLISH.never_seen));
        assert!(gap_closed(&[condition("aspirin", None, true)], &Labels::ENGLISH).is_none());
    }

    #[test]
    fn the_dots_lie_where_the_axis_has_their_shares() {
        let dots = [condition("a", Some([0.0, -0.2, 1.1]), true)];
        let at = scale(&[(&dots[0], dots[0].gap_closed.unwrap())], 100.0);
        // From -0.2 to 1.1 over 300 pixels, from 100 on: 0 lies at 100 + 300 * 0.2 / 1.3.
        assert!((at.at(0.0) - 146.153_846).abs() < 1e-5);
    }

    #[test]
    fn an_interval_beyond_the_axis_has_an_arrow_and_many_conditions_are_cut_short() {
        let far = drawn(&[condition("a", Some([-50.0, -90.0, 1e15]), true)]);
        assert_eq!(far.matches("<polyline").count(), 2, "{far}");
        assert!(!far.contains("<circle"), "a dot beyond the axis: {far}");
        let many: Vec<_> = (0..100)
            .map(|_| condition("b", Some([0.5, 0.4, 0.6]), true))
            .collect();
        let plot = drawn(&many);
        assert_eq!(plot.matches("<circle").count(), MOST);
        assert!(plot.contains("The 60 with the largest share of 100"), "{plot}");
    }
}
