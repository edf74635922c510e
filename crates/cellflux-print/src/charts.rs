//! Charts of what a walk measures: curves, bands, points and means, as the page has placed them.
//!
//! The page decides where everything of a chart stands (`web/chart.js`), in units of a box of its own; here
//! that box becomes dots, and gets its letters. So a chart on paper shows what the chart on the page shows.

use cellflux_image::composite::Rgba;
use serde::{Deserialize, Serialize};

use crate::about::{About, Content};
use crate::error::PrintError;
use crate::font::Font;
use crate::layout::{Composer, Disc, INK, LABEL, Layout, Mark, PARAGRAPH, QUIET, SMALL, Stroke, line_height};
use crate::panels::{CLOSE, GAP};
use crate::paper::{Width, dots, points};
use crate::text::{plain, shortened, wrapped};

/// The most charts of a figure.
pub const MOST_CHARTS: usize = 64;
/// The most points of a chart, over all of its lines.
pub const MOST_POINTS: usize = 200_000;

/// Colours: the curve, other walks, the band around them, lines of the scale.
const CURVE: [u8; 3] = [28, 78, 160];
const OTHER: [u8; 3] = [140, 168, 212];
const BAND: [u8; 3] = [222, 231, 245];
const SCALE: [u8; 3] = [221, 221, 221];
const TREATED: [u8; 3] = [176, 58, 20];
/// Cells of another batch or dose.
const FAR: [u8; 3] = [150, 150, 150];

/// Widths of lines in millimetres: the curve, others.
const THICK: f64 = 0.35;
const THIN: f64 = 0.15;
/// Radii in millimetres: a step, a mean.
const POINT: f64 = 0.5;
const MEAN: f64 = 0.8;
/// The room for a sign before its words.
const SIGN: f64 = 6.0;

/// The most lines of a chart's note and of a key's words.
const NOTE_LINES: usize = 3;

/// The content of a figure of charts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Charts {
    /// Its words.
    pub about: About,
    /// What the signs in the charts mean.
    pub keys: Vec<Key>,
    /// The charts, in as many lines as they need.
    pub charts: Vec<Chart>,
}

/// A sign and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The sign.
    pub sign: Sign,
    /// What it means.
    pub words: String,
}

/// A sign in the charts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// The line of the walk in view.
    Curve,
    /// The area between the smallest and the largest of some walks.
    Band,
    /// A letter that stands at a mean.
    Letter(String),
    /// None: a remark.
    Remark,
}

/// A place in a chart's box.
pub type Spot = (f32, f32);

/// A chart. Places are in units of a box of `wide` by `high`, from its top left corner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// What is measured.
    pub title: String,
    /// What that is, in a sentence.
    pub note: String,
    /// The unit of the scale up.
    pub unit: String,
    /// What runs across.
    pub label: String,
    /// The box.
    pub wide: f32,
    /// See `wide`.
    pub high: f32,
    /// The left, upper, right and lower edge of what the scales enclose.
    pub frame: [f32; 4],
    /// Numbers on the scale up, and where they stand.
    pub up: Vec<Tick>,
    /// Numbers on the scale across.
    pub across: Vec<Tick>,
    /// The curve, in pieces.
    pub curve: Vec<Vec<Spot>>,
    /// Other walks, each in pieces.
    pub others: Vec<Vec<Spot>>,
    /// The outline of the band; empty without one.
    pub band: Vec<Spot>,
    /// The steps on the curve.
    pub points: Vec<Point>,
    /// Means of cells.
    pub means: Vec<Mean>,
}

/// A number on a scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// The number.
    pub text: String,
    /// Where it stands along its scale.
    pub at: f32,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Its place.
    pub at: Spot,
    /// Whether it is drawn as a ring.
    pub open: bool,
}

/// The mean of some cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// Its letter, which stands at `named`.
    pub letter: String,
    /// Where the letter's middle stands on its line.
    pub named: Spot,
    /// Its place.
    pub at: Spot,
    /// Where its interval ends, up.
    pub interval: Option<(f32, f32)>,
    /// Whether the cells were treated: a full circle, else a ring.
    pub treated: bool,
    /// Whether they are of another batch or dose: grey.
    pub far: bool,
}

