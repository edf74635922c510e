//! A dot for each compound: the share of the measured change that its cells make, with its interval.

use cellflux_bundle::Estimate;
use cellflux_bundle::evaluation::MeasuredCondition;

use super::measured::{interval, percent};
use crate::drawing::{Anchor, Drawing, shortened};
use crate::words::{Words, with_name};

/// How many compounds a plot shows; the data hold all.
const MOST: usize = 60;
/// Letters of a compound's name.
const NAME: usize = 24;
const LEFT: f64 = 190.0;
const PLOT: f64 = 300.0;
const RIGHT: f64 = 210.0;
const ROW: f64 = 22.0;
const TOP: f64 = 34.0;
/// The share below which an interval is cut off; its figures stand beside it.
const LOWEST: f64 = -1.0;
/// As far to the right.
const HIGHEST: f64 = 2.0;

/// The plot of those conditions that have a figure, the largest first; nothing where none has.
pub(super) fn draw(conditions: &[MeasuredCondition], words: &Words) -> Option<String> {
    let mut dots: Vec<(&MeasuredCondition, Estimate)> = conditions
        .iter()
        .filter_map(|condition| Some((condition, condition.gap_closed?)))
        .collect();
    dots.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    let all = dots.len();
    dots.truncate(MOST);
    if dots.is_empty() {
        return None;
    }
    let axis = Axis::of(&dots);
    let bottom = TOP + ROW * dots.len() as f64;
    let mut drawing = Drawing::new(LEFT + PLOT + RIGHT, bottom + 44.0);
    axis.draw(&mut drawing, bottom, words);
    for (index, (condition, gap)) in dots.iter().enumerate() {
        let y = TOP + ROW * (index as f64 + 0.5);
        let name = shortened(&condition.name_and_dose(), NAME);
        drawing.text((LEFT - 12.0, y + 4.0), Anchor::End, "label", &name);
        drawing.line((axis.x(gap.low), y), (axis.x(gap.high), y), "interval");
        let class = if condition.seen { "dot" } else { "dot hollow" };
        drawing.dot((axis.x(gap.value), y), 4.5, class);
        let figures = format!(
            "{} ({}), n = {}",
            percent(gap.value),
            interval(*gap, words, percent),
            condition.treated
        );
        drawing.text((LEFT + PLOT + 14.0, y + 4.0), Anchor::Start, "figures", &figures);
    }
    if dots.iter().any(|(condition, _)| !condition.seen) {
        drawing.text((0.0, bottom + 38.0), Anchor::Start, "note", words.never_seen);
    }
    if all > MOST {
        let note = with_name(&with_name(words.first_of, &MOST.to_string()), &all.to_string());
        drawing.text((LEFT + PLOT + RIGHT, bottom + 38.0), Anchor::End, "note", &note);
    }
    let described: Vec<String> = dots
        .iter()
        .map(|(condition, gap)| {
            format!(
                "{}: {} ({})",
                condition.name_and_dose(),
                percent(gap.value),
                interval(*gap, words, percent)
            )
        })
        .collect();
    Some(drawing.finish(words.gap_closed, &described.join("; ")))
}

/// The shares that the plot's width holds.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn of(dots: &[(&MeasuredCondition, Estimate)]) -> Self {
        let ends = |end: fn(&Estimate) -> f64| dots.iter().map(move |(_, gap)| end(gap));
        let low = ends(|gap| gap.low.min(gap.value)).fold(-0.05, f64::min);
        let high = ends(|gap| gap.high.max(gap.value)).fold(1.05, f64::max);
        Self {
            low: low.max(LOWEST),
            high: high.min(HIGHEST),
        }
    }

    /// Where a share lies; a share beyond an end is drawn at that end.
    fn x(&self, share: f64) -> f64 {
        LEFT + PLOT * (share.clamp(self.low, self.high) - self.low) / (self.high - self.low)
    }

    /// Lines at the quarters, the copy of the control and the whole change named above.
    fn draw(&self, drawing: &mut Drawing, bottom: f64, words: &Words) {
        for quarter in -4..=5 {
            let share = f64::from(quarter) / 4.0;
            if !(self.low..=self.high).contains(&share) {
                continue;
            }
            let x = self.x(share);
            let named = match quarter {
                0 => Some(words.copy_of_control),
                4 => Some(words.whole_change),
                _ => None,
            };
            let class = if named.is_some() { "axis" } else { "grid" };
            drawing.line((x, TOP - 4.0), (x, bottom + 4.0), class);
            drawing.text((x, bottom + 20.0), Anchor::Middle, "tick", &percent(share));
            if let Some(name) = named {
                drawing.text((x, TOP - 14.0), Anchor::Middle, "note", name);
            }
        }
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

    #[test]
    fn each_compound_has_its_dot_on_the_axis_its_figures_and_its_number_of_cells() {
        let words = Words::or_english("en");
        let svg = draw(
            &[
                condition("taxol", Some([0.0, -0.2, 0.2]), true),
                condition("cycloheximide", Some([1.0, 0.9, 1.1]), false),
                condition("aspirin", None, true),
            ],
            &words,
        )
        .unwrap();
        assert!(svg.contains("100 % (90 % to 110 %), n = 178"), "{svg}");
        assert!(svg.contains("taxol: 0 % (−20 % to 20 %)"), "{svg}");
        assert!(!svg.contains("aspirin"), "no figure, no dot: {svg}");
        assert!(
            svg.find("cycloheximide") < svg.find(">taxol<"),
            "the largest first"
        );
        // The axis goes from -0.2 to 1.1 over 300 pixels, from 190 on: 0 lies at 190 + 300 * 0.2 / 1.3.
        assert!(svg.contains("<circle class=\"dot\" cx=\"236.2\""), "{svg}");
        assert!(svg.contains("<circle class=\"dot hollow\" cx=\"466.9\""), "{svg}");
        assert!(svg.contains(words.never_seen));
        assert!(draw(&[condition("aspirin", None, true)], &words).is_none());
    }

    #[test]
    fn an_interval_beyond_the_axis_ends_at_its_end_and_many_compounds_are_cut_short() {
        let words = Words::or_english("en");
        let far = draw(&[condition("a", Some([-50.0, -90.0, 1e15]), true)], &words).unwrap();
        assert!(
            far.contains("x1=\"190.0\"") && far.contains("x2=\"490.0\""),
            "{far}"
        );
        let many: Vec<_> = (0..100)
            .map(|_| condition("b", Some([0.5, 0.4, 0.6]), true))
            .collect();
        let plot = draw(&many, &words).unwrap();
        assert_eq!(plot.matches("<circle").count(), MOST);
        assert!(plot.contains("The 60 with the largest share of 100"), "{plot}");
    }
}
