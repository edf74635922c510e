//! The embedded font: how long texts are, and which dots they cover.
//!
//! It is Noto Sans, cut down to Latin and Greek letters, digits and signs (`fonts/`, SIL Open Font License
//! 1.1). A character that it does not have is drawn as a box.

use ab_glyph::{Font as _, FontRef, PxScale, point};

use crate::error::PrintError;

/// The font's file.
pub(crate) const FILE: &[u8] = include_bytes!("../fonts/noto-sans.ttf");

/// The font, read.
pub struct Font {
    face: FontRef<'static>,
    /// Font units per em.
    units: f32,
}

impl Font {
    /// Reads the embedded font.
    ///
    /// # Errors
    /// [`PrintError::Font`], which the tests rule out.
    pub fn embedded() -> Result<Self, PrintError> {
        let face = FontRef::try_from_slice(FILE).map_err(|_| PrintError::Font)?;
        let units = face.units_per_em().ok_or(PrintError::Font)?;
        Ok(Self { face, units })
    }

    /// How far a character moves the pen, in ems.
    pub fn advance(&self, character: char) -> f32 {
        self.face.h_advance_unscaled(self.face.glyph_id(character)) / self.units
    }

    /// The length of a text, for letters of `size` dots per em; the result is in dots.
    pub fn length(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|character| self.advance(character) * size).sum()
    }

    /// Whether the font has a character; another one is drawn as a box.
    pub fn has(&self, character: char) -> bool {
        self.face.glyph_id(character).0 != 0
    }

    /// Draws a line of text whose first letter stands at `x` on the line `baseline`: `paint` is given each
    /// dot's column, row and coverage from 0 to 1.
    pub fn draw(
        &self,
        text: &str,
        (x, baseline): (f32, f32),
        size: f32,
        mut paint: impl FnMut(i64, i64, f32),
    ) {
        // The library measures a size from the lowest to the highest letter.
        let scale = PxScale::from(size * self.face.height_unscaled() / self.units);
        let mut pen = x;
        for character in text.chars() {
            let glyph = self.face.glyph_id(character);
            let placed = glyph.with_scale_and_position(scale, point(pen, baseline));
            if let Some(outlined) = self.face.outline_glyph(placed) {
                let corner = outlined.px_bounds().min;
                let (left, top) = (corner.x as i64, corner.y as i64);
                outlined.draw(|column, row, coverage| {
                    // Where outlines overlap, the sum is more than the whole dot.
                    let coverage = coverage.clamp(0.0, 1.0);
                    paint(left + i64::from(column), top + i64::from(row), coverage);
                });
            }
            pen += self.advance(character) * size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_what_figures_of_cells_say() {
        let font = Font::embedded().unwrap();
        let said = "AZaz09 µα±−×°–—…“”’·²";
        let lacking: String = said.chars().filter(|&character| !font.has(character)).collect();
        assert_eq!(lacking, "");
        assert!(!font.has('細') && !font.has('🧫'));
    }

    #[test]
    fn a_text_is_as_long_as_its_letters() {
        let font = Font::embedded().unwrap();
        let parts = font.length("t = ", 20.0) + font.length("0.400", 20.0);
        assert!((font.length("t = 0.400", 20.0) - parts).abs() < 1e-3);
        assert!((font.length("W", 40.0) - 2.0 * font.length("W", 20.0)).abs() < 1e-3);
        assert!(font.length("i", 20.0) < font.length("W", 20.0));
        assert!(font.length("", 20.0).abs() < f32::EPSILON);
    }

    #[test]
    fn letters_and_boxes_for_missing_ones_cover_dots_near_their_line() {
        let font = Font::embedded().unwrap();
        for text in ["E", "細"] {
            let (mut covered, mut outside) = (0.0, 0);
            font.draw(text, (10.0, 30.0), 20.0, |x, y, coverage| {
                covered += coverage;
                outside += usize::from(!(8..=32).contains(&x) || !(8..=38).contains(&y));
            });
            assert!(covered > 20.0, "{text}: {covered}");
            assert_eq!(outside, 0, "{text}");
        }
        font.draw(" ", (0.0, 0.0), 20.0, |_, _, coverage| assert!(coverage <= 0.0));
    }
}
