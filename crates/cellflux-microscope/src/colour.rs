//! The colour in which a file says that a plane is shown.

/// How far a look-up table may be from equal steps, of 255: programs round in their own ways.
const ROUNDED: u8 = 2;

/// The colour in which a file says that a plane is shown, never black. It tells how somebody looked at the
/// plane, and only by custom what is stained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneColour {
    rgb: [u8; 3],
}

impl PlaneColour {
    /// A colour of red, green and blue, each 0..=255; none for black, in which nothing could be seen.
    pub fn new(rgb: [u8; 3]) -> Option<Self> {
        (rgb != [0; 3]).then_some(Self { rgb })
    }

    /// OME-XML's `Channel/@Color`: a whole number of 32 bits with a sign, whose bytes are red, green, blue
    /// and alpha. Alpha is not looked at, since programs write 0 and 255 for the same. None for anything
    /// else.
    pub(crate) fn of_ome(text: &str) -> Option<Self> {
        let rgba: i32 = text.trim().parse().ok()?;
        let [red, green, blue, _] = rgba.to_be_bytes();
        Self::new([red, green, blue])
    }

    /// A look-up table of 256 reds, 256 greens and 256 blues that goes from black to one colour in equal
    /// steps; none for any other, such as one of many colours or an inverting one.
    pub fn of_table(table: &[u8]) -> Option<Self> {
        if table.len() != 3 * 256 {
            return None;
        }
        let mut rgb = [0; 3];
        for (full, part) in rgb.iter_mut().zip(table.chunks_exact(256)) {
            *full = part.last().copied()?;
            let line = (0..256u32).map(|place| (u32::from(*full) * place / 255) as u8);
            if part
                .iter()
                .zip(line)
                .any(|(found, even)| found.abs_diff(even) > ROUNDED)
            {
                return None;
            }
        }
        Self::new(rgb)
    }

    /// Red, green and blue.
    pub fn rgb(self) -> [u8; 3] {
        self.rgb
    }

    /// What people call its hue: `red`, `orange`, `yellow`, `green`, `cyan`, `blue`, `violet` or `magenta`;
    /// none for white, greys and what is close to them.
    pub fn hue(self) -> Option<&'static str> {
        let [red, green, blue] = self.rgb.map(i32::from);
        let most = red.max(green).max(blue);
        let spread = most - red.min(green).min(blue);
        if 5 * spread < most || spread == 0 {
            return None;
        }
        // Degrees from red over green and blue, as in HSV; magenta lies on both sides of red.
        let degrees = if most == red {
            60 * (green - blue) / spread
        } else if most == green {
            120 + 60 * (blue - red) / spread
        } else {
            240 + 60 * (red - green) / spread
        };
        Some(match degrees {
            -15..15 => "red",
            15..45 => "orange",
            45..70 => "yellow",
            70..165 => "green",
            165..200 => "cyan",
            200..260 => "blue",
            260..285 => "violet",
            _ => "magenta",
        })
    }

    /// What people call it: its hue, `white` or `grey`.
    pub fn name(self) -> &'static str {
        let light = self.rgb.iter().all(|&part| part >= 224);
        self.hue().unwrap_or(if light { "white" } else { "grey" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(rgb: [u8; 3]) -> &'static str {
        PlaneColour::new(rgb).unwrap().name()
    }

    /// A table from one colour to another in equal steps.
    fn table(from: [u32; 3], to: [u32; 3]) -> Vec<u8> {
        let parts = from.into_iter().zip(to);
        parts
            .flat_map(|(from, to)| (0..256u32).map(move |at| ((from * (255 - at) + to * at) / 255) as u8))
            .collect()
    }

    #[test]
    fn colours_are_called_as_people_call_them() {
        for (rgb, name) in [
            ([255, 0, 0], "red"),
            ([255, 48, 48], "red"),
            ([255, 128, 0], "orange"),
            ([255, 255, 0], "yellow"),
            ([0, 255, 0], "green"),
            ([48, 255, 48], "green"),
            ([0, 255, 255], "cyan"),
            ([0, 0, 255], "blue"),
            ([64, 96, 255], "blue"),
            ([0, 0, 1], "blue"),
            ([128, 0, 255], "violet"),
            ([255, 0, 255], "magenta"),
            ([255, 0, 100], "magenta"),
            ([255, 255, 255], "white"),
            ([128, 128, 128], "grey"),
            ([120, 128, 125], "grey"),
        ] {
            assert_eq!(named(rgb), name, "{rgb:?}");
        }
        assert_eq!(PlaneColour::new([0; 3]), None);
        assert_eq!(PlaneColour::new([255; 3]).unwrap().hue(), None);
    }

    #[test]
    fn omes_number_is_red_green_blue_and_an_alpha_that_is_not_looked_at() {
        for (text, rgb) in [
            ("-16776961", Some([255, 0, 0])),
            ("-16777216", Some([255, 0, 0])),
            ("16711935", Some([0, 255, 0])),
            (" 65535\n", Some([0, 0, 255])),
            ("-1", Some([255; 3])),
            ("-2147483648", Some([128, 0, 0])),
            ("2147483647", Some([127, 255, 255])),
            // Black, and what is no such number.
            ("0", None),
            ("255", None),
            ("4278190335", None),
            ("-2147483649", None),
            ("99999999999999999999", None),
            ("#0000ff", None),
            ("blue", None),
            ("1e3", None),
            ("", None),
        ] {
            assert_eq!(PlaneColour::of_ome(text).map(PlaneColour::rgb), rgb, "{text:?}");
        }
    }

    #[test]
    fn a_table_of_one_colour_is_that_colour_and_any_other_none() {
        let of = |table: &[u8]| PlaneColour::of_table(table).map(PlaneColour::rgb);
        assert_eq!(of(&table([0; 3], [0, 255, 0])), Some([0, 255, 0]));
        assert_eq!(of(&table([0; 3], [255, 128, 0])), Some([255, 128, 0]));
        // Inverting, from another colour, black, with a step, too short.
        assert_eq!(of(&table([255; 3], [0; 3])), None);
        assert_eq!(of(&table([0, 0, 255], [255, 0, 0])), None);
        assert_eq!(of(&table([0; 3], [0; 3])), None);
        let mut stepped = table([0; 3], [0, 0, 255]);
        stepped[700] = 0;
        assert_eq!(of(&stepped), None);
        assert_eq!(of(&[255; 767]), None);
        assert_eq!(of(&[]), None);
    }
}
