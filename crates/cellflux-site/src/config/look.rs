//! What a page looks like: `[theme]`.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// Colours, fonts, light or dark. A colour is `#rrggbb`, or two of them for light and dark.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// Light, dark, or as the visitor's system has it.
    #[serde(default)]
    pub mode: Mode,
    /// Links and buttons.
    pub accent: Option<Spanned<Colour>>,
    /// The page's ground.
    pub paper: Option<Spanned<Colour>>,
    /// The ground of cards.
    pub card: Option<Spanned<Colour>>,
    /// Text.
    pub ink: Option<Spanned<Colour>>,
    /// Quieter text.
    pub soft: Option<Spanned<Colour>>,
    /// Font family of headings.
    pub serif: Option<Spanned<String>>,
    /// Font family of text.
    pub sans: Option<Spanned<String>>,
    /// Font family of code.
    pub mono: Option<Spanned<String>>,
    /// A style sheet of the author's, which follows the page's.
    pub css: Option<Spanned<PathBuf>>,
    /// Font files beside `site.toml`.
    #[serde(default, rename = "font")]
    pub fonts: Vec<Font>,
}

/// A font that is part of the site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Font {
    /// The font family that it belongs to.
    pub family: Spanned<String>,
    /// A `.woff2` file.
    pub file: Spanned<PathBuf>,
    /// CSS weight, one or a range (`400` or `300 700`).
    #[serde(default = "regular")]
    pub weight: String,
    /// Whether it is the italic.
    #[serde(default)]
    pub italic: bool,
}

fn regular() -> String {
    "400".into()
}

/// One colour for both modes, or one each.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a colour is \"#rrggbb\", or { light = \"#rrggbb\", dark = \"#rrggbb\" }"
)]
pub enum Colour {
    /// The same in both.
    Both(String),
    /// One each.
    Each {
        /// On light ground.
        light: String,
        /// On dark ground.
        dark: String,
    },
}

/// Which of the two looks a page has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// As the visitor's system has it.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}
