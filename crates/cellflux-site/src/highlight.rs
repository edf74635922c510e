//! Source code in Markdown, coloured while building: spans with classes, which the page's style sheet
//! colours.

use std::sync::OnceLock;

use syntect::html::{ClassStyle, ClassedHTMLGenerator};
use syntect::parsing::{SyntaxReference, SyntaxSet};
use syntect::util::LinesWithEndings;

use crate::html::escape;

/// The classes' prefix; `web/styles/code.css` names them.
const CLASSES: ClassStyle = ClassStyle::SpacedPrefixed { prefix: "c-" };

fn syntaxes() -> &'static SyntaxSet {
    static SYNTAXES: OnceLock<SyntaxSet> = OnceLock::new();
    SYNTAXES.get_or_init(SyntaxSet::load_defaults_newlines)
}

/// Code as HTML. Code in an unknown language is shown without colours.
pub fn highlight(code: &str, language: &str) -> String {
    let inner = match find(language) {
        Some(syntax) => coloured(code, syntax).unwrap_or_else(|| escape(code)),
        None => escape(code),
    };
    format!("<pre class=\"code\" tabindex=\"0\"><code>{inner}</code></pre>\n")
}

fn find(language: &str) -> Option<&'static SyntaxReference> {
    // Other names for the syntaxes.
    let token = match language {
        "" => return None,
        "console" | "shell" | "sh" => "bash",
        // The set has no TOML; this syntax is close enough.
        "toml" | "ini" => "properties",
        other => other,
    };
    syntaxes().find_syntax_by_token(token)
}

fn coloured(code: &str, syntax: &SyntaxReference) -> Option<String> {
    let mut generator = ClassedHTMLGenerator::new_with_class_style(syntax, syntaxes(), CLASSES);
    for line in LinesWithEndings::from(code) {
        generator.parse_html_for_line_which_includes_newline(line).ok()?;
    }
    Some(generator.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_languages_get_classes_and_no_inline_style_and_others_are_escaped() {
        for (language, code) in [
            ("rust", "fn main() {}\n"),
            ("python", "def f(): pass\n"),
            ("sh", "echo hi\n"),
        ] {
            let html = highlight(code, language);
            assert!(html.contains("class=\"c-"), "{language}: {html}");
            assert!(!html.contains("style="), "{html}");
        }
        assert!(highlight("a < b", "no-such-language").contains("a &lt; b"));
    }
}
