//! How the author's pictures are published.

use serde::Deserialize;
use toml::Spanned;

use crate::error::SiteError;
use crate::source::SourceText;

/// The settings of `[pictures]`. Without them every picture is published as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pictures {
    /// Widths in pixels at which a picture is also published, for smaller screens.
    #[serde(default)]
    pub widths: Vec<Spanned<u32>>,
    /// Quality of AVIF, 1 to 100; 80 where this is absent.
    pub quality: Option<Spanned<u8>>,
    /// Whether a click shows a figure as large as the window.
    #[serde(default)]
    pub enlarge: bool,
}

/// The quality of AVIF where none is stated.
const QUALITY: u8 = 80;
/// Widths that make sense on a page.
const WIDTHS: std::ops::RangeInclusive<u32> = 64..=8192;
/// The most widths of one picture.
const MOST: usize = 6;

impl Pictures {
    /// The quality of AVIF.
    pub fn quality(&self) -> u8 {
        self.quality
            .as_ref()
            .map_or(QUALITY, |quality| *quality.get_ref())
    }

    /// What is wrong with the settings.
    pub(super) fn wrong(&self, source: &SourceText) -> Vec<SiteError> {
        let mut wrong = Vec::new();
        for width in self
            .widths
            .iter()
            .filter(|width| !WIDTHS.contains(width.get_ref()))
        {
            let problem = format!(
                "width {}, expected from {} to {} px",
                width.get_ref(),
                WIDTHS.start(),
                WIDTHS.end()
            );
            wrong.push(source.wrong(&width.span(), problem));
        }
        if let Some(last) = self.widths.get(MOST) {
            wrong.push(source.wrong(
                &last.span(),
                format!("{} widths, expected at most {MOST}", self.widths.len()),
            ));
        }
        if let Some(quality) = &self.quality
            && !(1..=100).contains(quality.get_ref())
        {
            wrong.push(source.wrong(
                &quality.span(),
                format!("quality {}, expected from 1 to 100", quality.get_ref()),
            ));
        }
        wrong
    }
}
