//! What is looked at: a step of the walk, and how its channels are shown. It changes no number of the walk.

use std::fmt;
use std::ops::RangeInclusive;

use cellflux_bundle::quantise::WeightDtype;
use cellflux_image::ImageSpec;
use cellflux_image::composite::Display;
use cellflux_image::lut::Lut;
use cellflux_image::spec::Window;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ChangeMap, within};
use crate::error::{SessionError, excerpt};

/// The exponents with which a channel may be shown ([`cellflux_image::composite::ChannelDisplay`]).
pub const GAMMA: RangeInclusive<f64> = 0.2..=5.0;

/// Which part of a trajectory is looked at, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// Step to be shown, where 0 is the start; the last one where this is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Channels that are switched off, rising.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<usize>,
    /// Channels that are shown otherwise than the manifest says, rising.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelView>,
    /// What the picture of the change shows.
    #[serde(default, skip_serializing_if = "ChangeMap::is_default")]
    pub map: ChangeMap,
    /// The quick weights under which the steps that were seen ran; nothing where those were the bundle's own.
    /// A walk of this recipe does not follow it: it runs under the weights that are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<WeightDtype>,
}

/// How one channel is shown; what is not given is as the manifest has it. At least one thing is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelView {
    /// The channel's number, from 0.
    pub channel: usize,
    /// The coded values that are black and in full colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowView>,
    /// The exponent of a value's share of the window, 1 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamma: Option<Thousandths>,
    /// The colours; the manifest's where they are not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lut: Option<Lut>,
}

/// A display window that a viewer has chosen, in coded units: byte over 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowView {
    /// Shown black, as everything below it.
    pub low: Thousandths,
    /// Shown in full colour, as everything above it.
    pub high: Thousandths,
}

/// A number of whole thousandths, so that a link holds it in a few digits and gives exactly it back. What is
/// read is rounded to the nearest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thousandths(u32);

impl View {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The channels of a model as this view shows them.
    pub fn display(&self, spec: &ImageSpec) -> Display {
        let mut display = Display::of(spec);
        for (index, channel) in display.channels.iter_mut().enumerate() {
            channel.visible = !self.hidden.contains(&index);
        }
        for chosen in &self.channels {
            // A view that was checked names the model's channels only.
            let Some(channel) = display.channels.get_mut(chosen.channel) else {
                continue;
            };
            channel.window = chosen.window.map_or(channel.window, Window::from);
            channel.gamma = chosen.gamma.map_or(channel.gamma, Thousandths::value);
            channel.lut = chosen.lut.unwrap_or(channel.lut);
        }
        display
    }

    /// Checks the view of a model with images of `spec`, of a walk of at most `last` steps.
    pub(super) fn validate(&self, spec: &ImageSpec, last: usize) -> Result<(), SessionError> {
        if let Some(step) = self.step {
            within("step shown", &step, &(0..=last))?;
        }
        let channels = 0..=spec.channels.len() - 1;
        for channel in &self.hidden {
            within("hidden channel", channel, &channels)?;
        }
        rising("list of hidden channels", &self.hidden)?;
        for shown in &self.channels {
            within("channel shown otherwise", &shown.channel, &channels)?;
            shown.validate()?;
        }
        let numbers: Vec<usize> = self.channels.iter().map(|shown| shown.channel).collect();
        rising("list of channels shown otherwise", &numbers)
    }
}

fn rising(field: &'static str, channels: &[usize]) -> Result<(), SessionError> {
    if channels.is_sorted_by(|a, b| a < b) {
        return Ok(());
    }
    let found = excerpt(&format!("{channels:?}"));
    Err(SessionError::field(field, found, "rising numbers, each once"))
}

impl ChannelView {
    fn validate(&self) -> Result<(), SessionError> {
        if let Some(window) = self.window
            && !(window.low < window.high && window.high <= Thousandths::ONE)
        {
            let expected = "two numbers from 0 to 1, the first below the second";
            return Err(SessionError::field("window", window, expected));
        }
        if let Some(gamma) = self.gamma {
            within("gamma", &gamma.value(), &GAMMA)?;
        }
        if (self.window, self.gamma, self.lut) == (None, None, None) {
            let found = format!("{} without a change", self.channel);
            let expected = "a window, a gamma or a look-up table with it";
            return Err(SessionError::field("channel shown otherwise", found, expected));
        }
        Ok(())
    }
}

impl WindowView {
    /// Reads `0.11-0.5`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (low, high) = text.split_once('-')?;
        Some(Self {
            low: Thousandths::read(low)?,
            high: Thousandths::read(high)?,
        })
    }
}

impl From<WindowView> for Window {
    fn from(window: WindowView) -> Self {
        Self {
            low: window.low.value(),
            high: window.high.value(),
        }
    }
}

impl fmt::Display for WindowView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.low, self.high)
    }
}

impl Thousandths {
    /// 1.
    pub const ONE: Self = Self(1000);

    /// A number of thousandths.
    pub const fn new(thousandths: u32) -> Self {
        Self(thousandths)
    }

