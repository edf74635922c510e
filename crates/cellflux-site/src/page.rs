//! The page: `index.html` with the bundle's address put into its explorer.

/// The element that holds the experience.
const ELEMENT: &str = "<cellflux-explorer";

/// Replaces the `src` of the page's one `<cellflux-explorer>` by `manifest`, an address relative to the page.
///
/// # Errors
/// What is there instead, when the page has no such element, several, or one without a `src="…"`.
pub fn with_bundle(html: &str, manifest: &str) -> Result<String, &'static str> {
    let (before, element) = html.split_once(ELEMENT).ok_or("found none")?;
    if element.contains(ELEMENT) {
        return Err("found several");
    }
    let (attributes, after) = element.split_once('>').ok_or("found one that does not end")?;
    let (ahead, value) = attributes.split_once(" src=\"").ok_or("found one without src")?;
    let (_, behind) = value.split_once('"').ok_or("found one whose src does not end")?;
    Ok(format!(
        "{before}{ELEMENT}{ahead} src=\"{}\"{behind}>{after}",
        escaped(manifest)
    ))
}

fn escaped(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_explorers_address_changes() {
        let html =
            r#"<img src="a.png"><cellflux-explorer id="x" src="old.json" lang="en"></cellflux-explorer>"#;
        let expected = r#"<img src="a.png"><cellflux-explorer id="x" src="b/&quot;n&quot;.json" lang="en"></cellflux-explorer>"#;
        assert_eq!(with_bundle(html, "b/\"n\".json").unwrap(), expected);
    }

    #[test]
    fn a_page_without_one_explorer_is_refused() {
        for html in [
            "<p>no explorer</p>",
            r#"<cellflux-explorer src="a"></cellflux-explorer><cellflux-explorer src="b"></cellflux-explorer>"#,
            "<cellflux-explorer>",
            r#"<cellflux-explorer src="a"#,
            r#"<cellflux-explorer src="a>"#,
        ] {
            assert!(with_bundle(html, "m.json").is_err(), "{html}");
        }
    }
}
