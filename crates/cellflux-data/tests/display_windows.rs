//! What the display windows of the preset `bbbc021` cut off of the data set's real crops, where
//! `../shared/data` stands beside the repository. The figures are printed by
//! `cargo test -p cellflux-data --test display_windows -- --nocapture`.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use cellflux_data::{DataConfig, read_experiment};
use cellflux_image::ImageSpec;
use cellflux_image::histogram::Histogram;
use toml::{Table, Value};

/// The side of the data set's crops, in pixels: nothing is cut away.
const SIDE: usize = 68;

/// Counts of the coded bytes of every channel.
fn counted(histograms: &mut [Histogram], spec: &ImageSpec, coded: &[u8]) {
    let image = spec.to_model_range(coded).unwrap();
    for (all, one) in histograms.iter_mut().zip(Histogram::of(spec, &image).unwrap()) {
        all.merge(&one);
    }
}

/// The share of the values that are brighter than a window's end, in coded units.
fn brighter(histogram: &Histogram, end: f64) -> f64 {
    let bytes = (0_u8..=255).zip(&histogram.counts);
    let beyond = bytes.filter(|(byte, _)| f64::from(*byte) / 255.0 > end);
    beyond.map(|(_, count)| count).sum::<u64>() as f64 / histogram.total() as f64
}

#[test]
fn the_preset_s_windows_suit_untreated_cells_and_cut_off_treated_ones_as_its_comment_says() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/bbbc021-cells/metadata.csv");
    if !table.is_file() {
        println!("skipped: {} is not there", table.display());
        return;
    }
    let mut data: Table = format!(
        "source = {{ layout = 'folder' }}\nimage = {{ preset = 'bbbc021', height = {SIDE}, width = {SIDE} }}"
    )
    .parse()
    .unwrap();
    let source = data.get_mut("source").and_then(Value::as_table_mut).unwrap();
    source.insert("table".to_owned(), Value::String(table.display().to_string()));
    let experiment = read_experiment(&data.try_into::<DataConfig>().unwrap()).unwrap();

    let spec = experiment.spec();
    let mut untreated = vec![Histogram::default(); spec.channels.len()];
    let mut treated = untreated.clone();
    let mut cells = (0, 0);
    for (index, entry) in experiment.entries().iter().enumerate() {
        let coded = experiment.load(index).unwrap();
        if entry.treated {
            cells.1 += 1;
            counted(&mut treated, spec, &coded);
        } else {
            cells.0 += 1;
            counted(&mut untreated, spec, &coded);
        }
    }
    println!("{} untreated and {} treated crops", cells.0, cells.1);
    assert_eq!(cells, (4277, 3904));
    let expected = [
        ("actin", 31, 111, 3.6),
        ("tubulin", 27, 73, 3.4),
        ("DNA", 26, 90, 0.8),
    ];
    for ((channel, expected), (before, after)) in spec
        .channels
        .iter()
        .zip(expected)
        .zip(untreated.iter().zip(&treated))
    {
        let end = channel.window.high;
        let (first, last) = (before.percentile(0.01).unwrap(), before.percentile(0.99).unwrap());
        let share = |histogram: &Histogram| (1000.0 * brighter(histogram, end)).round() / 10.0;
        let name = channel.name.as_str();
        println!(
            "{name}: untreated from {first} to {last} (1st and 99th percentile), {} % beyond the window; \
             treated {} %",
            share(before),
            share(after)
        );
        assert_eq!((name, first, last, share(after)), expected);
        assert!(
            brighter(before, end) < 0.0025,
            "{name}: {}",
            brighter(before, end)
        );
    }
}