impl Charts {
    /// Checks that there is something to draw, and not too much.
    ///
    /// # Errors
    /// [`PrintError::Empty`] without charts and for a box without an area; [`PrintError::Many`].
    pub fn check(&self) -> Result<(), PrintError> {
        if self.charts.is_empty() {
            return Err(PrintError::Empty);
        }
        if self.charts.len() > MOST_CHARTS {
            return Err(PrintError::Many {
                what: "charts",
                found: self.charts.len(),
                allowed: MOST_CHARTS,
            });
        }
        for chart in &self.charts {
            let is_box = |side: f32| side.is_finite() && side > 0.0;
            // More than a strip: the figure's height follows from it.
            if !(is_box(chart.wide) && is_box(chart.high) && chart.high <= 4.0 * chart.wide) {
                return Err(PrintError::Empty);
            }
            let lines = chart.curve.iter().chain(&chart.others);
            let found: usize = lines.map(Vec::len).sum::<usize>() + chart.band.len() + chart.points.len();
            if found > MOST_POINTS {
                return Err(PrintError::Many {
                    what: "points of a chart",
                    found,
                    allowed: MOST_POINTS,
                });
            }
        }
        Ok(())
    }
}

impl Content for Charts {
    fn about(&self) -> &About {
        &self.about
    }

    fn pictures(&self) -> &[Rgba] {
        &[]
    }

    fn described(&self) -> Vec<String> {
        let charts = self.charts.iter().map(|chart| {
            let unit = if chart.unit.is_empty() {
                String::new()
            } else {
                format!(" in {}", chart.unit)
            };
            format!("{}{unit}, against {}: {}", chart.title, chart.label, chart.note)
        });
        let keys = self.keys.iter().map(|key| match &key.sign {
            Sign::Letter(letter) => format!("{letter}: {}", key.words),
            _ => key.words.clone(),
        });
        charts.chain(keys).collect()
    }

    fn layout(&self, width: Width, font: &Font) -> Result<Layout, PrintError> {
        self.check()?;
        let mut composer = Composer::begin(&self.about, width, font);
        let across = match width {
            Width::Double => 2,
            Width::Single => 1,
        };
        let gap = dots(GAP);
        let room = (composer.inner + gap) / across - gap;
        for line in self.charts.chunks(across) {
            let top = composer.top;
            let mut bottom = top;
            for (column, chart) in line.iter().enumerate() {
                composer.top = top;
                let left = composer.left + column * (room + gap);
                draw(&mut composer, chart, left, room);
                bottom = bottom.max(composer.top);
            }
            composer.top = bottom;
            composer.space(PARAGRAPH);
        }
        for key in &self.keys {
            name(&mut composer, key);
        }
        composer.space(CLOSE);
        composer.end()
    }
}

/// A sign with its words.
fn name(composer: &mut Composer, key: &Key) {
    let size = points(SMALL);
    let (left, top) = (composer.left as f32, composer.top as f32);
    let middle = top + line_height(size) as f32 / 2.0;
    let (sign, mut indent) = (dots(SIGN) as f32, dots(SIGN) as f32);
    match &key.sign {
        Sign::Curve => composer.marks.push(Mark::Stroke(Stroke {
            points: vec![(left, middle), (left + 0.7 * sign, middle)],
            width: dots(THICK) as f32,
            colour: CURVE,
        })),
        Sign::Band => {
            let (upper, lower, right) = (middle - 0.3 * size, middle + 0.3 * size, left + 0.7 * sign);
            let corners = vec![(left, upper), (right, upper), (right, lower), (left, lower)];
            composer.marks.push(Mark::Area(corners, BAND));
        }
        Sign::Letter(letter) => {
            let letter = shortened(composer.font, &plain(letter), size, sign);
            composer.line(letter, left, size, INK);
        }
        Sign::Remark => indent = 0.0,
    }
    let room = composer.inner as f32 - indent;
    for line in wrapped(composer.font, &plain(&key.words), size, room, NOTE_LINES) {
        composer.line(line, left + indent, size, QUIET);
        composer.top += line_height(size);
    }
}

/// A chart of this width, in dots, from where the composer is.
fn draw(composer: &mut Composer, chart: &Chart, left: usize, room: usize) {
    let title = shortened(composer.font, &plain(&chart.title), points(LABEL), room as f32);
    composer.line(title, left as f32, points(LABEL), INK);
    composer.top += line_height(points(LABEL));
    for line in wrapped(
        composer.font,
        &plain(&chart.note),
        points(SMALL),
        room as f32,
        NOTE_LINES,
    ) {
        composer.line(line, left as f32, points(SMALL), QUIET);
        composer.top += line_height(points(SMALL));
    }
    composer.space(CLOSE);
    let canvas = Canvas {
        left: left as f32,
        top: composer.top as f32,
        scale: room as f32 / chart.wide,
    };
    canvas.scales(composer, chart);
    canvas.lines(composer, chart);
    for mean in &chart.means {
        canvas.mean(composer, mean);
    }
    composer.top = (canvas.top + chart.high * canvas.scale).ceil() as usize;
}

