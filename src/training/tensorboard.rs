//! The history of a run as an event file, which TensorBoard reads while the run goes on.
//!
//! The file is a sequence of TFRecords: length and its checksum, the event and its checksum. The events are protobuf
//! messages (<https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto>).

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use super::history::Epoch;
use crate::{Error, Result, reading};

/// The file name within a checkpoint folder. TensorBoard opens files whose name contains `tfevents`.
pub const FILE: &str = "events.out.tfevents.skinlesion";

/// `Event`: the value of some scalars after an epoch, or the version of the file.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    /// The epoch.
    #[prost(int64, tag = "2")]
    step: i64,
    /// In the first event only.
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    /// The scalars.
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

/// `Summary`: scalars.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

/// `Summary.Value`: a scalar by its tag.
#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

/// Writes the events of a run into its folder, an epoch at a time. They are appended, since TensorBoard keeps the file
/// open and would not see another of the same name. What a kill may leave behind is mended when the run is resumed.
pub struct EventFile {
    /// The last epoch that the file has, 0 if none.
    last: usize,
    /// Whether the file begins with its version.
    begun: bool,
}

impl EventFile {
    /// The event file of a run with `epochs` finished epochs. `None` if there is none and `wanted` is not set: a
    /// resumed run goes on with the file that it has, without a record that was not written whole, and without epochs
    /// that are not finished.
    pub fn open(folder: &Path, epochs: usize, wanted: bool) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        if !path.is_file() {
            let (last, begun) = (0, false);
            return Ok(wanted.then_some(Self { last, begun }));
        }
        let bytes = reading::read(&path, reading::MAX_TABLE)?;
        let (length, last) = kept(&bytes, epochs);
        if length < bytes.len() {
            OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_len(length as u64))
                .map_err(Error::io("write", &path))?;
        }
        let begun = length > 0;
        Ok(Some(Self { last, begun }))
    }

    /// Appends the epochs that the file lacks.
    pub fn append(&mut self, folder: &Path, history: &[Epoch]) -> Result<()> {
        let path = folder.join(FILE);
        let new: Vec<&Epoch> = (history.iter())
            .filter(|epoch| epoch.epoch > self.last)
            .collect();
        let Some(last) = new.last().map(|epoch| epoch.epoch) else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        if !self.begun {
            let version = Some("brain.Event:2".to_owned());
            bytes.extend(record(&Event {
                wall_time: now(),
                file_version: version,
                ..Event::default()
            }));
        }
        for epoch in new {
            let value = scalars(epoch);
            bytes.extend(record(&Event {
                wall_time: now(),
                step: epoch.epoch as i64,
                summary: Some(Summary { value }),
                ..Event::default()
            }));
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(&bytes))
            .map_err(Error::io("write", &path))?;
        (self.last, self.begun) = (last, true);
        Ok(())
    }
}

/// The length of the file's beginning that is whole and tells of finished epochs only, and the last of these.
fn kept(bytes: &[u8], epochs: usize) -> (usize, usize) {
    let (mut rest, mut last) = (bytes, 0);
    while let Some((event, after)) = next_record(rest) {
        let is_version = event.file_version.is_some() && rest.len() == bytes.len();
        let epoch = usize::try_from(event.step).unwrap_or(0);
        match (last + 1..=epochs).contains(&epoch) {
            true => last = epoch,
            false if is_version => {}
            false => break,
        }
        rest = after;
    }
    (bytes.len() - rest.len(), last)
}

/// The event of the first record, and what follows it; `None` if the record is not whole.
fn next_record(bytes: &[u8]) -> Option<(Event, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (of_length, rest) = rest.split_first_chunk()?;
    let data_length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (data, rest) = rest.split_at_checked(data_length)?;
    let (of_data, rest) = rest.split_first_chunk()?;
    let is_whole = masked_checksum(length) == u32::from_le_bytes(*of_length)
        && masked_checksum(data) == u32::from_le_bytes(*of_data);
    let event = Event::decode(data).ok().filter(|_| is_whole)?;
    Some((event, rest))
}

/// The event file of a folder, if it has one.
pub fn written(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(FILE)).filter(|path| path.is_file())
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// The numbers of an epoch under TensorBoard's kind of name: `loss/train` and `loss/val` share a chart group.
fn scalars(epoch: &Epoch) -> Vec<Scalar> {
    let mut values = vec![("learning_rate".to_owned(), Some(epoch.learning_rate))];
    let mut pair = |name: &str, [train, val]: [Option<f64>; 2]| {
        values.push((format!("{name}/train"), train));
        values.push((format!("{name}/val"), val));
    };
    pair("loss", [epoch.train_loss, epoch.val_loss]);
    pair("accuracy", [epoch.train_accuracy, epoch.val_accuracy]);
    let top2 = [epoch.train_top2_accuracy, epoch.val_top2_accuracy];
    pair("top2_accuracy", top2);
    let balanced = [epoch.train_balanced_accuracy, epoch.val_balanced_accuracy];
    pair("balanced_accuracy", balanced);
    pair("macro_f1", [epoch.train_macro_f1, epoch.val_macro_f1]);
    let melanoma = [epoch.train_melanoma_recall, epoch.val_melanoma_recall];
    pair("melanoma_recall", melanoma);
    for (name, recalls) in &epoch.recalls {
        pair(name, *recalls);
    }
    let scalar = |(tag, value): (String, Option<f64>)| {
        let simple_value = value? as f32;
        Some(Scalar { tag, simple_value })
    };
    values.into_iter().filter_map(scalar).collect()
}

/// An event as a TFRecord.
fn record(event: &Event) -> Vec<u8> {
    let data = event.encode_to_vec();
    let length = (data.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked_checksum(&length).to_le_bytes());
    record.extend(&data);
    record.extend(masked_checksum(&data).to_le_bytes());
    record
}

/// CRC-32C, rotated and shifted as TFRecords have it.
fn masked_checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_tensorflow() {
        // The header of a record of 24 bytes, as TensorFlow 2 writes it for "brain.Event:2".
        let length = 24_u64.to_le_bytes();
        assert_eq!(
            masked_checksum(&length).to_le_bytes(),
            [0xa3, 0x7f, 0x4b, 0x22]
        );
    }

    #[test]
    fn a_torn_record_and_epochs_that_are_not_finished_are_dropped() {
        let of_epoch = |step| {
            record(&Event {
                step,
                ..Event::default()
            })
        };
        let version = record(&Event {
            file_version: Some("brain.Event:2".to_owned()),
            ..Event::default()
        });
        let records = [version, of_epoch(1), of_epoch(2), of_epoch(4)];
        let ends: Vec<usize> = (1..=4).map(|n| records[..n].concat().len()).collect();
        let whole = records.concat();
        assert_eq!(kept(&whole, 4), (whole.len(), 4));
        assert_eq!(kept(&whole, 3), (ends[2], 2));
        assert_eq!(kept(&whole[..whole.len() - 1], 4), (ends[2], 2));
        assert_eq!(kept(&whole[..5], 4), (0, 0));
        // A run of an older version that was resumed after a kill has epochs twice.
        let twice = [whole.clone(), of_epoch(4)].concat();
        assert_eq!(kept(&twice, 4), (whole.len(), 4));
    }
}
