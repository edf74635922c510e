//! The author's colours and fonts as a style sheet that sets the page's variables.

use crate::config::{Colour, Mode, Project, Theme};
use crate::error::SiteError;
use crate::files::{AuthorFiles, Use};
use crate::fingerprint::relative;
use crate::image_facts::linear;
use crate::source::SourceText;

/// The style sheet's address, to which those of fonts are relative.
pub const PATH: &str = "theme.css";

/// The smallest contrast of text on its background (WCAG 2.2, success criterion 1.4.3).
const CONTRAST: f64 = 4.5;

/// The page's default backgrounds, light and dark.
const PAPER: [&str; 2] = ["#f6f5f1", "#0f1216"];

/// The style sheet of a theme.
///
/// # Errors
/// [`SiteError::At`] for what is not a colour or a font family, or for a missing font file.
pub fn css(project: &Project, files: &mut AuthorFiles) -> Result<String, SiteError> {
    let theme = &project.config.theme;
    let source = &project.source;
    let mut css = String::new();
    for font in &theme.fonts {
        let at = source.place(font.file.span().start);
        let address = files.add(&project.path(font.file.get_ref()), Use::Font, &at)?;
        let weight = &font.weight;
        if !weight.chars().all(|c| c.is_ascii_digit() || c == ' ') {
            return Err(at.wrong(format!(
                "weight {weight:?}, expected numbers such as 400 or 300 700"
            )));
        }
        let family = family(font.family.get_ref()).ok_or_else(|| not_a_family(source, &font.family))?;
        css.push_str(&format!(
            "@font-face {{ font-family: {family}; src: url('{}') format('woff2'); \
             font-weight: {weight}; font-style: {}; font-display: swap; }}\n",
            relative(PATH, &address),
            if font.italic { "italic" } else { "normal" }
        ));
    }
    let mut set = String::new();
    match theme.mode {
        Mode::Auto => {}
        Mode::Light => set.push_str("  color-scheme: light;\n"),
        Mode::Dark => set.push_str("  color-scheme: dark;\n"),
    }
    for (name, colour) in colours(theme) {
        let Some(colour) = colour else { continue };
        let [light, dark] = both(colour.get_ref());
        for value in [&light, &dark] {
            if rgb(value).is_none() {
                return Err(source.wrong(&colour.span(), format!("colour {value:?}, expected #rrggbb")));
            }
        }
        set.push_str(&format!("  --{name}: light-dark({light}, {dark});\n"));
        if name == "accent" {
            // Text on the accent, and the accent's stronger form, follow it.
            let on = [&light, &dark].map(|value| {
                if contrast(value, "#ffffff") >= CONTRAST {
                    "#ffffff"
                } else {
                    "#0b0d11"
                }
            });
            set.push_str(&format!("  --on-accent: light-dark({}, {});\n", on[0], on[1]));
            set.push_str("  --accent-strong: color-mix(in oklab, var(--accent) 82%, var(--ink));\n");
        }
    }
    for (name, chosen) in [
        ("serif", &theme.serif),
        ("sans", &theme.sans),
        ("mono", &theme.mono),
    ] {
        if let Some(chosen) = chosen {
            let list: Option<Vec<String>> = chosen.get_ref().split(',').map(family).collect();
            let list = list.ok_or_else(|| not_a_family(source, chosen))?;
            set.push_str(&format!("  --{name}: {};\n", list.join(", ")));
        }
    }
    if !set.is_empty() {
        // The explorer sets these on its own host; the page's rule has precedence there.
        css.push_str(&format!(":root,\ncellflux-explorer {{\n{set}}}\n"));
    }
    Ok(css)
}

/// Text colours that are too faint on their background, as sentences with their place in the file.
pub fn too_faint(project: &Project) -> Vec<SiteError> {
    let theme = &project.config.theme;
    let paper = theme
        .paper
        .as_ref()
        .map_or(PAPER.map(str::to_owned), |colour| both(colour.get_ref()));
    let mut found = Vec::new();
    for (name, colour) in colours(theme) {
        let Some(colour) = colour.filter(|_| matches!(name, "accent" | "ink" | "soft")) else {
            continue;
        };
        for ((mode, value), ground) in ["light", "dark"].iter().zip(both(colour.get_ref())).zip(&paper) {
            let contrast = contrast(&value, ground);
            if contrast < CONTRAST {
                found.push(project.source.wrong(
                    &colour.span(),
                    format!(
                        "{name} {value} on {ground} ({mode}) has a contrast of {contrast:.1}, expected \
                        at least {CONTRAST}"
                    ),
                ));
            }
        }
    }
    found
}

