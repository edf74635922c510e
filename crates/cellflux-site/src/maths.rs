//! TeX to `MathML` while building: the page needs no script for it, and no inline style, which its policy forbids.

use std::collections::BTreeMap;

use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage, push_mathml};

use crate::fingerprint::digest;

/// Renders formulas, and gathers the styles that they need as classes.
#[derive(Debug, Default)]
pub struct Maths {
    /// Declarations by class.
    styles: BTreeMap<String, String>,
}

impl Maths {
    /// A formula as `MathML`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn render(&mut self, tex: &str, display: bool) -> Result<String, String> {
        let storage = Storage::new();
        // Parsed once more below; here for the first error, which the renderer would only paint red.
        if let Some(error) = Parser::new(tex, &storage).find_map(Result::err) {
            return Err(error.to_string().replace('\n', " "));
        }
        let config = RenderConfig {
            display_mode: if display {
                DisplayMode::Block
            } else {
                DisplayMode::Inline
            },
            annotation: Some(tex),
            ..RenderConfig::default()
        };
        let mut mathml = String::new();
        push_mathml(&mut mathml, Parser::new(tex, &storage), config).map_err(|error| error.to_string())?;
        Ok(self.lift_styles(&mathml))
    }

    /// Turns `style="…"` into a class.
    fn lift_styles(&mut self, mathml: &str) -> String {
        let mut lifted = String::with_capacity(mathml.len());
        let mut rest = mathml;
        while let Some((before, after)) = rest.split_once(" style=\"") {
            let Some((style, behind)) = after.split_once('"') else {
                break;
            };
            let class = format!("m-{}", digest(style.as_bytes()));
            lifted.push_str(before);
            lifted.push_str(&format!(" class=\"{class}\""));
            self.styles.insert(class, style.to_owned());
            rest = behind;
        }
        lifted.push_str(rest);
        lifted
    }

    /// The classes as a style sheet.
    pub fn css(&self) -> String {
        self.styles
            .iter()
            .map(|(class, style)| format!(".{class} {{ {style} }}\n"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_mathml_without_inline_style() {
        let mut maths = Maths::default();
        let inline = maths.render(r"\dot x_t = v_\theta(x_t, t, c)", false).unwrap();
        assert!(
            inline.starts_with("<math") && inline.contains("<msub>"),
            "{inline}"
        );
        let block = maths
            .render(r"\begin{align} a &= b \\ c &= \color{red} d \end{align}", true)
            .unwrap();
        assert!(block.contains("display=\"block\""), "{block}");
        assert!(!block.contains("style="), "{block}");
        assert!(maths.css().contains("color"), "{}", maths.css());
    }

    #[test]
    fn a_broken_formula_is_refused() {
        let error = Maths::default().render(r"\frac{a}{", false).unwrap_err();
        assert!(!error.is_empty() && !error.contains('\n'), "{error}");
        assert!(Maths::default().render(r"\nosuchcommand x", false).is_err());
    }
}