/// A chart's box on the paper.
struct Canvas {
    left: f32,
    top: f32,
    /// Dots of a unit of the box.
    scale: f32,
}

impl Canvas {
    fn at(&self, (x, y): Spot) -> Spot {
        (self.left + x * self.scale, self.top + y * self.scale)
    }

    fn stroke(&self, composer: &mut Composer, spots: &[Spot], mm: f64, colour: [u8; 3]) {
        composer.marks.push(Mark::Stroke(Stroke {
            points: spots.iter().map(|spot| self.at(*spot)).collect(),
            width: dots(mm).max(1) as f32,
            colour,
        }));
    }

    /// A text whose `share` of its length stands left of a place on its line.
    fn text(&self, composer: &mut Composer, text: &str, spot: Spot, share: f32, colour: [u8; 3]) {
        let size = points(SMALL);
        let text = plain(text);
        let (x, baseline) = self.at(spot);
        let x = x - share * composer.font.length(&text, size);
        composer.line_on(text, (x, baseline), size, colour);
    }

    fn scales(&self, composer: &mut Composer, chart: &Chart) {
        let [left, top, right, bottom] = chart.frame;
        for tick in &chart.up {
            self.stroke(composer, &[(left, tick.at), (right, tick.at)], THIN, SCALE);
            self.text(composer, &tick.text, (left - 4.0, tick.at + 3.0), 1.0, QUIET);
        }
        for tick in &chart.across {
            self.stroke(composer, &[(tick.at, bottom), (tick.at, bottom + 4.0)], THIN, INK);
            self.text(composer, &tick.text, (tick.at, bottom + 14.0), 0.5, QUIET);
        }
        self.stroke(
            composer,
            &[(left, top), (left, bottom), (right, bottom)],
            THIN,
            INK,
        );
        self.text(composer, &chart.unit, (4.0, 11.0), 0.0, QUIET);
        let middle = f32::midpoint(left, right);
        self.text(composer, &chart.label, (middle, chart.high - 4.0), 0.5, QUIET);
    }

    fn lines(&self, composer: &mut Composer, chart: &Chart) {
        if chart.band.len() > 2 {
            let outline = chart.band.iter().map(|spot| self.at(*spot)).collect();
            composer.marks.push(Mark::Area(outline, BAND));
        }
        for piece in &chart.others {
            self.stroke(composer, piece, THIN, OTHER);
        }
        for piece in &chart.curve {
            self.stroke(composer, piece, THICK, CURVE);
        }
        for point in &chart.points {
            self.disc(composer, point.at, POINT, CURVE, point.open);
        }
    }

    fn disc(&self, composer: &mut Composer, spot: Spot, mm: f64, colour: [u8; 3], open: bool) {
        composer.marks.push(Mark::Disc(Disc {
            centre: self.at(spot),
            radius: dots(mm) as f32,
            ring: open.then(|| dots(THIN) as f32),
            colour,
        }));
    }

