//! A closer look at a walk: how its channels are shown, what their windows cut off, histograms, and each
//! channel alone.

use cellflux_image::composite::{ChannelDisplay, composite};
use cellflux_image::histogram::{Histogram, clipped};
use cellflux_image::lut::Lut;
use cellflux_image::spec::{Channel, Colour, Window};
use js_sys::{Array, Object};
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::model::plain;
use crate::picture;
use crate::trouble::Trouble;
use crate::walk::Walk;

/// How a channel is shown, with the colour of its brightest pixels.
#[derive(Serialize)]
struct Shown {
    visible: bool,
    window: Window,
    gamma: f64,
    lut: Lut,
    colour: Colour,
}

/// Counts of what is in view, per channel.
#[derive(Serialize)]
struct Histograms {
    start: Vec<Histogram>,
    now: Vec<Histogram>,
    /// The windows that suit both pictures.
    automatic: Vec<Option<Window>>,
}

#[wasm_bindgen]
impl Walk {
    /// How each channel is shown: `[{ visible, window: { low, high }, gamma, lut, colour }]`.
    pub fn channels(&self) -> Result<JsValue, JsValue> {
        let display = self.display();
        let channels = self.spec().channels.iter().zip(&display.channels);
        let shown = |(channel, shown): (&Channel, &ChannelDisplay)| Shown {
            visible: shown.visible,
            window: shown.window,
            gamma: shown.gamma,
            lut: shown.lut,
            colour: shown.lut.full(channel.colour),
        };
        plain(&channels.map(shown).collect::<Vec<_>>())
    }

    /// The shares of the start image's pixels that the windows cut off: `[{ dark, bright }]`, per channel.
    pub fn clipped_start(&self) -> Result<JsValue, JsValue> {
        plain(&clipped(self.spec(), &self.display(), self.clean_start()).map_err(Trouble::from)?)
    }

    /// The same of a step reached.
    pub fn clipped(&self, step: usize) -> Result<JsValue, JsValue> {
        let values = &self.frame(step)?.values;
        plain(&clipped(self.spec(), &self.display(), values).map_err(Trouble::from)?)
    }

    /// How often the values of the start image and of a step occur: `{ start, now, automatic }`, each with
    /// one entry per channel. A histogram is `{ counts, below, above }`, an automatic window `{ low, high }`.
    pub fn histograms(&self, step: usize) -> Result<JsValue, JsValue> {
        let start = Histogram::of(self.spec(), self.clean_start()).map_err(Trouble::from)?;
        let now = Histogram::of(self.spec(), &self.frame(step)?.values).map_err(Trouble::from)?;
        let suits_both = |(start, now): (&Histogram, &Histogram)| {
            let mut both = start.clone();
            both.merge(now);
            both.automatic_window()
        };
        let automatic = start.iter().zip(&now).map(suits_both).collect();
        plain(&Histograms {
            start,
            now,
            automatic,
        })
    }

    /// The picture of an image `[C, H, W]` in model range, such as a cell of the gallery, in the colours and
    /// windows of this walk: `{ width, height, rgba }`.
    pub fn shown(&self, image: &[f32]) -> Result<JsValue, JsValue> {
        let picture = composite(self.spec(), &self.display(), image).map_err(Trouble::from)?;
        Ok(picture::to_js(&picture))
    }

    /// Each visible channel alone in grey, in its window: `[{ channel, start, now }]`, with pictures of the
    /// start image and of a step.
    pub fn grey_panels(&self, step: usize) -> Result<Array, JsValue> {
        let (spec, display) = (self.spec(), self.display());
        let now = &self.frame(step)?.values;
        let visible = display
            .channels
            .iter()
            .enumerate()
            .filter(|(_, shown)| shown.visible);
        let panels = Array::new();
        for (channel, _) in visible {
            let alone = display.alone_in_grey(channel);
            let panel = Object::new();
            picture::set(&panel, "channel", &JsValue::from_f64(channel as f64));
            for (name, image) in [("start", self.clean_start()), ("now", now.as_slice())] {
                let grey = composite(spec, &alone, image).map_err(Trouble::from)?;
                picture::set(&panel, name, &picture::to_js(&grey));
            }
            panels.push(&panel);
        }
        Ok(panels)
    }
}
