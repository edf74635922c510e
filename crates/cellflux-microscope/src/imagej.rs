//! The lines that ImageJ and Fiji write into a TIFF's description (`ij.io.FileSaver`, `TiffEncoder`).

use crate::error::{Untaken, quoted};
use crate::pixel_size::{PixelSize, Source};
use crate::resolution::Resolution;
use crate::unit::{Unit, unit};

/// What ImageJ says of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageJ {
    /// How many images the file's first page stands for.
    pub images: Option<usize>,
    channels: Option<usize>,
    slices: Option<usize>,
    frames: Option<usize>,
    unit: Option<String>,
}

impl ImageJ {
    /// Reads a description; none unless ImageJ wrote it.
    pub fn of(description: &str) -> Option<Self> {
        let mut lines = description.lines();
        lines.next().filter(|first| first.starts_with("ImageJ="))?;
        let mut said = Self::default();
        for line in lines {
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let value = value.trim();
            let number = || value.parse().ok();
            // A key that is written twice has its first value.
            match key {
                "images" => said.images = said.images.or_else(number),
                "channels" => said.channels = said.channels.or_else(number),
                "slices" => said.slices = said.slices.or_else(number),
                "frames" => said.frames = said.frames.or_else(number),
                "unit" => said.unit = said.unit.or_else(|| Some(value.to_owned())),
                _ => {}
            }
        }
        Some(said)
    }

    /// Where image number `image`, counted from 0, stands in a hyperstack of `images`: `channel 1, slice 2,
    /// frame 1`; none where they are not such a stack.
    pub fn place(&self, image: usize, images: usize) -> Option<String> {
        let [channels, slices, _] = self.axes(images)?;
        if channels >= images {
            return None;
        }
        let (channel, rest) = (image % channels, image / channels);
        let (slice, frame) = (rest % slices, rest / slices);
        Some(format!(
            "channel {}, slice {}, frame {}",
            channel + 1,
            slice + 1,
            frame + 1
        ))
    }

    /// Which channel image number `image` of `images` is of, both counted from 0; none where they are not
    /// such a stack.
    pub fn channel(&self, image: usize, images: usize) -> Option<usize> {
        let [channels, ..] = self.axes(images)?;
        image.checked_rem(channels)
    }

    /// Channels, slices and frames of a stack of `images`; none where they do not make that many.
    fn axes(&self, images: usize) -> Option<[usize; 3]> {
        let axes = [self.channels, self.slices, self.frames].map(|length| length.unwrap_or(1));
        let product = axes
            .into_iter()
            .try_fold(1, |product: usize, length| product.checked_mul(length));
        (product == Some(images) && images > 0).then_some(axes)
    }

    /// The size of a pixel: the TIFF's resolution counts pixels per unit. What is counted per inch or
    /// centimetre is of a page, not of a specimen, and is left to [`Resolution`].
    pub(crate) fn pixel(&self, resolution: Option<Resolution>) -> Result<Option<PixelSize>, Untaken> {
        let (Some(name), Some(Resolution { across, down, .. })) = (&self.unit, resolution) else {
            return Ok(None);
        };
        if ["inch", "cm"].contains(&name.as_str()) {
            return Ok(None);
        }
        match unit(name) {
            Some(Unit::Length(um)) => PixelSize::new(um / across, um / down, Source::ImageJ).map(Some),
            Some(Unit::None) => Ok(None),
            None => Err(Untaken::Unit { found: quoted(name) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolution(across: f64) -> Resolution {
        Resolution {
            across,
            down: across,
            unit: 1,
        }
    }

    fn with_unit(name: &str) -> ImageJ {
        ImageJ::of(&format!("ImageJ=1.54f\nunit={name}\n")).unwrap()
    }

    #[test]
    fn only_imagejs_own_descriptions_are_read() {
        assert_eq!(ImageJ::of("images=3\nImageJ=1.54f"), None);
        assert_eq!(ImageJ::of(""), None);
        assert_eq!(
            ImageJ::of("ImageJ=1.54f\nimages=3\nimages=9\nx").unwrap().images,
            Some(3)
        );
        assert_eq!(ImageJ::of("ImageJ=1.54f\nimages=many\n").unwrap().images, None);
    }

    #[test]
    fn images_of_a_hyperstack_have_their_place() {
        let stack = ImageJ::of("ImageJ=1.54f\nimages=12\nchannels=2\nslices=3\nframes=2\n").unwrap();
        assert_eq!(stack.place(0, 12).unwrap(), "channel 1, slice 1, frame 1");
        assert_eq!(stack.place(11, 12).unwrap(), "channel 2, slice 3, frame 2");
        assert_eq!(stack.place(0, 11), None);
        let channels = ImageJ::of("ImageJ=1.54f\nimages=3\nchannels=3\n").unwrap();
        assert_eq!(channels.place(0, 3), None);
        assert_eq!(
            [0, 1, 11].map(|image| stack.channel(image, 12)),
            [0, 1, 1].map(Some)
        );
        assert_eq!(channels.channel(2, 3), Some(2));
        assert_eq!((channels.channel(2, 4), channels.channel(0, 0)), (None, None));
        for wrong in ["channels=0\nslices=0", "channels=18446744073709551615\nslices=3"] {
            let said = ImageJ::of(&format!("ImageJ=1.54f\n{wrong}\n")).unwrap();
            assert_eq!((said.place(1, 3), said.channel(1, 3)), (None, None));
        }
    }

    #[test]
    fn a_unit_makes_a_scale_of_the_resolution() {
        let size = with_unit("micron")
            .pixel(Some(resolution(1.538_461_5)))
            .unwrap()
            .unwrap();
        assert!((size.um() - 0.65).abs() < 1e-6);
        let size = with_unit("mm").pixel(Some(resolution(2000.0))).unwrap().unwrap();
        assert!((size.um() - 0.5).abs() < 1e-12);
        assert_eq!(with_unit("pixel").pixel(Some(resolution(1.0))), Ok(None));
        assert_eq!(with_unit("inch").pixel(Some(resolution(72.0))), Ok(None));
        assert_eq!(with_unit("micron").pixel(None), Ok(None));
        assert_eq!(
            with_unit("parsec")
                .pixel(Some(resolution(1.0)))
                .unwrap_err()
                .to_string(),
            "its pixels are measured in \"parsec\", expected a unit of length such as µm"
        );
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(
                with_unit("micron").pixel(Some(resolution(wrong))).is_err(),
                "{wrong}"
            );
        }
    }
}
