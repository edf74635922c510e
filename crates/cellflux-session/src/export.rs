//! What was reached, as files: the trajectory as `.npy`, pictures as PNG, recipe and measurements as JSON.

use cellflux_bundle::Manifest;
use cellflux_image::composite::composite;
use cellflux_image::{ImageSpec, npy, strip};
use serde::Serialize;

use crate::error::SessionError;
use crate::frame::Frame;
use crate::picture_text::{self, Pictured};
use crate::recipe::Recipe;
use crate::timing::Timing;

/// All frames as `.npy`, f32 `[steps + 1, C, H, W]` in model range.
///
/// # Errors
/// [`SessionError::Image`] when a frame is not of the spec's shape.
pub fn trajectory_npy(spec: &ImageSpec, frames: &[Frame]) -> Result<Vec<u8>, SessionError> {
    let shape = [frames.len(), spec.channels.len(), spec.height, spec.width];
    let values: Vec<f32> = frames.iter().flat_map(|frame| &frame.values).copied().collect();
    Ok(npy::write_f32(&shape, &values)?)
}

/// The frames' times as `.npy`, f32 `[steps + 1]`.
///
/// # Errors
/// None for valid frames.
pub fn times_npy(frames: &[Frame]) -> Result<Vec<u8>, SessionError> {
    let times: Vec<f32> = frames.iter().map(|frame| frame.t as f32).collect();
    Ok(npy::write_f32(&[times.len()], &times)?)
}

/// One frame as the page paints it, as PNG; `step` is its number in the walk; the start has 0. The file holds
/// the texts of [`picture_text`].
///
/// # Errors
/// [`SessionError::Image`] when the frame is not of the model's shape.
pub fn frame_png(
    manifest: &Manifest,
    recipe: &Recipe,
    step: usize,
    frame: &Frame,
) -> Result<Vec<u8>, SessionError> {
    let spec = &manifest.image;
    let picture = composite(spec, &recipe.view.display(spec), &frame.values)?;
    let recipe = recipe.seen_in(frame.quick);
    let texts = picture_text::texts(manifest, &recipe, Pictured::Step(step, frame))?;
    Ok(strip::encode_png_with(&picture, &texts)?)
}

/// Frames side by side, left to right, as PNG with the texts of [`picture_text`].
///
/// # Errors
/// [`SessionError::Image`] without frames, or when one is not of the model's shape.
pub fn strip_png(manifest: &Manifest, recipe: &Recipe, frames: &[Frame]) -> Result<Vec<u8>, SessionError> {
    let display = recipe.view.display(&manifest.image);
    let pictures = frames
        .iter()
        .map(|frame| composite(&manifest.image, &display, &frame.values))
        .collect::<Result<Vec<_>, _>>()?;
    let recipe = recipe.seen_in(frames.last().and_then(|last| last.quick));
    let texts = picture_text::texts(manifest, &recipe, Pictured::Strip(frames.len()))?;
    Ok(strip::encode_png_with(&strip::strip(&pictures)?, &texts)?)
}

/// The record of an exported trajectory: how it was made, and what was measured on the way.
#[derive(Clone, Debug, Serialize)]
pub struct Record<'a, E> {
    /// What these pictures are.
    pub note: &'static str,
    /// The model's name to show.
    pub model: &'a str,
    /// The recipe, which makes the same trajectory again.
    pub recipe: &'a Recipe,
    /// What the engine says of itself, where one is attached.
    pub engine: Option<E>,
    /// Work and time.
    pub timing: Timing,
    /// Milliseconds per evaluation, where there was one.
    pub ms_per_evaluation: Option<f64>,
    /// Every frame: time, evaluations, waypoint.
    pub frames: &'a [Frame],
}

impl<'a, E: Serialize> Record<'a, E> {
    /// The record of these frames.
    pub fn new(
        manifest: &'a Manifest,
        recipe: &'a Recipe,
        engine: Option<E>,
        timing: Timing,
        frames: &'a [Frame],
    ) -> Self {
        Self {
            note: picture_text::note(recipe),
            model: &manifest.title,
            recipe,
            engine,
            timing,
            ms_per_evaluation: timing.per_evaluation(),
            frames,
        }
    }

