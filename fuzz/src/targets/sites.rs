//! An author's texts, who may have copied them from anywhere.

use std::path::Path;
use std::sync::LazyLock;

use cellflux_site::config::Config;
use cellflux_site::error::SiteError;
use cellflux_site::files::AuthorFiles;
use cellflux_site::ids::Ids;
use cellflux_site::imported;
use cellflux_site::markdown::{Rules, Surroundings, render};
use cellflux_site::maths::Maths;
use cellflux_site::place::Place;
use cellflux_site::references::Numbers;
use cellflux_site::source::SourceText;
use cellflux_site::words::Words;

use crate::Outcome;

/// What no page may hold unless its author wrote it as HTML and asked for that.
const FORBIDDEN: [&str; 8] = [
    "<script",
    "<meta",
    "<iframe",
    "<object",
    "<embed",
    "<base",
    "<link",
    "=\"javascript:",
];

/// `site.toml`.
pub fn configuration(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    SourceText::part(Path::new("site.toml"), 1, &text)
        .toml::<Config>()
        .map(drop)
        .map_err(|error| error.to_string())
}

/// A page of another template: the site that begins with it can be read.
pub fn template_page(input: &[u8]) -> Outcome {
    let page = imported::of_html(&String::from_utf8_lossy(input))?;
    let text = page.toml();
    let read = SourceText::part(Path::new("site.toml"), 1, &text).toml::<Config>();
    let title = read.map(|config| config.title.get_ref().clone());
    assert!(
        title.as_ref().is_ok_and(|title| *title == page.title),
        "{title:?} in {text:.1000}"
    );
    Ok(())
}

/// A text without HTML, in an empty folder. Nothing of it may act.
pub fn markdown(input: &[u8]) -> Outcome {
    static EMPTY: LazyLock<Option<tempfile::TempDir>> = LazyLock::new(|| tempfile::tempdir().ok());
    let folder = EMPTY.as_ref().ok_or("no temporary folder")?.path();
    let text = String::from_utf8_lossy(input);
    let source = SourceText::part(&folder.join("text.md"), 1, &text);
    let rules = Rules {
        folder,
        allow_html: false,
        prefix: "part-",
    };
    let mut around = Around::default();
    nothing_acts(&render(&source, rules, &mut around));
    match around.faults.first() {
        // The folder's name changes from hunt to hunt, and with it the kinds of answers that it is part of.
        Some(error) => Err(error.to_string().replace(&folder.display().to_string(), "FOLDER")),
        None => Ok(()),
    }
}

/// A formula by itself.
pub fn formula(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    nothing_acts(&Maths::default().render(&text, text.len().is_multiple_of(2))?);
    Ok(())
}

fn nothing_acts(html: &str) {
    let small = html.to_ascii_lowercase();
    for word in FORBIDDEN {
        assert!(!small.contains(word), "{word} in {html:.1000}");
    }
    for tag in small
        .split('<')
        .skip(1)
        .filter_map(|tag| tag.split_once('>').map(|(tag, _)| tag))
    {
        let outside_values = tag.split('"').step_by(2);
        assert!(
            !outside_values
                .into_iter()
                .any(|text| text.contains(" on") && text.ends_with('=')),
            "an event's handler in <{tag}> of {html:.1000}"
        );
    }
}

#[derive(Default)]
struct Around {
    files: AuthorFiles,
    maths: Maths,
    ids: Ids,
    numbers: Numbers,
    faults: Vec<SiteError>,
}

impl Surroundings for Around {
    fn component(&mut self, _: &str, _: &SourceText, _: &Place) -> Result<String, SiteError> {
        Ok(String::new())
    }

    fn files(&mut self) -> &mut AuthorFiles {
        &mut self.files
    }

    fn maths(&mut self) -> &mut Maths {
        &mut self.maths
    }

    fn ids(&mut self) -> &mut Ids {
        &mut self.ids
    }

    fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    fn words(&self) -> Words {
        Words::or_english("en")
    }

    fn note(&mut self, _: &Place, _: &str) {}

    fn fault(&mut self, error: SiteError) {
        self.faults.push(error);
    }

    fn refer(&mut self, _: &str, _: &Place) {}
}
