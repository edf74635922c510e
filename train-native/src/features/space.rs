//! Feature spaces by name, as `--features` takes them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::FeatureError;

/// What may be given to `--features`.
const EXPECTED: &str = "morphology, moa:FOLDER, inception:FILE or table:FILE";

/// A space of features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureSpace {
    /// Measures of a crop: areas, intensities, texture of nucleus and cell. Each number has a name and a
    /// unit.
    Morphology,
    /// The 64 numbers before the last layer of a classifier of modes of action, trained on real training
    /// cells of the same data by `cellflux-train classify`. The folder holds `moa.safetensors` and
    /// `moa.json`. Distances can be compared only between sets that went through the same classifier.
    Moa(PathBuf),
    /// The 2048 pool features of Inception-v3, the space of FID and KID: of photographs, not of cells. The
    /// file is `pt_inception-2015-12-05-6726825d.pth`, which the user brings.
    Inception(PathBuf),
    /// Features that were computed elsewhere, one row per image: `.npy`, CSV or TSV.
    Table(PathBuf),
}

impl FeatureSpace {
    /// The space's name alone.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Morphology => "morphology",
            Self::Moa(_) => "moa",
            Self::Inception(_) => "inception",
            Self::Table(_) => "table",
        }
    }

    /// Refuses two spaces of one name: tables and files know a space by its name alone.
    ///
    /// # Errors
    /// [`FeatureError::Twice`] naming both.
    pub fn check_distinct(spaces: &[Self]) -> Result<(), FeatureError> {
        for (number, second) in spaces.iter().enumerate() {
            let mut before = spaces.iter().take(number);
            if let Some(first) = before.find(|space| space.name() == second.name()) {
                return Err(FeatureError::Twice {
                    first: first.to_string(),
                    second: second.to_string(),
                    name: second.name(),
                });
            }
        }
        Ok(())
    }

    /// A phrase that says what this space is.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Morphology => "what a crop measures, each number with a name and a unit",
            Self::Moa(_) => {
                "the layer before the last of a classifier of modes of action, trained on training cells"
            }
            Self::Inception(_) => {
                "Inception-v3's pool features, the space of FID and KID, learnt from photographs"
            }
            Self::Table(_) => "features that were computed elsewhere",
        }
    }
}

impl fmt::Display for FeatureSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Morphology => f.write_str(self.name()),
            Self::Moa(path) | Self::Inception(path) | Self::Table(path) => {
                write!(f, "{}:{}", self.name(), path.display())
            }
        }
    }
}

impl FromStr for FeatureSpace {
    type Err = FeatureError;

    /// Reads `NAME` or `NAME:PATH`; a space may stand for the colon.
    fn from_str(text: &str) -> Result<Self, FeatureError> {
        let wrong = |reason| FeatureError::Space {
            found: text.to_owned(),
            reason,
            expected: EXPECTED,
        };
        let (name, path) = match text.trim().split_once([':', ' ']) {
            Some((name, path)) => (name, Some(path.trim()).filter(|path| !path.is_empty())),
            None => (text.trim(), None),
        };
        let path = path.map(PathBuf::from);
        let with_path =
            |space: fn(PathBuf) -> Self, reason| path.clone().map(space).ok_or_else(|| wrong(reason));
        match name {
            "morphology" if path.is_none() => Ok(Self::Morphology),
            "morphology" => Err(wrong("morphology takes no file")),
            "moa" => with_path(
                Self::Moa,
                "the folder that `cellflux-train classify` wrote is missing",
            ),
            "inception" => with_path(Self::Inception, "the file of Inception's weights is missing"),
            "table" => with_path(Self::Table, "the file of features is missing"),
            _ => Err(wrong("there is no such space")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_read_by_name_and_written_as_they_are_read() {
        for (text, expected) in [
            ("morphology", FeatureSpace::Morphology),
            ("moa:runs/moa", FeatureSpace::Moa("runs/moa".into())),
            ("inception w.pth", FeatureSpace::Inception("w.pth".into())),
            ("table:C:\\f.npy", FeatureSpace::Table("C:\\f.npy".into())),
        ] {
            let space: FeatureSpace = text.parse().unwrap();
            assert_eq!(space, expected);
            assert_eq!(space.to_string().parse::<FeatureSpace>().unwrap(), expected);
        }
    }

    #[test]
    fn each_name_is_given_once() {
        let spaces =
            |list: &[&str]| -> Vec<FeatureSpace> { list.iter().map(|text| text.parse().unwrap()).collect() };
        FeatureSpace::check_distinct(&spaces(&["morphology", "moa:a", "table:a"])).unwrap();
        for list in [
            ["table:a", "table:b"],
            ["morphology", "morphology"],
            ["moa:a", "moa:b"],
        ] {
            let error = FeatureSpace::check_distinct(&spaces(&list))
                .unwrap_err()
                .to_string();
            assert!(error.contains(&format!("{} and {}", list[0], list[1])), "{error}");
        }
    }

    #[test]
    fn what_is_no_space_says_what_there_is() {
        for (text, expected) in [
            ("fid", "there is no such space, expected morphology, moa:FOLDER"),
            ("inception", "the file of Inception's weights is missing"),
            ("table:", "the file of features is missing"),
            ("morphology:x", "takes no file"),
            ("", "there is no such space"),
        ] {
            let error = text.parse::<FeatureSpace>().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
