//! The words of figures that show more, or something else, than a walk's pictures: a table of walks, and
//! charts of what walks measure. What such a figure shows the page knows; by which model, under which licence
//! and how it is made again is said here, as for every other figure.

use cellflux_bundle::Manifest;
use cellflux_print::About;
use serde::Deserialize;

use crate::error::SessionError;
use crate::figure_content::{footer_end, kept, settings_lines, shown_channels, um_per_pixel};
use crate::picture_text::{self, Pictured};
use crate::prepared_walk::PreparedWalk;

/// What the page says of a figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The heading.
    pub title: String,
    /// What is shown, in sentences: lines below the figure, and the description in the file.
    pub lines: Vec<String>,
    /// Whether the compound, the start and the settings of the walk hold for all that is shown, so that they
    /// are said below it.
    pub is_of_walk: bool,
    /// What the link holds beyond the walk, `&also=…`; empty for nothing.
    pub also: String,
}

impl Words {
    /// Reads them from JSON.
    ///
    /// # Errors
    /// [`SessionError::Json`].
    pub fn from_json(text: &str) -> Result<Self, SessionError> {
        serde_json::from_str(text).map_err(|error| SessionError::Json {
            reason: error.to_string(),
        })
    }
}

/// What a figure says of itself that is made around this walk. Its link is the walk's with `also`; of a walk
/// from a visitor's own crop there is no link, as in every file.
///
/// # Errors
/// [`SessionError::Image`] for a crop that is not of the model's shape.
pub fn about(manifest: &Manifest, walk: &PreparedWalk, words: &Words) -> Result<About, SessionError> {
    let recipe = walk.recipe();
    let description = words.lines.join("; ");
    let mut texts = picture_text::texts(manifest, recipe, Pictured::Other(&words.title, &description))?;
    for text in &mut texts {
        if text.keyword == picture_text::LINK {
            text.text.push_str(&words.also);
        }
    }
    let mut footer = vec![format!(
        "{}. Model: {} ({})",
        picture_text::note(recipe),
        manifest.title,
        manifest.id
    )];
    if words.is_of_walk {
        footer.extend(settings_lines(manifest, recipe));
    }
    footer.extend(words.lines.iter().cloned());
    footer.extend(footer_end(manifest, recipe, &texts));
    Ok(About {
        title: words.title.clone(),
        channels: shown_channels(&manifest.image, &recipe.view),
        um_per_pixel: um_per_pixel(&manifest.image),
        footer,
        texts: texts.into_iter().map(kept).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link;
    use crate::recipe::Start;
    use crate::test_model::{manifest, recipe, walk};

    fn words() -> Words {
        Words {
            title: "Walks by compound and guidance".into(),
            lines: vec!["All of them: seed 7".into(), "t = 1.000".into()],
            is_of_walk: false,
            also: "&also=rows:compound;columns:alpha".into(),
        }
    }

    #[test]
    fn a_table_says_what_it_is_and_its_link_holds_the_walk_and_the_table() {
        let manifest = manifest();
        let walk = walk(recipe());
        let about = about(&manifest, &walk, &words()).unwrap();
        let of = |keyword: &str| {
            let found = about.texts.iter().find(|text| text.keyword == keyword);
            found.map(|text| text.text.as_str()).unwrap()
        };
        assert_eq!(
            (of("Title"), of("Warning")),
            (words().title.as_str(), picture_text::NOTE)
        );
        assert_eq!(of("Description"), "All of them: seed 7; t = 1.000");
        assert!(of("CellFlux link").ends_with("&also=rows:compound;columns:alpha"));
        let again = link::read(of("CellFlux link"), &manifest).unwrap();
        assert_eq!(again.condition, walk.recipe().condition);
        assert!(about.footer[0].starts_with("Generated, not measured. Model: A model for tests"));
        assert!(about.footer.iter().any(|line| line.starts_with("Link: #v=1&")));
        // What rows and columns vary is not said of all of them.
        assert!(about.footer.iter().all(|line| !line.starts_with("Compound:")));
        assert_eq!(about.channels.len(), 2);
    }

    #[test]
    fn charts_of_a_walk_say_its_settings_and_a_crop_stays_out() {
        let manifest = manifest();
        let mut own = recipe();
        own.start = Start::Crop(vec![3; 32]);
        let walk = walk(own);
        let words = Words {
            is_of_walk: true,
            ..words()
        };
        let about = about(&manifest, &walk, &words).unwrap();
        assert!(
            about
                .footer
                .iter()
                .any(|line| line.starts_with("Compound: taxol.")),
            "{:?}",
            about.footer
        );
        assert!(about.footer.iter().any(|line| line.starts_with("Solver ")));
        assert!(about.footer.iter().all(|line| !line.starts_with("Link:")));
        assert!(
            about
                .texts
                .iter()
                .all(|text| !text.text.contains("crop=") && !text.text.contains("also="))
        );
    }

    #[test]
    fn words_are_read_and_what_is_none_is_refused() {
        let text = r#"{"title":"a","lines":["b"],"is_of_walk":true,"also":""}"#;
        let read = Words::from_json(text).unwrap();
        assert_eq!((read.title.as_str(), read.is_of_walk), ("a", true));
        assert!(Words::from_json("[]").is_err());
    }
}
