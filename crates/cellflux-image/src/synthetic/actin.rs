//! The F-actin stain: the cortex between neighbours and at free edges, stress fibres, ruffles and a mottled
//! body.

use super::Cell;
use super::canvas::Canvas;
use super::layout::{Body, Layout, step};
use super::noise::{Random, Smooth, Stream};

/// Counts of the cell's body.
const BODY: f64 = 265.0;
/// Counts of the cortex at its brightest.
const CORTEX: f64 = 270.0;
/// Counts of a stress fibre before the optics spread it.
const FIBRE: f64 = 80.0;
/// Counts of a ruffle.
const RUFFLE: f64 = 560.0;
/// Length of a step along a fibre, px.
const STEP: f64 = 0.5;

pub(super) fn draw(cell: &Cell, layout: &Layout, canvas: &Canvas) -> Canvas {
    let effects = &cell.effects;
    let mut random = Random::new(cell.seed, Stream::Actin);
    let mottle = Smooth::draw(&mut random);
    let patches = Smooth::draw(&mut random);
    let mut light = canvas.painted(|index, x, y| {
        let Some(place) = layout.territory.get(index) else {
            return 0.0;
        };
        let Some(body) = place.cell.and_then(|i| layout.cells.get(i)) else {
            return 0.0;
        };
        let inside = step(-0.5, 2.0, place.edge);
        let thickness = place.thickness(0.68, effects.rounding);
        let texture = 1.0 + 0.34 * mottle.texture(x, y, 4.5) + 0.5 * patches.texture(x, y, 24.0);
        let displaced = 1.0 - 0.16 * (1.0 - effects.rounding) * step(-0.1, 0.4, 1.0 - place.nucleus);
        let matter = BODY * inside * thickness * texture * displaced * body.height;

        // The cortex is patchy: bright in one place, hardly visible a few micrometres away.
        let patchy =
            (0.42 + 0.95 * patches.texture(x + 90.0, y, 15.0) + 0.3 * mottle.texture(x, y + 70.0, 5.0))
                .max(0.0);
        let between = bell(place.junction, 1.3);
        let free = bell(place.edge - 1.5, 1.8);
        let cortex = CORTEX * effects.actin_fibres * patchy * inside * (between + 0.8 * free) * body.height;

        let folds = (0.25 + 1.3 * mottle.texture(x + 40.0, y, 8.0)).max(0.0);
        let rim = bell(place.edge.min(1.6 * place.junction) - 3.5, 3.5);
        let ruffles = RUFFLE * effects.ruffling * folds * rim * inside;
        matter + cortex + ruffles
    });
    for (index, body) in layout.cells.iter().enumerate() {
        let mut random = Random::of_cell(cell.seed, Stream::Actin, index + 1);
        let axis = body.axis + 0.5 * random.normal();
        let count = 3 + (9.0 * random.unit()) as usize;
        for _ in 0..count {
            fibre(
                &mut random,
                body,
                index,
                axis,
                effects.actin_fibres * (1.0 - effects.rounding),
                layout,
                &mut light,
            );
        }
    }
    light
}

/// One stress fibre: straight except for a slight bow, along the cell's own direction, fading at both ends.
fn fibre(
    random: &mut Random,
    body: &Body,
    index: usize,
    axis: f64,
    strength: f64,
    layout: &Layout,
    light: &mut Canvas,
) {
    let heading = axis + 0.14 * random.normal();
    let across = random.between(-26.0, 26.0);
    let along = random.between(-14.0, 14.0);
    let half = random.between(8.0, 24.0);
    let bow = 0.006 * random.normal();
    let counts = FIBRE * random.between(0.25, 1.0) * strength;
    let (sin, cos) = (libm::sin(heading), libm::cos(heading));
    let steps = (2.0 * half / STEP) as usize;
    for n in 0..steps {
        let t = n as f64 * STEP - half;
        let aside = across + bow * t * t;
        let x = body.x + (along + t) * cos - aside * sin;
        let y = body.y + (along + t) * sin + aside * cos;
        let Some(place) = light.index(x, y).and_then(|i| layout.territory.get(i)) else {
            continue;
        };
        if place.cell != Some(index) || place.edge < 1.0 {
            continue;
        }
        let fade = step(0.0, 6.0, half - t.abs());
        light.splat(x, y, counts * STEP * fade);
    }
}

/// A bell curve of a distance, 1 at 0.
fn bell(distance: f64, width: f64) -> f64 {
    libm::exp(-0.5 * distance * distance / (width * width))
}
