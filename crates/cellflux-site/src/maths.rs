//! TeX to `MathML` while building: the page needs no script for it, and no inline style, which its policy
//! forbids.

use std::collections::BTreeMap;

use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage, push_mathml};

use crate::fingerprint::digest;
use crate::html::escape;

/// The longest formula in bytes, and the deepest nesting of groups: nesting costs stack, and time that grows
/// with its square.
const LONGEST: usize = 8192;
const DEEPEST: usize = 64;
/// The longest run of commands and scripts without a symbol between them; each may be the argument of the one
/// before.
const LONGEST_CHAIN: usize = 256;
/// The largest number of events of a formula; macros multiply what is written.
const MOST_EVENTS: usize = 20_000;

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
        bounded(tex)?;
        let storage = Storage::new();
        // Parsed again below; here only to find the first error, which the renderer would merely paint red.
        for (count, event) in Parser::new(tex, &storage).enumerate() {
            event.map_err(|error| error.to_string().replace('\n', " "))?;
            if count > MOST_EVENTS {
                return Err(format!("more than {MOST_EVENTS} symbols, expected fewer"));
            }
        }
        // The renderer writes the annotation as it is given.
        let annotation = escape(tex);
        let config = RenderConfig {
            display_mode: if display {
                DisplayMode::Block
            } else {
                DisplayMode::Inline
            },
            annotation: Some(&annotation),
            ..RenderConfig::default()
        };
        let mut mathml = String::new();
        push_mathml(&mut mathml, Parser::new(tex, &storage), config).map_err(|error| error.to_string())?;
        // The renderer escapes words, except a relation that is alone in its element.
        let mathml = mathml
            .replace("><</", ">&lt;</")
            .replace("><\u{338}</", ">&lt;\u{338}</")
            .replace(">&</", ">&amp;</");
        only_mathml(&mathml)?;
        // On a narrow screen a long formula is scrolled, also by keyboard.
        let mathml = mathml.replacen(
            "<math display=\"block\">",
            "<math display=\"block\" tabindex=\"0\">",
            1,
        );
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

/// Refuses a formula that would take too much time or memory; none that people read does.
fn bounded(tex: &str) -> Result<(), String> {
    if tex.len() > LONGEST {
        return Err(format!("{} bytes long, expected at most {LONGEST}", tex.len()));
    }
    let (mut depth, mut deepest, mut chain, mut longest) = (0_usize, 0, 0_usize, 0);
    let mut rest = tex.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            // A command takes what follows as its argument, another command included: `\sqrt\sqrt x` nests
            // too.
            '\\' if rest.peek().is_some_and(char::is_ascii_alphabetic) => {
                let mut name = String::new();
                while let Some(letter) = rest.next_if(char::is_ascii_alphabetic) {
                    name.push(letter);
                }
                if matches!(name.as_str(), "begin" | "left") {
                    depth += 1;
                } else if matches!(name.as_str(), "end" | "right") {
                    depth = depth.saturating_sub(1);
                } else {
                    chain += 1;
                }
                deepest = deepest.max(depth);
                longest = longest.max(chain);
                continue;
            }
            '\\' => {
                rest.next();
            }
            '^' | '_' => {
                chain += 1;
                deepest = deepest.max(depth);
                longest = longest.max(chain);
                continue;
            }
            c if c.is_whitespace() => continue,
            _ => {}
        }
        chain = 0;
        deepest = deepest.max(depth);
    }
    if deepest > DEEPEST {
        return Err(format!("nested {deepest} deep, expected at most {DEEPEST}"));
    }
    if longest > LONGEST_CHAIN {
        return Err(format!(
            "{longest} commands inside each other, expected at most {LONGEST_CHAIN}"
        ));
    }
    Ok(())
}

/// Refuses everything except `MathML`, in case the renderer lets something through.
fn only_mathml(mathml: &str) -> Result<(), String> {
    const ELEMENTS: [&str; 26] = [
        "math",
        "semantics",
        "annotation",
        "mrow",
        "mi",
        "mn",
        "mo",
        "mtext",
        "mspace",
        "mfrac",
        "msqrt",
        "mroot",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mmultiscripts",
        "mprescripts",
        "none",
        "mtable",
        "mtr",
        "mtd",
        "mpadded",
        "mphantom",
    ];
    // The one entity that the renderer writes and XML does not know.
    let xml = mathml.replace("&nbsp;", "&#160;");
    let read = roxmltree::Document::parse(&xml).map_err(|error| format!("cannot be written: {error}"))?;
    for node in read.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        if !ELEMENTS.contains(&name) && !matches!(name, "menclose" | "mstyle" | "merror") {
            return Err(format!("would write a <{name}>, expected MathML"));
        }
        if let Some(attribute) = node
            .attributes()
            .find(|attribute| attribute.name().starts_with("on") || attribute.name() == "href")
        {
            return Err(format!(
                "would write the attribute {:?}, expected none",
                attribute.name()
            ));
        }
    }
    Ok(())
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
        assert!(
            block.starts_with("<math display=\"block\" tabindex=\"0\">"),
            "{block}"
        );
        assert!(!block.contains("style="), "{block}");
        assert!(maths.css().contains("color"), "{}", maths.css());
    }

    #[test]
    fn a_broken_formula_is_refused() {
        let error = Maths::default().render(r"\frac{a}{", false).unwrap_err();
        assert!(!error.is_empty() && !error.contains('\n'), "{error}");
        assert!(Maths::default().render(r"\nosuchcommand x", false).is_err());
    }

    #[test]
    fn nothing_in_a_formula_becomes_html() {
        for tex in [
            r"\text{<meta http-equiv=refresh content=0>}",
            r"\text{</annotation></semantics></math><script>alert(1)</script>}",
            "0<p <1",
            r"a \& b",
            r"\mathrm{<b>}",
            r"\operatorname{<b>}",
        ] {
            let Ok(mathml) = Maths::default().render(tex, false) else {
                continue;
            };
            for part in ["<meta", "<script", "<p ", "<b>"] {
                assert!(!mathml.contains(part), "{tex}: {mathml}");
            }
            assert_eq!(mathml.matches("</math>").count(), 1, "{tex}: {mathml}");
        }
        let sound = Maths::default().render("0<p <1", false).unwrap();
        assert!(sound.contains("0&lt;p &lt;1</annotation>"), "{sound}");
    }

    #[test]
    fn a_formula_that_costs_stack_or_time_is_refused_by_name() {
        for tex in [
            r"\sqrt".repeat(12_000) + " x",
            "{".repeat(20_000) + &"}".repeat(20_000),
            r"\sqrt".repeat(1_000) + " x",
            "{".repeat(1_000) + &"}".repeat(1_000),
            "x^x_".to_owned() + &"{x^".repeat(900) + "x" + &"}".repeat(900),
        ] {
            let error = Maths::default().render(&tex, true).unwrap_err();
            assert!(error.contains("expected at most"), "{error}");
        }
        let bomb = r"\def\a{xxxxxxxxxx}\def\b{\a\a\a\a\a\a\a\a\a\a}\def\c{\b\b\b\b\b\b\b\b\b\b}
            \def\d{\c\c\c\c\c\c\c\c\c\c}\d\d\d\d\d";
        assert!(Maths::default().render(bomb, true).is_err());
        let usual = r"\begin{aligned} \frac{\sqrt{a^{b_{c}}}}{\mathbb{E}_{x \sim p}[f(x)]}
            &= \alpha \beta \gamma \\ &\le 1 \end{aligned}";
        assert!(Maths::default().render(usual, true).is_ok());
    }
}
