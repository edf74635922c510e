//! A Parquet file as the text of a table, row by row, so that it is read as any other table is. A cell of
//! bytes that are no text is an image in the table, and stands in the text by its row's name.

use std::fs::File;
use std::io::{self, Read};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};

use crate::containers::row_name;

/// The rows of a Parquet file as CSV, below a header of its columns.
pub(crate) struct RowsAsCsv {
    rows: RowIter<'static>,
    /// The line that is being read.
    line: Vec<u8>,
    /// How much of it has been.
    read: usize,
    /// Rows that have been read.
    count: usize,
}

impl RowsAsCsv {
    /// Reads the file's description.
    ///
    /// # Errors
    /// [`ParquetError`] for a damaged file.
    pub(crate) fn open(file: File) -> Result<Self, ParquetError> {
        let reader = SerializedFileReader::new(file)?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let fields = schema.root_schema().get_fields().iter();
        let titles: Vec<String> = fields.map(|field| field.name().to_owned()).collect();
        Ok(Self {
            line: line(&titles)?,
            read: 0,
            count: 0,
            rows: reader.into_iter(),
        })
    }

    /// Goes to the next row; whether there is one.
    fn advance(&mut self) -> io::Result<bool> {
        let Some(row) = self.rows.next() else {
            return Ok(false);
        };
        let cells = cells(&row.map_err(io::Error::other)?, self.count).map_err(io::Error::other)?;
        self.count += 1;
        self.line = line(&cells)?;
        self.read = 0;
        Ok(true)
    }
}

impl Read for RowsAsCsv {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.line.len() && !self.advance()? {
            return Ok(0);
        }
        let mut rest = self.line.get(self.read..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

/// The cells of a row, counted from 0, as text.
///
/// # Errors
/// In words, for a cell that is not one value.
fn cells(row: &Row, number: usize) -> Result<Vec<String>, String> {
    let text = |(title, field): (&String, &Field)| match field {
        Field::Null => Ok(String::new()),
        Field::Str(text) => Ok(text.clone()),
        Field::Float(value) => Ok(value.to_string()),
        Field::Double(value) => Ok(value.to_string()),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Ok(row_name(number)),
        },
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => Err(format!(
            "column {title}: holds several values in a row, expected one"
        )),
        other => Ok(other.to_string()),
    };
    row.get_column_iter().map(text).collect()
}

/// A line of CSV.
fn line(cells: &[String]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut text);
    writer.write_record(cells)?;
    writer.flush()?;
    drop(writer);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use crate::fixtures::Folder;
    use crate::{Source, read_experiment};

    #[test]
    fn a_table_in_parquet_is_read_as_the_same_table_in_csv() {
        let folder = Folder::new(
            "path,SPLIT,STATE,CPD_NAME,BATCH,DOSE",
            &["a.png,train,0,\"DMSO, plain\",A,", "b.png,train,1,taxol,A,0.3"],
        );
        let schema = "message table {
            required binary path (UTF8);
            required binary SPLIT (UTF8);
            required int64 STATE;
            required binary CPD_NAME (UTF8);
            required binary BATCH (UTF8);
            optional double DOSE;
        }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let path = folder.path().join("metadata.parquet");
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build())).unwrap();
        let mut rows = writer.next_row_group().unwrap();
        let texts = [
            ["a.png", "b.png"],
            ["train", "train"],
            ["", ""],
            ["DMSO, plain", "taxol"],
            ["A", "A"],
        ];
        let mut number = 0;
        while let Some(mut column) = rows.next_column().unwrap() {
            match number {
                2 => column
                    .typed::<Int64Type>()
                    .write_batch(&[0, 1], None, None)
                    .unwrap(),
                5 => column
                    .typed::<DoubleType>()
                    .write_batch(&[0.3], Some(&[0, 1]), None)
                    .unwrap(),
                text => {
                    let values = texts[text].map(ByteArray::from);
                    let typed = column.typed::<ByteArrayType>();
                    typed.write_batch(&values, None, None).unwrap()
                }
            };
            column.close().unwrap();
            number += 1;
        }
        rows.close().unwrap();
        writer.close().unwrap();

        let mut config = folder.config();
        let of_csv = read_experiment(&config).unwrap();
        config.source = Source::Folder {
            table: path,
            images: None,
        };
        let of_parquet = read_experiment(&config).unwrap();
        assert_eq!(of_parquet.entries(), of_csv.entries());
        assert_eq!(of_parquet.compounds(), of_csv.compounds());
        assert_eq!(of_parquet.compounds()[0].name, "DMSO, plain");
        assert_eq!(of_parquet.entries()[1].dose_um, Some(0.3));
    }
}
