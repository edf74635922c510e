//! A page of a PDF as a picture.

use cellflux_image::composite::Rgba;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};

/// Width of the picture in pixels, twice what a column of the page has.
const WIDTH: f32 = 1600.0;
/// The largest height in pixels.
const HIGHEST: f32 = 6400.0;

/// Whether content is a PDF.
pub(crate) fn is_pdf(content: &[u8]) -> bool {
    content.starts_with(b"%PDF")
}

/// A page, counted from 1, on white ground.
///
/// # Errors
/// What is wrong with the file, or how many pages it has.
pub(crate) fn drawn(content: &[u8], number: usize) -> Result<Rgba, String> {
    let pdf = Pdf::new(content.to_vec())
        .map_err(|_| "a PDF that cannot be read, or one with a password, expected a whole one".to_owned())?;
    let pages = pdf.pages();
    let page = number
        .checked_sub(1)
        .and_then(|index| pages.get(index))
        .ok_or_else(|| format!("page {number}, expected from 1 to {}", pages.len()))?;
    let (width, height) = page.render_dimensions();
    let sound = 1.0..=1e6;
    if !sound.contains(&width) || !sound.contains(&height) {
        return Err("a PDF whose page has no size, expected one that shows something".into());
    }
    let scale = (WIDTH / width).min(HIGHEST / height);
    let settings = PixmapSettings {
        x_scale: scale,
        y_scale: scale,
        bg_color: WHITE,
    };
    let drawn = render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &settings,
    );
    Ok(Rgba {
        width: usize::from(drawn.width()),
        height: usize::from(drawn.height()),
        pixels: drawn.data_as_u8_slice().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of 200 x 100 points whose left half is black.
    const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
        2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<<>>>>endobj\n\
        4 0 obj<</Length 20>>stream\n0 0 100 100 re f    \nendstream endobj\n\
        trailer<</Root 1 0 R>>\n%%EOF\n";

    #[test]
    fn a_page_is_drawn_on_white_ground_at_twice_a_column_s_width() {
        let page = drawn(PDF.as_bytes(), 1).unwrap();
        assert_eq!((page.width, page.height), (1600, 800));
        let at = |x: usize, y: usize| &page.pixels[4 * (y * page.width + x)..][..4];
        assert_eq!(at(400, 400), [0, 0, 0, 255]);
        assert_eq!(at(1200, 400), [255, 255, 255, 255]);
    }

    #[test]
    fn a_page_that_is_not_there_and_a_broken_file_are_refused() {
        assert_eq!(
            drawn(PDF.as_bytes(), 2).unwrap_err(),
            "page 2, expected from 1 to 1"
        );
        assert!(drawn(PDF.as_bytes(), 0).is_err());
        assert!(drawn(b"%PDF-1.7 cut", 1).is_err());
    }
}
