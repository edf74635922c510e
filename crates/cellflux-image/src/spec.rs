//! What a model's images are: size, channels, coding and range. The bundle's manifest carries this, so that
//! nothing is guessed from a picture's bytes.
//!
//! Four kinds of numbers; an image passes through them in this order:
//!
//! 1. *raw*: what the file stores (BBBC021's fields: 12 bits times 16);
//! 2. *intensity* `v = raw / raw_divisor`, linear in light, `0..=full_scale` (BBBC021: 4095);
//! 3. *coded* `q = round(255 curve(v / full_scale))`, a byte: what a crop is stored, linked and shown as;
//! 4. *model range* `x = low + (q / 255) (high - low)`, an f32: what the velocity network sees. With `-1..1`
//!    this is `(q / 255 - 0.5) / 0.5`.
//!
//! In training the public code dequantises, `x = ((q + U[0, 1)) / 255 - 0.5) / 0.5`, with a fresh uniform
//! number per pixel; at inference the control is the plain byte, so that a link reproduces a picture exactly.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ImageError;

/// Sides and channel counts beyond these are refused before any memory is reserved for them.
pub const MAX_MODEL_SIDE: usize = 2048;
/// The largest number of channels of a model's image.
pub const MAX_CHANNELS: usize = 64;

/// A model's images, as the manifest's `image` section states them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageSpec {
    /// Height of the model's input in pixels.
    pub height: usize,
    /// Width of the model's input in pixels.
    pub width: usize,
    /// The channels, in the order of the network's tensor `[C, H, W]`.
    pub channels: Vec<Channel>,
    /// How intensities became bytes.
    pub coding: Coding,
    /// What bytes 0 and 255 are to the network.
    #[serde(default)]
    pub range: ModelRange,
    /// Micrometres per pixel of the model's input, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_size_um: Option<f64>,
    /// Micrometres along the longer side of the crop, where known: `pixel_size_um` times that side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop_size_um: Option<f64>,
}

/// One channel: which stain it is, and how it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Short name of what is seen, for example `DNA` or `tubulin`; unique within a model.
    pub name: String,
    /// The stain or antibody, where known, for example `DAPI` or `phalloidin`.
    #[serde(default)]
    pub stain: String,
    /// Words in a file's name that tell this channel apart, beside `name` and `stain`: `ch5`, `w1`,
    /// `Hoechst`, ....
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The light it adds to a composite at full brightness.
    pub colour: Colour,
    /// The coded values that are shown black and in full colour.
    #[serde(default)]
    pub window: Window,
}

/// A display colour, written `"#rrggbb"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// Red, 0..=255.
    pub red: u8,
    /// Green, 0..=255.
    pub green: u8,
    /// Blue, 0..=255.
    pub blue: u8,
}

/// A display window in coded units: byte over 255, so 0 is black and 1 is the coding's full scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Shown black, as everything below it.
    pub low: f64,
    /// Shown in full colour, as everything above it.
    pub high: f64,
}

/// How a linear intensity becomes a byte, and how a raw number becomes an intensity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coding {
    /// The curve between intensity and byte.
    pub kind: Curve,
    /// The intensity that byte 255 stands for.
    pub full_scale: f64,
    /// Bits of the coded value; 8 in this version.
    #[serde(default = "eight")]
    pub bits: u32,
    /// What the source's raw numbers are divided by to give an intensity (BBBC021's 16-bit files: 16).
    #[serde(default = "one")]
    pub raw_divisor: f64,
}

/// The curve `u -> curve(u)` on `0..=1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Curve {
    /// `u`.
    Linear,
    /// The square root of `u`, which spends the bytes where photon noise is small.
    Sqrt,
}

/// The numbers the network sees for bytes 0 and 255.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRange {
    /// For byte 0.
    pub low: f32,
    /// For byte 255.
    pub high: f32,
}

fn eight() -> u32 {
    8
}
fn one() -> f64 {
    1.0
}

impl Default for Window {
    fn default() -> Self {
        Self { low: 0.0, high: 1.0 }
    }
}

impl Default for ModelRange {
    /// `-1..1`, the public code's.
    fn default() -> Self {
        Self { low: -1.0, high: 1.0 }
    }
}

impl Colour {
    /// A colour from its three parts, each 0..=255.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl std::str::FromStr for Colour {
    type Err = ImageError;

