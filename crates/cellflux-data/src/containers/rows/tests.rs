//! Small tables with images in them.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use cellflux_image::coded_png;
use parquet::data_type::ByteArrayType;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;
use crate::config::Source;
use crate::fixtures::{SIDE, spec, synthetic};
use crate::{DataConfig, PackedCache, read_experiment};

const SCHEMA: &str = "message table {
    optional binary image;
    required binary SPLIT (UTF8);
    required binary STATE (UTF8);
    required binary CPD_NAME (UTF8);
    required binary BATCH (UTF8);
}";

/// Writes row groups of this many rows, whose images are all of one value, the row's number; rows take turns
/// between control and treated. A row without an image has none.
fn write(path: &Path, groups: &[usize], without: Option<usize>) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut first = 0;
    for &count in groups {
        let rows: Vec<usize> = (first..first + count).collect();
        first += count;
        let mut group = writer.next_row_group().unwrap();
        let mut number = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            let text = |row: &usize| -> Vec<u8> {
                let text = match (number, row % 2 == 1) {
                    (0, _) => return coded_png::write(&spec(), &vec![*row as u8; spec().len()]).unwrap(),
                    (1, _) => "train",
                    (2, false) => "0",
                    (2, true) => "1",
                    (3, false) => "DMSO",
                    (3, true) => "taxol",
                    _ => "A",
                };
                text.as_bytes().to_vec()
            };
            let is_there = |row: &&usize| number > 0 || Some(**row) != without;
            let values: Vec<ByteArray> = rows
                .iter()
                .filter(is_there)
                .map(|row| ByteArray::from(text(row)))
                .collect();
            let levels: Vec<i16> = rows.iter().map(|row| i16::from(is_there(&row))).collect();
            let levels = (number == 0).then_some(levels.as_slice());
            let typed = column.typed::<ByteArrayType>();
            typed.write_batch(&values, levels, None).unwrap();
            column.close().unwrap();
            number += 1;
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

fn config(table: &Path) -> DataConfig {
    let mut config = DataConfig {
        source: Source::Folder {
            table: table.to_owned(),
            images: None,
        },
        ..synthetic(0)
    };
    config.columns.path = Some("image".into());
    config
}

#[test]
fn images_in_a_table_are_read_across_blocks_and_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("cells.parquet");
    // Blocks of 256 rows: the first group has two.
    write(&table, &[300, 20], None);
    let experiment = read_experiment(&config(&table)).unwrap();
    assert_eq!(experiment.entries().len(), 320);
    assert_eq!(&*experiment.entries()[299].image, "row 300");
    let cache = folder.path().join("cache");
    let cache = PackedCache::open(&experiment, &cache).unwrap();
    for row in [0, 1, 255, 256, 299, 300, 319] {
        assert_eq!(
            cache.image(row).unwrap(),
            vec![row as u8; 3 * SIDE * SIDE],
            "{row}"
        );
    }
}

#[test]
fn an_empty_cell_is_refused_by_its_line_and_a_row_that_is_not_there_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("cells.parquet");
    write(&table, &[4], Some(2));
    let refused = read_experiment(&config(&table)).unwrap_err().to_string();
    assert!(refused.contains("line 4, column image: found \"\""), "{refused}");
    let rows = Rows::of(&table, "image").unwrap().unwrap();
    assert!(matches!(rows.read("row 3"), Err(Unopened::Missing { .. })));
    assert!(matches!(rows.read("a.png"), Err(Unopened::Missing { .. })));
    let Err(Unopened::Container(reason)) = rows.read("row 5") else {
        panic!("there is no row 5");
    };
    assert!(
        reason.to_string().contains("row 5: the table has no such row"),
        "{reason}"
    );
    // A column of texts holds paths.
    assert!(Rows::of(&table, "SPLIT").unwrap().is_none());
}