    /// The record as indented JSON.
    ///
    /// # Errors
    /// [`SessionError::Json`] if the writer refuses, which it does not for valid frames.
    pub fn to_json(&self) -> Result<String, SessionError> {
        serde_json::to_string_pretty(self).map_err(|error| SessionError::Json {
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{ChannelView, Thousandths, WindowView};
    use crate::test_model::{manifest, recipe};
    use cellflux_image::lut::Lut;
    use cellflux_image::picture::Limits;

    fn frames() -> Vec<Frame> {
        (0..3u8)
            .map(|step| Frame {
                t: f64::from(step) / 2.0,
                evaluations: usize::from(step),
                rejected: 0,
                waypoint: usize::from(step),
                step_size: None,
                quick: None,
                values: (0..32u8).map(|i| f32::from(i * step) / 64.0 - 0.5).collect(),
            })
            .collect()
    }

    #[test]
    fn the_trajectory_is_read_back_as_it_was() {
        let (manifest, frames) = (manifest(), frames());
        let file = trajectory_npy(&manifest.image, &frames).unwrap();
        let array = npy::read("trajectory.npy", &file, &Limits::default()).unwrap();
        assert_eq!(array.shape, [3, 2, 4, 4]);
        for (frame, values) in frames.iter().zip(array.values.chunks(32)) {
            assert_eq!(frame.values, values);
        }
        let file = times_npy(&frames).unwrap();
        let times = npy::read("times.npy", &file, &Limits::default()).unwrap();
        assert_eq!((times.shape, times.values), (vec![3], vec![0.0, 0.5, 1.0]));
    }

    #[test]
    fn the_record_holds_a_recipe_that_is_read_back() {
        let (manifest, frames, recipe) = (manifest(), frames(), recipe());
        let mut timing = Timing::default();
        timing.add(3, 6.0);
        let record = Record::new(&manifest, &recipe, Some("a test's"), timing, &frames);
        let value: serde_json::Value = serde_json::from_str(&record.to_json().unwrap()).unwrap();
        assert_eq!(value["note"], "Generated, not measured");
        assert_eq!(value["engine"], "a test's");
        assert_eq!(value["ms_per_evaluation"], 2.0);
        assert_eq!(value["frames"][1]["t"], 0.5);
        let again = Recipe::from_json(value["recipe"].to_string().as_bytes()).unwrap();
        assert_eq!(again, recipe);
    }

    #[test]
    fn a_saved_picture_is_shown_as_the_view_says() {
        let (manifest, frames, mut recipe) = (manifest(), frames(), recipe());
        recipe.view.channels = vec![ChannelView {
            channel: 0,
            window: WindowView::read("0.3-0.6"),
            gamma: Thousandths::read("0.5"),
            lut: Some(Lut::Cyan),
        }];
        let png = frame_png(&manifest, &recipe, 2, &frames[2]).unwrap();
        let saved = cellflux_image::decode("x.png", &png).unwrap();
        let display = recipe.view.display(&manifest.image);
        let shown = composite(&manifest.image, &display, &frames[2].values).unwrap();
        for (sample, plane) in saved.planes.iter().enumerate() {
            for (value, pixel) in plane.values.iter().zip(shown.pixels.chunks(4)) {
                assert_eq!(*value as u8, pixel[sample]);
            }
        }
        recipe.view.channels.clear();
        assert_ne!(frame_png(&manifest, &recipe, 2, &frames[2]).unwrap(), png);
    }

    #[test]
    fn a_strip_holds_every_frame_and_hidden_channels_are_dark() {
        let (manifest, frames, mut recipe) = (manifest(), frames(), recipe());
        let size = |png: &[u8]| {
            let picture = cellflux_image::decode("x.png", png).unwrap();
            (picture.width(), picture.height(), picture.max)
        };
        let (width, height, brightest) = size(&frame_png(&manifest, &recipe, 2, &frames[2]).unwrap());
        assert_eq!((width, height), (4, 4));
        assert!(brightest > 0.0);
        let (width, height, _) = size(&strip_png(&manifest, &recipe, &frames).unwrap());
        assert_eq!((width, height), (3 * 4 + 2 * strip::SEPARATOR, 4));
        recipe.view.hidden = vec![0, 1];
        assert!(size(&frame_png(&manifest, &recipe, 2, &frames[2]).unwrap()).2 < f32::EPSILON);
    }
}