    /// Reads `#rrggbb`, either case.
    ///
    /// # Errors
    /// [`ImageError::Spec`] for anything else.
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let wrong = || ImageError::spec("colour", format!("{text:?}"), "#rrggbb");
        let digits = text.strip_prefix('#').ok_or_else(wrong)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let value = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
        let [_, red, green, blue] = value.to_be_bytes();
        Ok(Self { red, green, blue })
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Colours for channels without a name: six that stay distinct when they add up.
const PALETTE: [Colour; 6] = [
    Colour::new(255, 64, 64),
    Colour::new(64, 255, 64),
    Colour::new(64, 96, 255),
    Colour::new(255, 200, 0),
    Colour::new(0, 224, 224),
    Colour::new(255, 64, 255),
];

impl ImageSpec {
    /// The images of BBBC021 single-cell crops: F-actin, beta-tubulin and DNA in this order, square-root
    /// coded from 12 bits, `-1..1` (Caie et al. 2010; the data's own coding `v = 4095 (q / 255)^2`).
    pub fn bbbc021(height: usize, width: usize) -> Self {
        // The windows suit untreated cells, whose coded values lie between 26 and 111 of 255 (the least 1st
        // and the greatest 99th percentile of a channel over the data set's DMSO crops). Treated cells may be
        // brighter and then saturate: of the pixels of 3,904 treated crops 3.6 % in actin, 3.4 % in tubulin
        // and 0.8 % in DNA (cellflux-data/tests/display_windows.rs prints and checks all of these). Windows
        // for these cells would leave untreated ones dark, so a page says what its windows cut off, and lets
        // them be moved.
        // w1, w2 and w4 are the wavelengths' names in the raw files.
        let channels = [
            (
                "actin",
                "phalloidin",
                ["F-actin", "AGP", "w4"],
                Colour::new(255, 48, 48),
                0.50,
            ),
            (
                "tubulin",
                "anti-beta-tubulin",
                ["beta-tubulin", "microtubules", "w2"],
                Colour::new(48, 255, 48),
                0.42,
            ),
            (
                "DNA",
                "DAPI",
                ["Hoechst", "nuclei", "w1"],
                Colour::new(64, 96, 255),
                0.42,
            ),
        ];
        Self {
            height,
            width,
            channels: channels
                .map(|(name, stain, aliases, colour, high)| Channel {
                    name: name.into(),
                    stain: stain.into(),
                    aliases: aliases.map(str::to_owned).into(),
                    colour,
                    window: Window { low: 0.11, high },
                })
                .into(),
            coding: Coding {
                kind: Curve::Sqrt,
                full_scale: 4095.0,
                bits: 8,
                raw_divisor: 16.0,
            },
            range: ModelRange::default(),
            pixel_size_um: None,
            crop_size_um: None,
        }
    }

    /// Images of which only the shape is known: unnamed channels, bytes as they are (linear, full scale 255),
    /// `-1..1`.
    pub fn plain(channels: usize, height: usize, width: usize) -> Self {
        let channels = PALETTE.iter().cycle().take(channels).enumerate();
        Self {
            height,
            width,
            channels: channels
                .map(|(index, &colour)| Channel {
                    name: format!("channel {}", index + 1),
                    stain: String::new(),
                    aliases: Vec::new(),
                    colour,
                    window: Window::default(),
                })
                .collect(),
            coding: Coding {
                kind: Curve::Linear,
                full_scale: 255.0,
                bits: 8,
                raw_divisor: 1.0,
            },
            range: ModelRange::default(),
            pixel_size_um: None,
            crop_size_um: None,
        }
    }

    /// Numbers in one image: channels times height times width.
    pub fn len(&self) -> usize {
        self.channels.len() * self.pixels()
    }

