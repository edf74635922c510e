//! The colours of a file. Plain rules with a second set for dark surroundings, and no variables, which not
//! every program that shows SVG knows.

/// The colours of light or dark surroundings. Lines and letters have a contrast of at least 4.5 with the
/// page, the grid's lines excepted.
struct Palette {
    page: &'static str,
    ink: &'static str,
    soft: &'static str,
    line: &'static str,
    generated: &'static str,
    treated: &'static str,
    series: [&'static str; SERIES],
}

/// Colours of series before they repeat, apart for eyes that confuse red and green.
pub(crate) const SERIES: usize = 6;

const LIGHT: Palette = Palette {
    page: "#ffffff",
    ink: "#1b1d21",
    soft: "#5a606b",
    line: "#d9dce1",
    generated: "#0b63b0",
    treated: "#a8480a",
    series: ["#0b63b0", "#a8480a", "#08734f", "#8a3a9c", "#6a6100", "#b0184f"],
};

const DARK: Palette = Palette {
    page: "#15171b",
    ink: "#eceef1",
    soft: "#a4abb6",
    line: "#3a3f48",
    generated: "#6cb6ff",
    treated: "#f2a65e",
    series: ["#6cb6ff", "#f2a65e", "#4fd1a0", "#d79cf0", "#d6cf5a", "#ff8fb0"],
};

/// The whole style sheet.
pub(crate) fn sheet() -> String {
    format!(
        "{SIZES}{}@media (prefers-color-scheme: dark) {{{}}}",
        colours(&LIGHT),
        colours(&DARK)
    )
}

/// What does not depend on the surroundings.
const SIZES: &str = ".drawing{max-width:100%;height:auto;color-scheme:light dark}\
    .drawing text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',\
    Arial,sans-serif;font-size:12px;stroke:none}.drawing .title{font-size:16px;font-weight:600}\
    .drawing .heading{font-weight:600}.drawing .note,.drawing .tick,.drawing .share{font-size:11px}\
    .drawing line,.drawing polyline,.drawing .frame{fill:none}.drawing .right{fill:none}\
    .drawing .interval{stroke-width:2}\
    .drawing .dot{stroke-width:1.5}.drawing .cloud{fill-opacity:0.08}.drawing .band{fill-opacity:0.14;\
    stroke:none}.drawing .trend{stroke-opacity:0.45;stroke-width:1.5}.drawing .leader{stroke-opacity:0.6}";

fn colours(palette: &Palette) -> String {
    let Palette {
        page,
        ink,
        soft,
        line,
        generated,
        treated,
        series,
    } = palette;
    let mut sheet = format!(
        ".drawing{{background:{page}}}.drawing .page{{fill:{page}}}.drawing .right{{stroke:{ink}}}\
         .drawing text{{fill:{ink}}}.drawing .note,.drawing .tick{{fill:{soft}}}\
         .drawing line,.drawing .frame{{stroke:{line}}}.drawing .axis,.drawing .leader{{stroke:{soft}}}\
         .drawing .interval{{stroke:{generated}}}.drawing .dot{{fill:{generated};stroke:{generated}}}\
         .drawing .heat{{fill:{generated};stroke:{line}}}.drawing .cloud{{fill:{soft};stroke:{soft}}}\
         .drawing .control,.drawing .other{{fill:{soft};stroke:{soft}}}.drawing .treated{{fill:{treated};\
         stroke:{treated}}}.drawing .generated{{fill:{generated};stroke:{generated}}}\
         .drawing .band{{fill:{treated}}}.drawing .floor{{stroke:{treated}}}"
    );
    for (number, colour) in series.iter().enumerate() {
        sheet.push_str(&format!(".drawing .s{number}{{fill:{colour};stroke:{colour}}}"));
    }
    // Last, since lines and hollow dots also have a colour.
    sheet.push_str(&format!(
        ".drawing .trend,.drawing .interval{{fill:none}}.drawing .hollow{{fill:{page}}}"
    ));
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG's relative luminance of `#rrggbb`.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn every_colour_is_readable_on_its_page() {
        for palette in [&LIGHT, &DARK] {
            let page = luminance(palette.page);
            let colours = [palette.ink, palette.soft, palette.generated, palette.treated];
            for colour in colours.iter().chain(&palette.series) {
                let own = luminance(colour);
                let contrast = (own.max(page) + 0.05) / (own.min(page) + 0.05);
                // WCAG 2.2, success criterion 1.4.3.
                assert!(contrast >= 4.5, "{colour} on {}: {contrast}", palette.page);
            }
        }
    }
}
