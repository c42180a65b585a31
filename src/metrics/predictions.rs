//! `predictions.csv`: what a network said of each image, and what is true.

use std::path::Path;

use super::{Metrics, score};
use crate::probabilities::Probabilities;
use crate::{Diagnosis, Error, Result, files};

/// The file's name within an evaluation's folder.
pub const FILE: &str = "predictions.csv";

/// Predictions of some images; entry `i` of each list belongs to image `i`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// The images' names.
    pub image_ids: Vec<String>,
    /// The lesions that they show; empty if nobody knows, and then each image counts as its own.
    pub lesion_ids: Vec<String>,
    /// What they show.
    pub truths: Vec<Diagnosis>,
    /// Seven probabilities each, in class order.
    pub probabilities: Vec<Probabilities>,
}

impl Predictions {
    /// All figures of these predictions.
    pub fn score(&self) -> Metrics {
        score(&self.truths, &self.probabilities)
    }

    /// The lesion of each image.
    pub fn lesions(&self) -> Vec<&str> {
        if self.lesion_ids.len() == self.truths.len() {
            return self.lesion_ids.iter().map(String::as_str).collect();
        }
        self.image_ids.iter().map(String::as_str).collect()
    }

    /// Adds others behind these.
    pub fn extend(&mut self, others: Self) {
        self.image_ids.extend(others.image_ids);
        self.lesion_ids.extend(others.lesion_ids);
        self.truths.extend(others.truths);
        self.probabilities.extend(others.probabilities);
    }

    /// Writes the columns `image_id,truth,akiec,…,vasc,lesion_id`, whole or not at all. Every probability has as many
    /// digits as it takes to read the same number back.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write = || -> csv::Result<()> {
            writer.write_record(header().into_iter().chain([LESION]))?;
            for (image, lesion) in self.lesions().into_iter().enumerate() {
                let mut record = vec![
                    self.image_ids[image].clone(),
                    self.truths[image].to_string(),
                ];
                record.extend(self.probabilities[image].iter().map(f64::to_string));
                record.push(lesion.to_owned());
                writer.write_record(record)?;
            }
            Ok(())
        };
        write().map_err(|error| Error::io("write", path)(error.into()))?;
        write_csv(writer, path)
    }

    /// Writes the columns `image,MEL,NV,BCC,AKIEC,BKL,DF,VASC`, as ISIC's challenge of 2018 (task 3) wants its
    /// submissions, whole or not at all.
    pub fn write_submission(&self, path: &Path) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write = || -> csv::Result<()> {
            let columns = SUBMITTED.map(|class| class.code().to_uppercase());
            writer.write_record(std::iter::once("image".to_owned()).chain(columns))?;
            for (id, row) in self.image_ids.iter().zip(&self.probabilities) {
                let cells = SUBMITTED.map(|class| row[class.index()].to_string());
                writer.write_record(std::iter::once(id.clone()).chain(cells))?;
            }
            Ok(())
        };
        write().map_err(|error| Error::io("write", path)(error.into()))?;
        write_csv(writer, path)
    }

    /// Reads such a file, or one of an older version, which lacks the last column. Refuses other columns, unknown classes and numbers that are no probabilities.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let remedy = "Name a predictions.csv that `skinlesion eval` wrote.";
        let found = reader
            .headers()
            .map_err(|error| Error::file(path, error.to_string(), remedy))?;
        let has_lesions = found.iter().eq(header().into_iter().chain([LESION]));
        if !has_lesions && found != header().as_slice() {
            let problem = format!("its columns are not {}", header().join(","));
            return Err(Error::line(path, 1, problem, remedy));
        }
        let mut predictions = Self::default();
        for record in reader.records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line);
                Error::line(path, line, error.to_string(), remedy)
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            let (id, truth, row) =
                parse(&record).map_err(|problem| Error::line(path, line, problem, remedy))?;
            if has_lesions {
                let lesion = record.iter().next_back().unwrap_or_default();
                predictions.lesion_ids.push(lesion.to_owned());
            }
            predictions.image_ids.push(id);
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        }
        Ok(predictions)
    }
}

