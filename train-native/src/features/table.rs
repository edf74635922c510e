//! Features that were computed elsewhere: a file with one row per image, in the order of the images' list.
//!
//! - `.npy`: a matrix `[images, features]` of numbers (`numpy.save`), C or Fortran order; f64 is rounded to
//!   f32.
//! - CSV or TSV, plain or gzip, or Parquet in a build with it, with titles: a column is one feature. A column
//!   titled `path`, where there is one, must hold the images' paths in the list's order, and is no feature.

use std::path::Path;

use cellflux_data::table::{Column, Table};
use cellflux_image::npy;
use cellflux_image::picture::Limits;

use super::{FeatureError, FeatureRows};

/// Title of the column that may repeat the images' paths.
const PATH: &str = "path";

/// The largest count of numbers that is read: 2 GiB of f64.
const NUMBERS: usize = 1 << 28;

/// Reads the features of `images`, the paths of the list, from `file`.
///
/// # Errors
/// [`FeatureError::Table`] for a kind of file that is not read, another number of rows than images, rows in
/// another order where the file names them, and a number that is not finite, with its row and column;
/// [`FeatureError::Array`] and [`FeatureError::Data`] for a damaged file.
pub fn read(file: &Path, images: &[&str]) -> Result<FeatureRows, FeatureError> {
    let wrong = |reason: String| FeatureError::Table {
        path: file.to_owned(),
        reason,
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let rows = if ends(&[".npy"]) {
        array(file)?
    } else if ends(&[".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".pq"]) {
        table(file, images)?
    } else if ends(&[".npz", ".h5", ".feather"]) {
        return Err(wrong("is not read yet: convert it to .npy or .csv".to_owned()));
    } else {
        return Err(wrong(
            "is of an unknown kind, expected .npy, .csv or .tsv".to_owned(),
        ));
    };
    if rows.rows() != images.len() {
        return Err(wrong(format!(
            "has {} rows, expected {}: one for each image, in the order of their list",
            rows.rows(),
            images.len()
        )));
    }
    Ok(rows)
}

/// Refuses a path that is no file.
///
/// # Errors
/// [`FeatureError::Io`] for one that is not there, [`FeatureError::Table`] for a folder.
pub fn check_file(file: &Path) -> Result<(), FeatureError> {
    if std::fs::metadata(file).map_err(FeatureError::io(file))?.is_file() {
        return Ok(());
    }
    Err(FeatureError::Table {
        path: file.to_owned(),
        reason: "is no file, expected a .npy, .csv or .tsv file of features".to_owned(),
    })
}

/// Refuses features that are the same for each of the first `rows` images, the real cells: nothing is near
/// or far where all is one point.
///
/// # Errors
/// [`FeatureError::Table`].
pub fn check_varies(file: &Path, values: &[f64], width: usize, rows: usize) -> Result<(), FeatureError> {
    let mut real = values.chunks_exact(width.max(1)).take(rows);
    let first = real.next();
    if real.any(|row| Some(row) != first) {
        return Ok(());
    }
    Err(FeatureError::Table {
        path: file.to_owned(),
        reason: format!(
            "each of its {width} features is the same for all {rows} treated cells, expected at least \
             one that varies; is a row of features for each image in it?"
        ),
    })
}

fn array(file: &Path) -> Result<FeatureRows, FeatureError> {
    let bytes = cellflux_files::read(file).map_err(FeatureError::io(file))?;
    let limits = Limits {
        numbers: NUMBERS,
        ..Limits::default()
    };
    let array = npy::read(&file.display().to_string(), &bytes, &limits)?;
    let wrong = |reason: String| FeatureError::Table {
        path: file.to_owned(),
        reason,
    };
    let &[rows, width] = array.shape.as_slice() else {
        return Err(wrong(format!(
            "has shape {:?}, expected two axes: images and features",
            array.shape
        )));
    };
    if width == 0 {
        return Err(wrong(format!(
            "has shape [{rows}, 0], expected at least one feature"
        )));
    }
    if let Some(at) = array.values.iter().position(|value| !value.is_finite()) {
        return Err(wrong(format!(
            "row {}, column {} (counted from 0) is not finite",
            at / width,
            at % width
        )));
    }
    Ok(FeatureRows {
        width,
        values: array.values.into_iter().map(f64::from).collect(),
    })
}

fn table(file: &Path, images: &[&str]) -> Result<FeatureRows, FeatureError> {
    let table = Table::open(file)?;
    let path = table.find(PATH);
    let features: Vec<Column> = (0..table.titles().len())
        .map(|index| table.at(index))
        .filter(|column| column.title() != PATH)
        .collect();
    let width = features.len();
    if width == 0 {
        return Err(FeatureError::Table {
            path: file.to_owned(),
            reason: "has no column of features".to_owned(),
        });
    }
    let mut values = Vec::new();
    let mut rows = 0;
    table.for_each_row(|row| {
        if let (Some(column), Some(image)) = (&path, images.get(rows))
            && row.text(column) != *image
        {
            return Err(row.wrong(column, format!("{image}: rows in the order of the images' list")));
        }
        rows += 1;
        for column in &features {
            match row.text(column).parse::<f64>() {
                Ok(value) if value.is_finite() => values.push(value),
                _ => return Err(row.wrong(column, "a finite number")),
            }
        }
        Ok(())
    })?;
    Ok(FeatureRows { width, values })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const IMAGES: [&str; 2] = ["a.png", "b.png"];

    fn read_bytes(name: &str, bytes: &[u8]) -> Result<FeatureRows, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        read(&file, &IMAGES).map_err(|error| error.to_string())
    }

    fn npy(shape: &[usize], values: &[f32]) -> Vec<u8> {
        npy::write_f32(shape, values).unwrap()
    }

    #[test]
    fn an_array_and_a_table_give_the_same_rows() {
        let expected = FeatureRows {
            width: 3,
            values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.5],
        };
        let array = npy(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.5]);
        assert_eq!(read_bytes("f.npy", &array).unwrap(), expected);
        for table in [
            "x,y,z\n1,2,3\n4,5,6.5\n",
            "x,path,y,z\n1,a.png,2,3\n4,b.png,5,6.5\n",
        ] {
            assert_eq!(read_bytes("f.csv", table.as_bytes()).unwrap(), expected);
        }
        assert_eq!(expected.rows(), 2);
        assert_eq!(
            read_bytes("f.tsv", b"x\ty\tz\n1\t2\t3\n4\t5\t6.5\n").unwrap(),
            expected
        );
    }

    #[test]
    fn another_number_or_order_of_rows_is_refused() {
        let array = npy(&[3, 1], &[1.0, 2.0, 3.0]);
        assert!(
            read_bytes("f.npy", &array)
                .unwrap_err()
                .contains("has 3 rows, expected 2")
        );
        let error = read_bytes("f.csv", b"x\n1\n").unwrap_err();
        assert!(error.contains("has 1 rows, expected 2"), "{error}");
        let error = read_bytes("f.csv", b"path,x\nb.png,1\na.png,2\n").unwrap_err();
        assert!(
            error.contains("line 2, column path") && error.contains("expected a.png"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_finite_is_named_by_row_and_column() {
        let array = npy(&[2, 2], &[1.0, 2.0, 3.0, f32::NAN]);
        assert!(
            read_bytes("f.npy", &array)
                .unwrap_err()
                .contains("row 1, column 1")
        );
        for wrong in ["inf", "NaN", "", "x"] {
            let error = read_bytes("f.csv", format!("x,y\n1,2\n3,{wrong}\n").as_bytes()).unwrap_err();
            assert!(error.contains("line 3, column y"), "{error}");
        }
    }

    #[test]
    fn features_of_which_none_varies_are_refused() {
        let file = Path::new("f.npy");
        let error = |values: &[f64], rows| check_varies(file, values, 2, rows).unwrap_err().to_string();
        let found = error(&[1.0, 2.0, 1.0, 2.0, 1.0, 3.0], 2);
        assert!(
            found.starts_with("f.npy: each of its 2 features is the same"),
            "{found}"
        );
        check_varies(file, &[1.0, 2.0, 1.0, 2.0, 1.0, 3.0], 2, 3).unwrap();
    }

    #[test]
    fn a_path_that_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| check_file(path).unwrap_err().to_string();
        assert!(refused(folder.path()).contains("is no file"));
        assert!(refused(&folder.path().join("absent.npy")).contains("absent.npy"));
    }

    #[test]
    fn files_that_are_not_read_say_what_to_do() {
        assert!(
            read_bytes("f.npz", b"PK")
                .unwrap_err()
                .contains("convert it to .npy")
        );
        assert!(
            read_bytes("f.txt", b"1")
                .unwrap_err()
                .contains("expected .npy, .csv or .tsv")
        );
        let error = read_bytes("f.npy", &npy(&[2], &[1.0, 2.0])).unwrap_err();
        assert!(error.contains("shape [2]"), "{error}");
        assert!(read_bytes("f.npy", b"\x93NUMPY").is_err());
        assert!(
            read_bytes("f.csv", b"path\na.png\nb.png\n")
                .unwrap_err()
                .contains("no column of features")
        );
    }
}
