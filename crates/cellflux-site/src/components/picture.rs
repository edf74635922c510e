//! An author's picture as the page shows it: in several widths, to enlarge, drawn from a PDF.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::Components;
use super::compare::{measures, size};
use crate::error::SiteError;
use crate::files::Use;
use crate::html::escape;
use crate::pdf;
use crate::renditions;
use crate::source::SourceText;
use crate::webp;

/// How wide a picture is on the page: the screen's width, at most that of a column.
const SIZES: &str = "(max-width: 46rem) 100vw, 46rem";

/// A picture, and what a click on it shows.
pub(super) struct Shown {
    /// The element.
    pub html: String,
    /// The address of the author's own file, where the picture was drawn from it.
    pub origin: Option<String>,
}

impl Components<'_> {
    /// A picture; `page` is that of a PDF.
    pub(super) fn shown(
        &mut self,
        file: &Spanned<PathBuf>,
        alt: &str,
        page: Option<&Spanned<usize>>,
        enlarge: bool,
        settings: &SourceText,
    ) -> Result<Shown, SiteError> {
        let at = settings.place(file.span().start);
        let path = self.folder.join(file.get_ref());
        let is_pdf = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("pdf"));
        if let (Some(page), false) = (page, is_pdf) {
            return Err(settings.wrong(&page.span(), "page: expected it beside a PDF only"));
        }
        let (address, origin) = if is_pdf {
            let content = self.files.content(&path, &at)?;
            if !pdf::is_pdf(&content) {
                return Err(at.wrong(format!("{}: not a PDF, expected one", path.display())));
            }
            (self.tell)(&format!("drawing {}", path.display()));
            let number = page.map_or(1, |page| *page.get_ref());
            let drawn = pdf::drawn(&content, number)
                .map_err(|problem| at.wrong(format!("{}: {problem}", path.display())))?;
            let made = self
                .files
                .add_made(&name_of(&path, "webp"), webp::encode(&drawn)?);
            (made, self.origin(file, settings)?)
        } else {
            (self.author_file(file, Use::Picture, settings)?, None)
        };
        let (sources, measures) = self.sources(&address, &path, settings, file)?;
        let img = format!(
            "<img src=\"{}\" alt=\"{}\"{measures} loading=\"lazy\" decoding=\"async\">",
            escape(&address),
            escape(alt)
        );
        let html = if sources.is_empty() {
            img
        } else {
            format!("<picture>{sources}{img}</picture>")
        };
        let html = if enlarge {
            self.uses.article = true;
            format!(
                "<a class=\"enlarge\" href=\"{}\" aria-label=\"{}: {}\" data-close=\"{}\">{html}</a>",
                escape(&address),
                escape(self.words.enlarge),
                escape(alt),
                escape(self.words.close)
            )
        } else {
            html
        };
        Ok(Shown { html, origin })
    }

    /// The address of a PDF that a picture was drawn from. An anonymous site publishes the picture only,
    /// since a PDF's properties name people, programs and folders.
    fn origin(
        &mut self,
        file: &Spanned<PathBuf>,
        settings: &SourceText,
    ) -> Result<Option<String>, SiteError> {
        if !self.anonymous {
            return self.author_file(file, Use::Link, settings).map(Some);
        }
        self.notes.push(format!(
            "{}: {} is published as the picture drawn from it, without the PDF (`anonymous = true`)",
            settings.place(file.span().start),
            file.get_ref().display()
        ));
        Ok(None)
    }

    /// The renditions as `source` elements, and the picture's size as attributes; both empty where the site
    /// has its pictures as they are.
    fn sources(
        &mut self,
        address: &str,
        path: &Path,
        settings: &SourceText,
        file: &Spanned<PathBuf>,
    ) -> Result<(String, String), SiteError> {
        let widths: Vec<u32> = self
            .pictures
            .widths
            .iter()
            .map(|width| *width.get_ref())
            .collect();
        if widths.is_empty() {
            return Ok((String::new(), String::new()));
        }
        let content = self.files.files.get(address).cloned().unwrap_or_default();
        (self.tell)(&format!("making {} smaller for small screens", path.display()));
        let made = renditions::of(&content, &widths, self.pictures.quality(), &self.cache)
            .map_err(|problem| settings.wrong(&file.span(), format!("{}: {problem}", path.display())))?;
        let Some(made) = made else {
            return Ok((String::new(), measures(size(&content))));
        };
        let list: Vec<String> = made
            .files
            .into_iter()
            .map(|(width, content)| {
                let address = self.files.add_made(&name_of(path, made.extension), content);
                format!("{} {width}w", escape(&address))
            })
            .collect();
        Ok((
            format!(
                "<source type=\"{}\" srcset=\"{}\" sizes=\"{SIZES}\">",
                made.kind,
                list.join(", ")
            ),
            measures(Some(made.size)),
        ))
    }
}

/// A name below `files/` for what was made of a file.
fn name_of(path: &Path, extension: &str) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let plain: String = stem
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("files/{plain}.{extension}")
}
