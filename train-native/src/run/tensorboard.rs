//! `TensorBoard` event files: records of length, checksum and protocol buffer; scalars and pictures are
//! written.
//!
//! A record is `length u64 | masked CRC-32C of the length u32 | data | masked CRC-32C of the data u32`, all
//! little-endian; the data is an `Event` message. Field numbers are those of TensorFlow's `event.proto` and
//! `summary.proto`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::TrainError;

/// One moment of a run.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Optimiser step.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// `brain.Event:2` in a file's first event, else empty.
    #[prost(string, optional, tag = "3")]
    pub file_version: Option<String>,
    /// What was measured.
    #[prost(message, optional, tag = "5")]
    pub summary: Option<Summary>,
}

/// What was measured in one event.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// One a curve or picture.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

/// A point of a curve, or a picture.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// The curve's name; `/` groups.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// The number.
    #[prost(float, optional, tag = "2")]
    pub simple_value: Option<f32>,
    /// The picture.
    #[prost(message, optional, tag = "4")]
    pub image: Option<Image>,
}

/// A picture.
#[derive(Clone, PartialEq, Message)]
pub struct Image {
    /// Pixels a column.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Pixels a row.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// Samples a pixel; 4 is RGBA.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// The PNG.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded_image_string: Vec<u8>,
}

/// An event file being written.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventFile {
    /// Starts a new file in `folder`; a resumed run has one per process, and `TensorBoard` shows them as one
    /// curve.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn create(folder: &Path) -> Result<Self, TrainError> {
        let name = format!(
            "events.out.tfevents.{:.0}.{}.cellflux",
            now().floor(),
            std::process::id()
        );
        let path = folder.join(name);
        let file = File::create(&path).map_err(TrainError::io(&path))?;
        let mut events = Self {
            path,
            file: BufWriter::new(file),
        };
        events.write(&Event {
            wall_time: now(),
            step: 0,
            file_version: Some("brain.Event:2".to_owned()),
            summary: None,
        })?;
        Ok(events)
    }

    /// Writes points of curves.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn scalars<'a>(
        &mut self,
        step: u64,
        scalars: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<(), TrainError> {
        let value = scalars.into_iter().map(|(tag, number)| Value {
            tag: tag.to_owned(),
            simple_value: Some(number as f32),
            image: None,
        });
        self.summary(step, value.collect())
    }

    /// Writes a picture, a PNG of `width` x `height` RGBA pixels.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn picture(
        &mut self,
        step: u64,
        tag: &str,
        (width, height): (usize, usize),
        png: &[u8],
    ) -> Result<(), TrainError> {
        let side = |side: usize| i32::try_from(side).unwrap_or(i32::MAX);
        let image = Image {
            height: side(height),
            width: side(width),
            colorspace: 4,
            encoded_image_string: png.to_vec(),
        };
        self.summary(
            step,
            vec![Value {
                tag: tag.to_owned(),
                simple_value: None,
                image: Some(image),
            }],
        )
    }

    fn summary(&mut self, step: u64, value: Vec<Value>) -> Result<(), TrainError> {
        self.write(&Event {
            wall_time: now(),
            step: step.cast_signed(),
            file_version: None,
            summary: Some(Summary { value }),
        })
    }

    fn write(&mut self, event: &Event) -> Result<(), TrainError> {
        let record = record(&event.encode_to_vec());
        self.file
            .write_all(&record)
            .and_then(|()| self.file.flush())
            .map_err(TrainError::io(&self.path))
    }
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(data.len() + 16);
    record.extend(length);
    record.extend(masked(&length).to_le_bytes());
    record.extend(data);
    record.extend(masked(data).to_le_bytes());
    record
}

/// A checksum of data that holds checksums would be weak, hence `TFRecord`'s rotation and constant.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a file back, checksums included, using nothing of the writer except the messages.
    fn read(path: &Path) -> Vec<Event> {
        let bytes = std::fs::read(path).unwrap();
        let mut rest = bytes.as_slice();
        let mut events = Vec::new();
        let crc = crc32c_by_bits;
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let unmask = |bytes: &[u8]| {
                let masked = u32::from_le_bytes(bytes.try_into().unwrap());
                masked.wrapping_sub(0xa282_ead8).rotate_left(15)
            };
            assert_eq!(unmask(&rest[8..12]), crc(&rest[..8]));
            let data = &rest[12..12 + length];
            assert_eq!(unmask(&rest[12 + length..16 + length]), crc(data));
            events.push(Event::decode(data).unwrap());
            rest = &rest[16 + length..];
        }
        events
    }

    /// CRC-32C bit by bit, from its polynomial (Castagnoli 1993).
    fn crc32c_by_bits(bytes: &[u8]) -> u32 {
        let step = |crc: u32| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0x82f6_3b78
            } else {
                crc >> 1
            }
        };
        !bytes.iter().fold(!0, |crc: u32, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc))
        })
    }

    #[test]
    fn what_is_written_is_read_back_with_valid_checksums() {
        // The check value of CRC-32C.
        assert_eq!(crc32c_by_bits(b"123456789"), 0xe306_9283);
        let folder = tempfile::tempdir().unwrap();
        let mut file = EventFile::create(folder.path()).unwrap();
        file.scalars(7, [("loss/train", 0.25), ("rate", 1e-4)]).unwrap();
        file.picture(8, "sheet", (3, 2), b"png").unwrap();
        let events = read(&file.path);
        assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
        assert!(events[0].wall_time > 1.7e9);
        let scalars = &events[1].summary.as_ref().unwrap().value;
        assert_eq!((events[1].step, scalars[0].tag.as_str()), (7, "loss/train"));
        assert_eq!(
            (scalars[0].simple_value, scalars[1].simple_value),
            (Some(0.25), Some(1e-4))
        );
        let picture = events[2].summary.as_ref().unwrap().value[0]
            .image
            .as_ref()
            .unwrap();
        assert_eq!(
            (
                picture.width,
                picture.height,
                picture.encoded_image_string.as_slice()
            ),
            (3, 2, &b"png"[..])
        );
    }

    #[test]
    fn an_event_has_the_bytes_of_the_wire_format() {
        // Field 1 as a double, field 2 as a varint, field 5 with a value whose field 2 is a float.
        let event = Event {
            wall_time: 1.0,
            step: 300,
            file_version: None,
            summary: Some(Summary {
                value: vec![Value {
                    tag: "a".into(),
                    simple_value: Some(1.0),
                    image: None,
                }],
            }),
        };
        let mut expected = vec![0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xac, 0x02];
        expected.extend([0x2a, 10, 0x0a, 8, 0x0a, 1, b'a', 0x15, 0, 0, 0x80, 0x3f]);
        assert_eq!(event.encode_to_vec(), expected);
    }
}