    /// Whether the image holds no numbers, which is never so for a valid spec.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Pixels in one channel: height times width.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Checks that the fields describe images that can exist.
    ///
    /// # Errors
    /// [`ImageError::Spec`] naming the first field that does not hold what it may.
    pub fn validate(&self) -> Result<(), ImageError> {
        for (field, side) in [("height", self.height), ("width", self.width)] {
            if side == 0 || side > MAX_MODEL_SIDE {
                return Err(ImageError::spec(
                    field,
                    side,
                    format!("1 to {MAX_MODEL_SIDE} pixels"),
                ));
            }
        }
        if self.channels.is_empty() || self.channels.len() > MAX_CHANNELS {
            return Err(ImageError::spec(
                "channels",
                self.channels.len(),
                format!("1 to {MAX_CHANNELS} channels"),
            ));
        }
        for (index, channel) in self.channels.iter().enumerate() {
            channel.validate(index)?;
            if self
                .channels
                .iter()
                .take(index)
                .any(|earlier| earlier.name == channel.name)
            {
                return Err(ImageError::spec(
                    format!("channels[{index}].name"),
                    format!("{:?}, which an earlier channel has", channel.name),
                    "a name of its own",
                ));
            }
        }
        self.coding.validate()?;
        let ModelRange { low, high } = self.range;
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(ImageError::spec(
                "range",
                format!("{low}..{high}"),
                "finite numbers, low below high",
            ));
        }
        for (field, size) in [
            ("pixel_size_um", self.pixel_size_um),
            ("crop_size_um", self.crop_size_um),
        ] {
            if let Some(size) = size
                && !(size.is_finite() && size > 0.0)
            {
                return Err(ImageError::spec(field, size, "a positive number of micrometres"));
            }
        }
        if let (Some(pixel), Some(crop)) = (self.pixel_size_um, self.crop_size_um) {
            let expected = pixel * self.height.max(self.width) as f64;
            if (crop - expected).abs() > 0.01 * expected {
                return Err(ImageError::spec(
                    "crop_size_um",
                    crop,
                    format!("pixel_size_um times the longer side, {expected}"),
                ));
            }
        }
        Ok(())
    }

    /// Coded bytes `[C, H, W]` to the model range `[C, H, W]`, as in inference: no dequantisation noise.
    ///
    /// # Errors
    /// [`ImageError::Length`] unless there are exactly [`ImageSpec::len`] bytes.
    pub fn to_model_range(&self, coded: &[u8]) -> Result<Vec<f32>, ImageError> {
        self.check_length("coded image", coded.len())?;
        let ModelRange { low, high } = self.range;
        // For -1..1 doubling is exact, so this equals the public code's (q / 255 - 0.5) / 0.5 in every bit.
        Ok(coded
            .iter()
            .map(|&q| (f32::from(q) / 255.0) * (high - low) + low)
            .collect())
    }

    /// Model range `[C, H, W]` to the nearest coded bytes `[C, H, W]`; what lies outside the range is
    /// clamped, and NaN becomes 0. The inverse of [`ImageSpec::to_model_range`].
    ///
    /// # Errors
    /// [`ImageError::Length`] unless there are exactly [`ImageSpec::len`] numbers.
    pub fn to_coded(&self, model: &[f32]) -> Result<Vec<u8>, ImageError> {
        self.check_length("model-range image", model.len())?;
        Ok(model.iter().map(|&x| self.range.to_byte(x)).collect())
    }

    /// Checks a buffer's length against the spec's shape.
    pub(crate) fn check_length(&self, what: &'static str, found: usize) -> Result<(), ImageError> {
        if found == self.len() {
            return Ok(());
        }
        Err(ImageError::Length {
            what,
            found,
            expected: self.len(),
            channels: self.channels.len(),
            height: self.height,
            width: self.width,
        })
    }
}

impl ModelRange {
    /// A number in the model range as a share of it: 0 at `low`, 1 at `high`, not clamped.
    pub fn unit(&self, x: f32) -> f32 {
        (x - self.low) / (self.high - self.low)
    }

    /// The byte nearest to a number in the model range, clamped; 0 for NaN.
    pub fn to_byte(&self, x: f32) -> u8 {
        // `as` saturates and takes NaN to 0.
        (self.unit(x) * 255.0).round() as u8
    }
}

impl Channel {
    fn validate(&self, index: usize) -> Result<(), ImageError> {
        if self.name.trim().is_empty() || self.name.len() > 100 {
            return Err(ImageError::spec(
                format!("channels[{index}].name"),
                format!("{} characters long", self.name.len()),
                "1 to 100 characters",
            ));
        }
        let Window { low, high } = self.window;
        // NaN fails every comparison, so it is refused too.
        if !(0.0 <= low && low < high && high <= 1.0) {
            return Err(ImageError::spec(
                format!("channels[{index}].window"),
                format!("{low}..{high}"),
                "low below high, both within 0..1",
            ));
        }
        Ok(())
    }
}

