//! Small drawings on the buttons of a page's links, by what each leads to. They are drawn here: no site's
//! mark is among them.

use crate::config::LinkKind;

/// The lines of a drawing of 24 x 24 units; none for a link of no kind.
fn lines(kind: LinkKind) -> Option<&'static str> {
    Some(match kind {
        LinkKind::Paper => "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
        LinkKind::Pdf => "M6 3h8l4 4v14H6zM14 3v4h4M12 11v6M9 14l3 3 3-3",
        LinkKind::Code => "M9 7l-5 5 5 5M15 7l5 5-5 5",
        LinkKind::Data => "M5 6c0-4 14-4 14 0v12c0 4-14 4-14 0zM5 6c0 4 14 4 14 0M5 12c0 4 14 4 14 0",
        LinkKind::Video => "M3 5h18v14H3zM10 9l5 3-5 3z",
        LinkKind::Poster => "M5 3h14v18H5zM8 7h8M8 11h3v6H8zM14 11h2M14 14h2M14 17h2",
        LinkKind::Slides => "M3 4h18v12H3zM12 16v4M8 20h8M7 8h6M7 12h9",
        LinkKind::Arxiv => "M5 20L19 4M6 4c4 0 8 16 12 16",
        LinkKind::HuggingFace => "M12 3a9 9 0 1 0 .1 0M9 10v.5M15 10v.5M8 14c2 3 6 3 8 0",
        LinkKind::Supplement => "M8 3h8l4 4v10H8zM4 7v14h12M16 3v4h4",
        LinkKind::Other => return None,
    })
}

/// The drawing as an element that no screen reader speaks of; nothing for a link of no kind.
pub(crate) fn drawing(kind: LinkKind) -> String {
    lines(kind).map_or_else(String::new, |lines| {
        format!(
            "<svg class=\"icon\" viewBox=\"0 0 24 24\" width=\"16\" height=\"16\" aria-hidden=\"true\">\
            <path d=\"{lines}\"/></svg>"
        )
    })
}
