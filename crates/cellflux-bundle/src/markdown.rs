//! Names in Markdown: words of a bundle, table or folder stand in reports as they are, whatever signs they
//! have.

/// A name that cannot become markup: signs that could start some are escaped, and a line break, which would
/// end a table's row, is a space.
///
/// ```
/// use cellflux_bundle::markdown::escaped;
///
/// assert_eq!(escaped("IL-2 | 5*10_3 <b>"), r"IL-2 \| 5\*10_3 \<b>");
/// ```
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    let mut first = true;
    while let Some(sign) = rest.next() {
        let inside_word = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        let special = match sign {
            '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' | '&' => true,
            // Between letters and digits it is a sign as others are.
            '_' => !inside_word,
            // Headings, lists and quotations.
            '#' | '+' | '-' | '>' => first,
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(if sign.is_control() { ' ' } else { sign });
        before = sign;
        first = false;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_that_could_become_markup_are_escaped_and_line_breaks_are_spaces() {
        for (name, expected) in [
            ("taxol", "taxol"),
            ("PP-2, 0.3 µM (new)", "PP-2, 0.3 µM (new)"),
            ("a|b\n|c|", r"a\|b \|c\|"),
            ("a\r\nb", "a  b"),
            (r"C:\cells", r"C:\\cells"),
            ("**bold** `code`", r"\*\*bold\*\* \`code\`"),
            ("plate_27_b", "plate_27_b"),
            ("_new_ and __old__", r"\_new\_ and \_\_old\_\_"),
            ("<img src=x>", r"\<img src=x>"),
            ("[x](y) ![z](w)", r"\[x\](y) !\[z\](w)"),
            ("~~gone~~ &lt;", r"\~\~gone\~\~ \&lt;"),
            ("# title", r"\# title"),
            ("- item", r"\- item"),
            ("", ""),
        ] {
            assert_eq!(escaped(name), expected, "{name:?}");
        }
    }
}