impl Coding {
    fn validate(&self) -> Result<(), ImageError> {
        if self.bits != 8 {
            return Err(ImageError::spec("coding.bits", self.bits, "8"));
        }
        for (field, value) in [
            ("coding.full_scale", self.full_scale),
            ("coding.raw_divisor", self.raw_divisor),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(ImageError::spec(field, value, "a positive number"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_range_equals_the_public_codes_formula_in_every_bit() {
        let spec = ImageSpec::plain(1, 16, 16);
        let coded: Vec<u8> = (0..=255).collect();
        let model = spec.to_model_range(&coded).unwrap();
        for (q, x) in coded.iter().zip(&model) {
            assert_eq!(x.to_bits(), ((f32::from(*q) / 255.0 - 0.5) / 0.5).to_bits());
        }
        assert_eq!(spec.to_coded(&model).unwrap(), coded);
    }

    #[test]
    fn every_byte_survives_every_range() {
        for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (-0.3, 7.5)] {
            let spec = ImageSpec {
                range: ModelRange { low, high },
                ..ImageSpec::plain(1, 16, 16)
            };
            let coded: Vec<u8> = (0..=255).collect();
            assert_eq!(
                spec.to_coded(&spec.to_model_range(&coded).unwrap()).unwrap(),
                coded
            );
        }
    }

    #[test]
    fn model_numbers_outside_the_range_are_clamped() {
        let spec = ImageSpec::plain(1, 1, 3);
        assert_eq!(spec.to_coded(&[-9.0, f32::NAN, 9.0]).unwrap(), [0, 0, 255]);
    }

    #[test]
    fn json_is_what_the_bundle_format_documents() {
        let spec = ImageSpec::bbbc021(64, 64);
        let json = serde_json::to_value(&spec).unwrap();
        assert_eq!(json["coding"]["kind"], "sqrt");
        assert_eq!(json["coding"]["full_scale"], 4095.0);
        assert_eq!(json["channels"][2]["colour"], "#4060ff");
        assert_eq!(json["range"]["low"], -1.0);
        let back: ImageSpec = serde_json::from_value(json).unwrap();
        assert_eq!(back, spec);

        let short = r##"{"height": 8, "width": 8, "channels": [{"name": "a", "colour": "#ff0080"}],
            "coding": {"kind": "linear", "full_scale": 255}}"##;
        let spec: ImageSpec = serde_json::from_str(short).unwrap();
        assert_eq!(spec.channels[0].colour, Colour::new(255, 0, 128));
        assert_eq!(spec.channels[0].window, Window::default());
        spec.validate().unwrap();
    }

    #[test]
    fn a_colour_is_six_hex_digits_and_nothing_else() {
        for wrong in ["ff0000", "#ff00", "#ff00000", "#gg0000", "#+f0000", "#ééé", ""] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn validation_names_the_field() {
        type Spoil = fn(&mut ImageSpec);
        let good = ImageSpec::bbbc021(64, 64);
        good.validate().unwrap();
        ImageSpec::plain(6, 96, 96).validate().unwrap();
        let cases: [(&str, Spoil); 11] = [
            ("height", |s| s.height = 0),
            ("width", |s| s.width = 1 << 40),
            ("channels", |s| s.channels.clear()),
            ("channels[1].name", |s| {
                s.channels[1].name = s.channels[0].name.clone();
            }),
            ("channels[2].window", |s| s.channels[2].window.high = f64::NAN),
            ("channels[0].window", |s| {
                s.channels[0].window = Window { low: 0.5, high: 0.5 }
            }),
            ("coding.bits", |s| s.coding.bits = 12),
            ("coding.full_scale", |s| s.coding.full_scale = 0.0),
            ("coding.raw_divisor", |s| s.coding.raw_divisor = f64::INFINITY),
            ("range", |s| s.range = ModelRange { low: 1.0, high: -1.0 }),
            ("crop_size_um", |s| {
                s.pixel_size_um = Some(0.5);
                s.crop_size_um = Some(99.0);
            }),
        ];
        for (field, spoil) in cases {
            let mut spec = good.clone();
            spoil(&mut spec);
            let message = spec.validate().unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("image spec: {field} is ")),
                "{message}"
            );
        }
    }

    #[test]
    fn a_buffer_of_the_wrong_length_is_refused_with_the_shape() {
        let error = ImageSpec::bbbc021(64, 64).to_model_range(&[0; 5]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "coded image holds 5 numbers, expected 12288 ([3, 64, 64]: channels, height, width)"
        );
    }
}