    /// The nearest to a number; `None` for one that is negative, not finite or too large.
    pub fn nearest(value: f64) -> Option<Self> {
        let thousandths = (1000.0 * value).round();
        // NaN is in no range, and what is in this one is a u32.
        (0.0..=f64::from(u32::MAX))
            .contains(&thousandths)
            .then_some(Self(thousandths as u32))
    }

    /// The number.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::nearest(text.parse().ok()?)
    }
}

impl fmt::Display for Thousandths {
    /// At most three places after the point: `0.11`, `1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value(), f)
    }
}

impl Serialize for Thousandths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

impl<'de> Deserialize<'de> for Thousandths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::nearest(value).ok_or_else(|| D::Error::custom(format!("{value} is not a number from 0")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use crate::test_model::{manifest, recipe};
    use proptest::prelude::*;

    fn channel(channel: usize) -> ChannelView {
        ChannelView {
            channel,
            window: None,
            gamma: None,
            lut: Some(Lut::Magenta),
        }
    }

    fn window(low: u32, high: u32) -> WindowView {
        WindowView {
            low: Thousandths::new(low),
            high: Thousandths::new(high),
        }
    }

    #[test]
    fn what_a_view_does_not_say_is_shown_as_the_manifest_has_it() {
        let spec = manifest().image;
        let view = View {
            step: None,
            hidden: vec![0],
            channels: vec![ChannelView {
                window: Some(window(110, 420)),
                ..channel(1)
            }],
            ..View::default()
        };
        let shown = view.display(&spec);
        let mut expected = Display::of(&spec);
        expected.channels[0].visible = false;
        expected.channels[1].window = Window {
            low: 0.11,
            high: 0.42,
        };
        expected.channels[1].lut = Lut::Magenta;
        assert_eq!(shown, expected);
        assert_eq!(View::default().display(&spec), Display::of(&spec));
    }

    #[test]
    fn a_view_of_another_model_or_an_impossible_one_is_named() {
        let manifest = manifest();
        let refused = |channels: Vec<ChannelView>, message: &str| {
            let mut recipe = recipe();
            recipe.view.channels = channels;
            assert_eq!(recipe.validate(&manifest).unwrap_err().to_string(), message);
        };
        refused(
            vec![channel(2)],
            "channel shown otherwise is 2, expected a number from 0 to 1",
        );
        refused(
            vec![channel(1), channel(0)],
            "list of channels shown otherwise is [1, 0], expected rising numbers, each once",
        );
        refused(
            vec![ChannelView {
                lut: None,
                ..channel(1)
            }],
            "channel shown otherwise is 1 without a change, expected a window, a gamma or a look-up table \
             with it",
        );
        for (low, high) in [(500, 500), (600, 200), (0, 1001)] {
            let found = window(low, high);
            refused(
                vec![ChannelView {
                    window: Some(found),
                    ..channel(0)
                }],
                &format!("window is {found}, expected two numbers from 0 to 1, the first below the second"),
            );
        }
        for (thousandths, found) in [(199, "0.199"), (5001, "5.001"), (0, "0")] {
            let gamma = Some(Thousandths::new(thousandths));
            refused(
                vec![ChannelView { gamma, ..channel(0) }],
                &format!("gamma is {found}, expected a number from 0.2 to 5"),
            );
        }
    }

    #[test]
    fn json_holds_plain_numbers_that_are_rounded_to_thousandths_when_they_are_read() {
        let mut recipe = recipe();
        recipe.view.channels = vec![ChannelView {
            window: Some(window(110, 1000)),
            gamma: Some(Thousandths::new(850)),
            ..channel(1)
        }];
        let json = serde_json::to_value(&recipe).unwrap();
        let expected = serde_json::json!({
            "channel": 1, "window": { "low": 0.11, "high": 1.0 }, "gamma": 0.85, "lut": "magenta"
        });
        assert_eq!(json["view"]["channels"][0], expected);
        let finer = json.to_string().replace("0.85", "0.84951");
        assert_eq!(Recipe::from_json(finer.as_bytes()).unwrap(), recipe);
        for (found, message) in [
            ("null", "gamma is not a number, expected a number from 0.2 to 5"),
            ("\"much\"", "gamma is \"much\", expected a number from 0.2 to 5"),
            (
                "-1",
                "the recipe is not the expected JSON: -1 is not a number from 0",
            ),
        ] {
            let text = json.to_string().replace("0.85", found);
            let error = Recipe::from_json(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    proptest! {
        #[test]
        fn thousandths_are_read_back_from_their_text_and_from_json(number in any::<u32>()) {
            let number = Thousandths::new(number);
            prop_assert_eq!(Thousandths::read(&number.to_string()), Some(number));
            let json = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(serde_json::from_str::<Thousandths>(&json).unwrap(), number);
        }

        #[test]
        fn no_number_is_a_panic(value in any::<f64>()) {
            let _ = Thousandths::nearest(value);
        }
    }
}
