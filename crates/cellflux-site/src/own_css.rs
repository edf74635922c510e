//! The author's own style sheet: it follows the page's, so its rules win.

use crate::address;
use crate::config::Project;
use crate::error::SiteError;
use crate::files::{AuthorFiles, Use};
use crate::fingerprint::relative;
use crate::theme::PATH;

/// The text of `css` of `[theme]`, its files published and their addresses written into it; empty without.
///
/// # Errors
/// [`SiteError::At`] for a file that cannot be read; with its line for what another site would be asked for.
pub(crate) fn css(project: &Project, files: &mut AuthorFiles) -> Result<String, SiteError> {
    let Some(file) = &project.config.theme.css else {
        return Ok(String::new());
    };
    let at = project.source.place(file.span().start);
    let path = project.path(file.get_ref());
    let source = files.text(&path, &at)?;
    if let Some(import) = source.text.find("@import") {
        let place = source.place(import);
        return Err(place.wrong("@import: expected the rules themselves, in one file"));
    }
    let folder = path.parent().unwrap_or(&project.folder).to_owned();
    let mut css = String::with_capacity(source.text.len());
    let mut done = 0;
    for (start, _) in source.text.match_indices("url(") {
        let begin = start + "url(".len();
        let behind = source.text.get(begin..).unwrap_or_default();
        let Some((written, _)) = behind.split_once(')') else {
            break;
        };
        let target = written.trim().trim_matches(['"', '\'']);
        if target.starts_with('#') || target.starts_with("data:") {
            continue;
        }
        let place = source.place(start);
        if let Some(problem) = address::elsewhere(target) {
            return Err(place.wrong(problem));
        }
        let address::Target::File(name, _) = address::target(target) else {
            return Err(place.wrong(format!("url({target}): expected a file beside the style sheet")));
        };
        let named = address::file(&folder, name);
        let is_font = named
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("woff2"));
        let purpose = if is_font { Use::Font } else { Use::Picture };
        let address = files.add(&named, purpose, &place)?;
        css.push_str(source.text.get(done..begin).unwrap_or_default());
        css.push_str(&format!("\"{}\"", relative(PATH, &address)));
        done = begin + written.len();
    }
    css.push_str(source.text.get(done..).unwrap_or_default());
    css.push('\n');
    Ok(css)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn made(rules: &str) -> Result<(String, AuthorFiles), SiteError> {
        let home = tempfile::tempdir().unwrap();
        let text = "title = \"T\"\n[[bundle]]\npath = \"b\"\n[theme]\ncss = \"own.css\"\n";
        fs::write(home.path().join("site.toml"), text).unwrap();
        fs::write(home.path().join("own.css"), rules).unwrap();
        fs::write(
            home.path().join("dot.svg"),
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        )
        .unwrap();
        let project = Project::read(home.path()).unwrap();
        let mut files = AuthorFiles::of(home.path());
        css(&project, &mut files).map(|css| (css, files))
    }

    #[test]
    fn files_of_a_style_sheet_are_published_and_its_addresses_lead_to_them() {
        let (css, files) = made("h1 { background: url('dot.svg'); }\np { fill: url(#a); }\n").unwrap();
        let (address, _) = files.files.first_key_value().unwrap();
        assert!(
            css.contains(&format!("url(\"./{address}\")")) && css.contains("url(#a)"),
            "{css}"
        );
    }

    #[test]
    fn a_style_sheet_that_asks_another_site_is_refused_with_its_line() {
        for rules in [
            "\n@import 'more.css';",
            "p {}\nh1 { background: url(https://cdn.example/a.png); }",
            "p {}\nh1 { background: url(gone.svg); }",
        ] {
            let error = made(rules).unwrap_err().to_string();
            assert!(error.contains("own.css:2: "), "{error}");
        }
    }
}
