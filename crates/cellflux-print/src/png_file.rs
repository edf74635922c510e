//! Dots as PNG files: one picture, or a film.

use png::{BitDepth, ColorType, Compression, Encoder, Filter, PixelDimensions, Unit};

use crate::about::Text;
use crate::error::PrintError;
use crate::paper::DPI;
use crate::raster::Canvas;

/// Dots per metre, as PNG states a resolution.
const DOTS_PER_METRE: u32 = (DPI * 10_000 + 127) / 254;

/// One picture, with its resolution.
pub(crate) fn still(canvas: &Canvas, texts: &[Text]) -> Result<Vec<u8>, PrintError> {
    let mut file = Vec::new();
    let mut encoder = encoder(&mut file, (canvas.width, canvas.height), texts)?;
    encoder.set_pixel_dims(Some(PixelDimensions {
        xppu: DOTS_PER_METRE,
        yppu: DOTS_PER_METRE,
        unit: Unit::Meter,
    }));
    let mut writer = encoder.write_header().map_err(refused)?;
    writer.write_image_data(&canvas.dots).map_err(refused)?;
    writer.finish().map_err(refused)?;
    Ok(file)
}

/// A film of frames of one size that starts over at its end: each frame, and how long it stays, in hundredths
/// of a second.
pub(crate) fn film(
    size: (usize, usize),
    frames: impl ExactSizeIterator<Item = (Canvas, u16)>,
    texts: &[Text],
) -> Result<Vec<u8>, PrintError> {
    let mut file = Vec::new();
    let mut encoder = encoder(&mut file, size, texts)?;
    let count = u32::try_from(frames.len()).map_err(|_| PrintError::Empty)?;
    encoder.set_animated(count, 0).map_err(refused)?;
    let mut writer = encoder.write_header().map_err(refused)?;
    for (canvas, hundredths) in frames {
        writer.set_frame_delay(hundredths, 100).map_err(refused)?;
        writer.write_image_data(&canvas.dots).map_err(refused)?;
    }
    writer.finish().map_err(refused)?;
    Ok(file)
}

fn encoder<'a>(
    file: &'a mut Vec<u8>,
    (width, height): (usize, usize),
    texts: &[Text],
) -> Result<Encoder<'static, &'a mut Vec<u8>>, PrintError> {
    let side = |side: usize| {
        u32::try_from(side).map_err(|_| PrintError::Write {
            reason: format!("{side} dots are too many for one side"),
        })
    };
    let mut encoder = Encoder::new(file, side(width)?, side(height)?);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.set_filter(Filter::Adaptive);
    for Text { keyword, text } in texts {
        encoder
            .add_itxt_chunk(keyword.clone(), text.clone())
            .map_err(refused)?;
    }
    Ok(encoder)
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "`map_err` hands errors over by value"
)]
fn refused(error: png::EncodingError) -> PrintError {
    PrintError::Write {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::tests::about;

    #[test]
    fn a_picture_states_its_resolution_and_holds_its_texts() {
        let file = still(&Canvas::white(5, 4), &about().texts).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(&file))
            .read_info()
            .unwrap();
        let info = reader.info();
        assert_eq!((info.width, info.height), (5, 4));
        let resolution = info.pixel_dims.unwrap();
        assert_eq!((resolution.xppu, resolution.unit), (11_811, Unit::Meter));
        let [text] = info.utf8_text.as_slice() else {
            panic!("one text, found {:?}", info.utf8_text);
        };
        assert_eq!(text.keyword, "CellFlux link");
        assert_eq!(text.get_text().unwrap(), "#v=1&c=taxol");
    }

    #[test]
    fn a_keyword_that_png_does_not_allow_is_an_error() {
        let wrong = Text {
            keyword: String::new(),
            text: "x".into(),
        };
        let error = still(&Canvas::white(1, 1), &[wrong]).unwrap_err();
        assert!(
            error.to_string().starts_with("could not write the PNG: "),
            "{error}"
        );
    }
}
