//! Nuclei of real crops of BBBC021, where `../shared/data` stands beside the repository.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::path::Path;
use std::time::{Duration, Instant};

use cellflux_image::decode;
use cellflux_measure::crop::{Channels, Crop, catalogue, measure};

/// How many crops of a condition are measured.
const CROPS: usize = 150;

#[derive(Default)]
struct Sums {
    crops: usize,
    nuclei: f64,
    area: f64,
    solidity: f64,
    cell: f64,
    laplacian: f64,
    time: Duration,
}

impl Sums {
    fn add(&mut self, channels: &Channels, file: &Path) {
        let picture = decode(&file.to_string_lossy(), &std::fs::read(file).unwrap()).unwrap();
        let coded: Vec<u8> = picture
            .planes
            .iter()
            .flat_map(|plane| plane.values.iter().map(|&value| value as u8))
            .collect();
        let started = Instant::now();
        let values = measure(&Crop::new(channels, &coded, picture.height(), picture.width()).unwrap());
        self.time += started.elapsed();
        let of = |name: &str| {
            let position = catalogue(channels)
                .iter()
                .position(|measure| measure.name == name);
            values[position.unwrap()]
        };
        let (Some(area), Some(solidity)) = (of("nucleus.area"), of("nucleus.solidity")) else {
            return;
        };
        self.crops += 1;
        self.nuclei += of("nuclei.count").unwrap();
        self.area += area;
        self.solidity += solidity;
        self.cell += of("cell.area").unwrap();
        self.laplacian += of("tubulin.laplacian-energy").unwrap();
    }

    fn mean(&self, sum: f64) -> f64 {
        sum / self.crops as f64
    }
}

#[test]
fn nuclei_of_real_cells_have_the_areas_that_their_treatment_is_known_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/bbbc021-cells");
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return;
    }
    let channels = Channels::new(["actin", "tubulin", "DNA"]).unwrap();
    let mut conditions = ["DMSO", "taxol", "cycloheximide"].map(|compound| (compound, Sums::default()));
    for row in csv::Reader::from_path(root.join("metadata.csv"))
        .unwrap()
        .records()
    {
        let row = row.unwrap();
        let (path, compound, week) = (&row[0], &row[4], &row[8]);
        for (name, sums) in &mut conditions {
            if compound == *name && week == "Week4" && sums.crops < CROPS {
                sums.add(&channels, &root.join(path));
            }
        }
    }
    for (compound, sums) in &conditions {
        println!(
            "{compound}: {} crops, nucleus {:.0} px, solidity {:.3}, {:.2} nuclei in view, cell {:.0} px, \
             tubulin's Laplacian {:.4}, {:.0} µs a crop",
            sums.crops,
            sums.mean(sums.area),
            sums.mean(sums.solidity),
            sums.mean(sums.nuclei),
            sums.mean(sums.cell),
            sums.mean(sums.laplacian),
            sums.time.as_secs_f64() * 1e6 / sums.crops as f64,
        );
        assert!(
            sums.crops >= 40,
            "{compound}: {} crops with a nucleus",
            sums.crops
        );
        // Crops of 68 px are cut to hold a cell: its nucleus spans a third to two thirds of their side.
        let area = sums.mean(sums.area);
        assert!((404.0..1614.0).contains(&area), "{compound}: {area} px");
        // Interphase nuclei are convex; masks that run together are not.
        let solidity = sums.mean(sums.solidity);
        assert!(solidity > 0.88, "{compound}: {solidity}");
        assert!(sums.mean(sums.cell) > area, "{compound}");
    }
}