type Chosen<'a> = Option<&'a toml::Spanned<Colour>>;

fn colours(theme: &Theme) -> [(&'static str, Chosen<'_>); 5] {
    [
        ("accent", theme.accent.as_ref()),
        ("paper", theme.paper.as_ref()),
        ("card", theme.card.as_ref()),
        ("ink", theme.ink.as_ref()),
        ("soft", theme.soft.as_ref()),
    ]
}

fn both(colour: &Colour) -> [String; 2] {
    match colour {
        Colour::Both(value) => [value.clone(), value.clone()],
        Colour::Each { light, dark } => [light.clone(), dark.clone()],
    }
}

/// A font family, quoted where it is a name of its own.
fn family(name: &str) -> Option<String> {
    let name = name.trim().trim_matches(['"', '\'']);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    let generic = [
        "serif",
        "sans-serif",
        "monospace",
        "system-ui",
        "ui-serif",
        "ui-sans-serif",
        "ui-monospace",
        "ui-rounded",
    ];
    Some(if generic.contains(&name) {
        name.to_owned()
    } else {
        format!("'{name}'")
    })
}

fn not_a_family(source: &SourceText, found: &toml::Spanned<String>) -> SiteError {
    source.wrong(
        &found.span(),
        format!(
            "font {:?}, expected family names such as Charter, Georgia, serif",
            found.get_ref()
        ),
    )
}

fn rgb(value: &str) -> Option<[f64; 3]> {
    let digits = value.strip_prefix('#')?;
    if digits.len() != 6 {
        return None;
    }
    let part = |at: usize| {
        u8::from_str_radix(digits.get(at..at + 2)?, 16)
            .ok()
            .map(|byte| f64::from(byte) / 255.0)
    };
    Some([part(0)?, part(2)?, part(4)?])
}

/// The contrast ratio of two colours (WCAG 2.2), 1 to 21; 21 for what is not a colour.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |colour: [f64; 3]| {
        0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
    };
    let (Some(a), Some(b)) = (rgb(a), rgb(b)) else {
        return 21.0;
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(theme: &str) -> Project {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("title = \"T\"\n[[bundle]]\npath = \"b\"\n[theme]\n{theme}\n");
        std::fs::write(folder.path().join("site.toml"), text).unwrap();
        Project::read(folder.path()).unwrap()
    }

    #[test]
    fn colours_and_fonts_become_variables_of_the_page_and_of_its_explorers() {
        let project = project(
            "mode = \"dark\"\naccent = { light = \"#7a1f5c\", dark = \"#e79bcb\" }\n\
            serif = \"EB Garamond, serif\"",
        );
        let css = css(&project, &mut AuthorFiles::default()).unwrap();
        for part in [
            "cellflux-explorer {",
            "color-scheme: dark",
            "--accent: light-dark(#7a1f5c, #e79bcb)",
            "--on-accent: light-dark(#ffffff, #0b0d11)",
            "--serif: 'EB Garamond', serif;",
        ] {
            assert!(css.contains(part), "{part}: {css}");
        }
    }

    #[test]
    fn what_is_no_colour_and_no_font_is_refused_with_its_line() {
        for (theme, expected) in [
            (
                "accent = \"teal\"",
                "site.toml:5: colour \"teal\", expected #rrggbb",
            ),
            ("accent = \"#fff; } body { display: none\"", "site.toml:5: colour"),
            ("serif = \"x; } body {\"", "site.toml:5: font"),
        ] {
            let error = css(&project(theme), &mut AuthorFiles::default())
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn faint_text_is_found_by_its_contrast() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
        let found = too_faint(&project("soft = \"#bbbbbb\""));
        assert_eq!(found.len(), 1, "faint on light ground, clear on dark: {found:?}");
        assert!(
            found[0]
                .to_string()
                .contains("soft #bbbbbb on #f6f5f1 (light) has a contrast of 1.8"),
            "{}",
            found[0]
        );
    }
}
