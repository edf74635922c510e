//! A dot for each condition: the share of the measured change that its cells make, with its interval; and the
//! same for the sets of cells over all conditions.

use cellflux_bundle::evaluation::{MeasuredCondition, Row, RowKind};

use crate::distances::class_of;
use crate::drawing::{Anchor, Drawing};
use crate::figure::WIDTH;
use crate::labels::filled;
use crate::measures::finite;
use crate::numbers::percent;
use crate::scale::Scale;
use crate::text::{NOTE, class_width, fitted, widest, wrapped};
use crate::{Estimate, Figure, Labels};

/// How many conditions a chart shows; the data hold all.
const MOST: usize = 60;
/// The room of the longest name.
const NAMES: f64 = 190.0;
/// The least width of the axis.
const PLOT: f64 = 165.0;
/// The room of the heading over the sets.
const HEADING: f64 = 26.0;
const ROW: f64 = 22.0;
const TOP: f64 = 34.0;
/// The share below which an interval is cut off, with an arrow; its figures stand beside it.
const LOWEST: f64 = -1.0;
/// As far to the right.
const HIGHEST: f64 = 2.0;
/// The least room between two ticks.
const TICKS: f64 = 52.0;

/// A row: what it is of, its figure, how it looks.
struct Dot {
    name: String,
    gap: Estimate,
    cells: usize,
    /// The class and the shape of its dot.
    look: (&'static str, usize),
}

impl Dot {
    fn of_condition(condition: &MeasuredCondition) -> Option<Self> {
        Some(Self {
            name: condition.name_and_dose(),
            gap: finite(condition.gap_closed)?,
            cells: condition.treated,
            look: if condition.seen {
                ("generated", 0)
            } else {
                ("generated hollow", 0)
            },
        })
    }

    /// A set's mean over the conditions that have a figure, which have this many cells. Real cells are of
    /// fewer conditions, and their row says how many they are.
    fn of_set(set: &Row, cells: usize) -> Option<Self> {
        Some(Self {
            name: set.name.clone(),
            gap: finite(set.gap_closed)?,
            cells: if set.kind == RowKind::Real {
                set.cells
            } else {
                cells
            },
            look: class_of(set.kind),
        })
    }

    /// In the column beside it.
    fn figures(&self, labels: &Labels<'_>) -> String {
        format!("{}, n = {}", labels.share(self.gap), self.cells)
    }