/// The column of lesions.
const LESION: &str = "lesion_id";

/// The classes in the order of ISIC's columns.
const SUBMITTED: [Diagnosis; Diagnosis::COUNT] = [
    Diagnosis::Mel,
    Diagnosis::Nv,
    Diagnosis::Bcc,
    Diagnosis::Akiec,
    Diagnosis::Bkl,
    Diagnosis::Df,
    Diagnosis::Vasc,
];

fn write_csv(writer: csv::Writer<Vec<u8>>, path: &Path) -> Result<()> {
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::io("write", path)(error.into_error()))?;
    files::write_atomically(path, &bytes)
}

fn header() -> Vec<&'static str> {
    let mut columns = vec!["image_id", "truth"];
    columns.extend(Diagnosis::ALL.map(Diagnosis::code));
    columns
}

/// One line, or what is wrong with it. The csv crate has already seen to the number of fields.
fn parse(record: &csv::StringRecord) -> Result<(String, Diagnosis, Probabilities), String> {
    let field = |index: usize| record.get(index).unwrap_or_default();
    let truth = field(1)
        .trim()
        .parse::<Diagnosis>()
        .map_err(|error| error.to_string())?;
    let mut row = [0.0; Diagnosis::COUNT];
    for class in Diagnosis::ALL {
        let text = field(2 + class.index());
        row[class.index()] = text
            .parse()
            .ok()
            .filter(|p| (0.0..=1.0).contains(p))
            .ok_or_else(|| format!("'{text}' is no probability of {class}"))?;
    }
    Ok((field(0).to_owned(), truth, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Predictions {
        let row = [0.1, 0.2, 1.0 / 3.0, 0.0, 1e-300, 0.7 / 3.0, 0.4 / 3.0];
        Predictions {
            image_ids: vec!["ISIC_1".into(), "a, \"strange\" name".into()],
            lesion_ids: vec!["HAM_1".into(), "HAM_1".into()],
            truths: vec![Diagnosis::Mel, Diagnosis::Vasc],
            probabilities: vec![row, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]],
        }
    }

    #[test]
    fn predictions_come_back_bit_for_bit() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        some().write(&path).unwrap();
        assert_eq!(Predictions::read(&path).unwrap(), some());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("image_id,truth,akiec,bcc,bkl,df,mel,nv,vasc,lesion_id\n"));
    }

    #[test]
    fn files_without_lesions_are_read_and_each_image_is_then_its_own() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        let header = "image_id,truth,akiec,bcc,bkl,df,mel,nv,vasc\n";
        std::fs::write(
            &path,
            format!("{header}b,nv,0,0,0,0,0,1,0\na,nv,0,0,0,0,0,1,0\n"),
        )
        .unwrap();
        let read = Predictions::read(&path).unwrap();
        assert_eq!(read.lesions(), ["b", "a"]);
        assert_eq!(some().lesions(), ["HAM_1", "HAM_1"]);
    }

    #[test]
    fn a_submission_has_isics_columns() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("submission.csv");
        some().write_submission(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\n"));
        assert!(text.ends_with("name\",0,1,0,0,0,0,0\n"), "{text}");
    }

    #[test]
    fn a_line_that_is_no_prediction_is_refused_with_its_number() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        let header = "image_id,truth,akiec,bcc,bkl,df,mel,nv,vasc\n";
        for (line, problem) in [
            ("a,mole,0,0,0,0,0,1,0", "'mole'"),
            ("a,nv,0,0,0,0,0,1.5,0", "'1.5' is no probability of nv"),
            ("a,nv,0,0,0,0,NaN,0,0", "'NaN' is no probability of mel"),
            ("a,nv,0,0,0,0", "field"),
        ] {
            std::fs::write(&path, format!("{header}b,nv,0,0,0,0,0,1,0\n{line}\n")).unwrap();
            let error = Predictions::read(&path).unwrap_err().to_string();
            assert!(
                error.contains("predictions.csv:3") && error.contains(problem),
                "{error}"
            );
        }
        std::fs::write(&path, "image,truth\n").unwrap();
        assert!(Predictions::read(&path).is_err());
    }
}