    fn mean(&self, composer: &mut Composer, mean: &Mean) {
        let colour = match (mean.far, mean.treated) {
            (true, _) => FAR,
            (false, true) => TREATED,
            (false, false) => INK,
        };
        let x = mean.at.0;
        if let Some((one, other)) = mean.interval {
            self.stroke(composer, &[(x, one), (x, other)], THIN, colour);
        }
        self.disc(composer, mean.at, MEAN, colour, !mean.treated);
        self.text(composer, &mean.letter, mean.named, 0.5, QUIET);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sheet::tests::about;
    use crate::{png, svg};

    /// A chart of a line that falls, with everything that a chart may have.
    pub fn charts(count: usize) -> Charts {
        let chart = Chart {
            title: "nuclear area".into(),
            note: "The area of the nucleus.".into(),
            unit: "µm²".into(),
            label: "time t".into(),
            wide: 320.0,
            high: 176.0,
            frame: [48.0, 18.0, 270.0, 142.0],
            up: vec![Tick {
                text: "100".into(),
                at: 80.0,
            }],
            across: vec![Tick {
                text: "0.5".into(),
                at: 159.0,
            }],
            curve: vec![
                vec![(48.0, 40.0), (159.0, 60.0)],
                vec![(200.0, 80.0), (270.0, 90.0)],
            ],
            others: vec![vec![(48.0, 42.0), (270.0, 95.0)]],
            band: vec![(48.0, 38.0), (270.0, 88.0), (270.0, 97.0), (48.0, 44.0)],
            points: vec![Point {
                at: (159.0, 60.0),
                open: true,
            }],
            means: vec![Mean {
                letter: "A".into(),
                named: (290.0, 157.0),
                at: (290.0, 70.0),
                interval: Some((60.0, 80.0)),
                treated: true,
                far: false,
            }],
        };
        let key = |sign, words: &str| Key {
            sign,
            words: words.into(),
        };
        Charts {
            about: about(),
            keys: vec![
                key(Sign::Curve, "Generated: the walk in view"),
                key(Sign::Band, "Generated: smallest to largest of 5 seeds"),
                key(Sign::Letter("A".into()), "12 real cells treated with taxol"),
                key(Sign::Remark, "Intervals are of the mean"),
            ],
            charts: vec![chart; count],
        }
    }

    #[test]
    fn charts_stand_side_by_side_inside_the_figure() {
        let font = Font::embedded().unwrap();
        for (count, width) in [(1, Width::Single), (3, Width::Double), (20, Width::Double)] {
            let layout = charts(count).layout(width, &font).unwrap();
            let mut curves = 0;
            for mark in &layout.marks {
                match mark {
                    Mark::Stroke(stroke) => {
                        curves += usize::from(stroke.colour == CURVE);
                        for (x, y) in &stroke.points {
                            assert!((0.0..=layout.width as f32).contains(x), "{x}");
                            assert!((0.0..=layout.height as f32).contains(y), "{y}");
                        }
                    }
                    Mark::Text(line) => assert!(line.x + line.length <= layout.width as f32, "{line:?}"),
                    _ => {}
                }
            }
            // Two pieces of each curve, and the key's sign.
            assert_eq!(curves, 2 * count + 1);
        }
    }

    #[test]
    fn charts_are_written_with_their_units_numbers_and_words() {
        let charts = charts(2);
        let drawing = svg(&charts, Width::Double).unwrap();
        for expected in [
            ">nuclear area<",
            ">µm²<",
            ">time t<",
            ">0.5<",
            ">A<",
            "A: 12 real cells treated with taxol",
            "<polyline ",
            "<polygon ",
            "<circle ",
            "Generated: the walk in view",
        ] {
            assert!(drawing.contains(expected), "{expected}");
        }
        assert!(roxmltree::Document::parse(&drawing).is_ok());
        assert!(png(&charts, Width::Single).unwrap().starts_with(b"\x89PNG"));
    }

    #[test]
    fn what_is_no_chart_is_refused() {
        assert_eq!(charts(0).check(), Err(PrintError::Empty));
        let many = charts(MOST_CHARTS + 1).check();
        assert!(
            matches!(many, Err(PrintError::Many { what: "charts", .. })),
            "{many:?}"
        );
        for high in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e9] {
            let mut flat = charts(1);
            flat.charts[0].high = high;
            assert_eq!(flat.check(), Err(PrintError::Empty), "{high}");
        }
        let mut endless = charts(1);
        endless.charts[0].band = vec![(0.0, 0.0); MOST_POINTS + 1];
        assert!(matches!(endless.check(), Err(PrintError::Many { .. })));
    }

    #[test]
    fn places_that_are_no_numbers_or_far_away_draw_nothing_and_take_no_time() {
        let mut wild = charts(1);
        let spots = vec![(f32::NAN, 1.0), (1e30, -1e30), (f32::INFINITY, 0.0), (5.0, 1e9)];
        wild.charts[0].curve = vec![spots.clone()];
        wild.charts[0].band = spots.clone();
        wild.charts[0].points = spots.iter().map(|&at| Point { at, open: false }).collect();
        assert!(png(&wild, Width::Single).is_ok());
        assert!(svg(&wild, Width::Single).is_ok());
    }

    #[test]
    fn json_gives_the_same_charts() {
        let whole = charts(2);
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Charts>(&text).unwrap(), whole);
    }
}