    /// In words.
    fn about(&self, labels: &Labels<'_>) -> String {
        format!("{}: {}", self.name, self.figures(labels))
    }
}

/// The conditions that have a figure, the largest first, and below them the sets of cells over all
/// conditions, exchanged compounds among them; nothing where none has a figure.
pub fn gap_closed(conditions: &[MeasuredCondition], sets: &[Row], labels: &Labels<'_>) -> Option<Figure> {
    let mut dots: Vec<Dot> = conditions.iter().filter_map(Dot::of_condition).collect();
    dots.sort_by(|a, b| b.gap.value.total_cmp(&a.gap.value));
    let all = dots.len();
    let cells = dots.iter().map(|dot| dot.cells).sum();
    dots.truncate(MOST);
    let shown = dots.len();
    dots.extend(sets.iter().filter_map(|set| Dot::of_set(set, cells)));
    if dots.is_empty() {
        return None;
    }
    let mut notes = Vec::new();
    if dots.iter().any(|dot| dot.look.0.ends_with("hollow")) {
        notes.push(labels.never_seen.to_owned());
    }
    if all > MOST {
        notes.push(filled(labels.first_of, &[&MOST.to_string(), &all.to_string()]));
    }
    let figures: Vec<String> = dots.iter().map(|dot| dot.figures(labels)).collect();

    // The names of the places of 0 and 1 may stand out over the axis on both sides.
    let places = [labels.copy_of_control, labels.whole_change].map(|name| class_width(name, "note"));
    let room = widest(dots.iter().map(|dot| dot.name.as_str()), "label").min(NAMES);
    let left = (room + 16.0).max(places[0] + 4.0);
    let right = (widest(figures.iter().map(String::as_str), "figures") + 18.0).max(places[1] + 4.0);
    let plot = (WIDTH - left - right).max(PLOT);
    let width = (left + plot + right).ceil();
    let scale = scale(&dots, left, plot);
    // The sets have a heading of their own.
    let place = |index: usize| {
        let heading = if index < shown { 0.0 } else { HEADING };
        TOP + heading + ROW * (index as f64 + 0.5)
    };
    let bottom = place(dots.len() - 1) + ROW / 2.0;
    let notes: Vec<String> = notes.iter().flat_map(|note| wrapped(note, NOTE, width)).collect();
    let mut drawing = Drawing::new(width, bottom + 26.0 + 16.0 * notes.len() as f64);
    axis(&mut drawing, &scale, bottom, labels);
    if shown < dots.len() {
        let y = place(shown) - ROW / 2.0;
        drawing.line((0.0, y - HEADING + 4.0), (width, y - HEADING + 4.0), "grid");
        let heading = fitted(labels.all_conditions, NOTE, width);
        drawing.text((0.0, y - 6.0), Anchor::Start, "note", &heading);
    }
    for (index, (dot, figures)) in dots.iter().zip(&figures).enumerate() {
        let (y, gap) = (place(index), dot.gap);
        drawing.label((left - 12.0, y + 4.0), Anchor::End, &dot.name, room);
        let (class, shape) = dot.look;
        drawing.interval_across(
            y,
            (scale.at(gap.low), scale.at(gap.high)),
            (gap.low < scale.low, gap.high > scale.high),
            // A line has no filling.
            &format!("interval {}", class.trim_end_matches(" hollow")),
        );
        // A dot beyond the axis would be at a place that it does not have.
        if !scale.beyond(gap.value) {
            drawing.marker((scale.at(gap.value), y), shape, class, &dot.about(labels));
        }
        drawing.text((left + plot + 14.0, y + 4.0), Anchor::Start, "figures", figures);
    }
    for (number, note) in notes.iter().enumerate() {
        let y = bottom + 38.0 + 16.0 * number as f64;
        drawing.text((0.0, y), Anchor::Start, "note", note);
    }
    let described: Vec<String> = dots.iter().map(|dot| dot.about(labels)).collect();
    Some(Figure::new(labels.gap_closed, described.join("; "), drawing))
}

/// The shares that the chart's width holds: 0 and 1 always, and what the intervals need within bounds.
fn scale(dots: &[Dot], left: f64, plot: f64) -> Scale {
    let ends = |end: fn(&Estimate) -> f64| dots.iter().map(move |dot| end(&dot.gap));
    let low = ends(|gap| gap.low.min(gap.value)).fold(-0.05, f64::min);
    let high = ends(|gap| gap.high.max(gap.value)).fold(1.05, f64::max);
    Scale {
        low: low.max(LOWEST),
        high: high.min(HIGHEST),
        from: left,
        to: left + plot,
    }
}

/// Lines at round shares, the copy of the control and the whole change named above.
fn axis(drawing: &mut Drawing, scale: &Scale, bottom: f64, labels: &Labels<'_>) {
    let step = [0.25, 0.5, 1.0]
        .into_iter()
        .find(|step| (scale.to - scale.from) * step / (scale.high - scale.low) >= TICKS)
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
            groups: None,
            starts: None,
            gap_closed: gap.map(|[value, low, high]| Estimate { value, low, high }),
            direction: None,
            side_change: None,
            nuclei: None,
        }
    }

    fn drawn(conditions: &[MeasuredCondition]) -> String {
        gap_closed(conditions, &[], &Labels::ENGLISH).unwrap().inline()
    }

    #[test]
    fn each_condition_has_its_dot_on_the_axis_its_figures_and_its_number_of_cells() {
        let svg = drawn(&[
            condition("taxol", Some([0.0, -0.2, 0.2]), true),
            condition("cycloheximide", Some([1.0, 0.9, 1.1]), false),
            condition("aspirin", None, true),
        ]);
        assert!(svg.contains(">100 % (90 to 110), n = 178<"), "{svg}");
        assert!(svg.contains("taxol: 0 % (−20 to 20), n = 178"), "{svg}");
        assert!(!svg.contains("aspirin"), "no figure, no dot: {svg}");
        assert!(
            svg.find(">cycloheximide<") < svg.find(">taxol<"),
            "the largest first"
        );
        assert!(svg.contains("<circle class=\"dot generated hollow\""), "{svg}");
        assert!(svg.contains(Labels::ENGLISH.never_seen));
        assert!(gap_closed(&[condition("aspirin", None, true)], &[], &Labels::ENGLISH).is_none());
    }

    #[test]
    fn the_dots_lie_where_the_axis_has_their_shares() {
        let dot = Dot::of_condition(&condition("a", Some([0.0, -0.2, 1.1]), true)).unwrap();
        let at = scale(&[dot], 100.0, 300.0);
        // From -0.2 to 1.1 over 300 pixels, from 100 on: 0 lies at 100 + 300 * 0.2 / 1.3.
        assert!((at.at(0.0) - 146.153_846).abs() < 1e-5);
    }

    #[test]
    fn sets_over_all_conditions_stand_below_the_conditions_exchanged_compounds_among_them() {
        let set = |kind, name: &str| Row {
            kind,
            name: name.into(),
            cells: 302,
            starts: None,
            distances: Vec::new(),
            gap_closed: Some(Estimate {
                value: 0.42,
                low: 0.24,
                high: 0.63,
            }),
            direction: None,
            side_change: None,
            fine_detail: None,
        };
        let sets = [
            set(RowKind::Generated, "generated"),
            set(RowKind::Shuffled, "compounds shuffled"),
            set(RowKind::Real, "real cells"),
        ];
        let taxol = [condition("taxol", Some([0.1, 0.0, 0.2]), true)];
        let svg = gap_closed(&taxol, &sets, &Labels::ENGLISH).unwrap().inline();
        assert!(svg.find(">taxol<") < svg.find(">compounds shuffled<"), "{svg}");
        assert!(
            svg.contains("compounds shuffled: 42 % (24 to 63), n = 178"),
            "{svg}"
        );
        assert!(svg.contains("real cells: 42 % (24 % to 63 %), n = 302"), "{svg}");
        assert!(svg.contains(Labels::ENGLISH.all_conditions), "{svg}");
        assert!(!drawn(&taxol).contains(Labels::ENGLISH.all_conditions));
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
