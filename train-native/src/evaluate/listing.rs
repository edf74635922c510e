//! The images of an evaluation by their paths, in the order of `images.csv`: known as soon as it is planned
//! which cells are made, before the first is.

use cellflux_data::Experiment;

use super::cells::Cells;
use super::generate::file_names;
use super::real::paths_of;
use super::sets::Planned;

/// Every image's path, set after set: treated cells and the sets beside them, then controls and those beside
/// them.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The paths.
    pub paths: Vec<String>,
    /// How many of them, from the first on, are real treated cells.
    pub treated: usize,
}

impl Listing {
    /// Of cells, the sets that are planned beside them, and a picture of each treated cell in every folder
    /// from elsewhere, by the folders' own names.
    pub fn of(experiment: &Experiment, cells: &Cells, sets: &[Planned], external: &[String]) -> Self {
        let copies: Vec<u32> = cells.partners.iter().map(|partner| partner.control).collect();
        let treated = cells.partners.len();
        let mut paths = paths_of(experiment, &cells.treated());
        paths.extend(paths_of(experiment, &copies));
        let planned = |of_controls: bool| {
            let sets = sets.iter().filter(move |set| set.of_controls == of_controls);
            sets.flat_map(|set| file_names(set.folder, set.partners.len()))
        };
        paths.extend(planned(false));
        paths.extend(external.iter().flat_map(|folder| file_names(folder, treated)));
        paths.extend(paths_of(experiment, &cells.controls));
        paths.extend(planned(true));
        Self { paths, treated }
    }
}
