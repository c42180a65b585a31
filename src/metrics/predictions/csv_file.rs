//! Writes and reads `predictions.csv`.

use std::path::Path;

use super::Predictions;
use crate::probabilities::Probabilities;
use crate::{Class, ClassList, Error, Result, classes, files, reading};

impl Predictions {
    /// Writes the columns `image_id,truth`, the codes of the classes and `lesion_id` atomically, and `patient_id` and
    /// `balanced` if they are known. Probabilities have as many digits as are needed to read the same number back.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write = || -> csv::Result<()> {
            let balanced = self.has_balanced();
            let patients = self.patient_ids.len() == self.truths.len() && !self.truths.is_empty();
            let mut columns = header(self.classes);
            columns.push(LESION);
            columns.extend(patients.then_some(PATIENT));
            columns.extend(balanced.then_some(BALANCED));
            writer.write_record(columns)?;
            for (image, lesion) in self.lesions().into_iter().enumerate() {
                let mut record = vec![
                    self.image_ids[image].clone(),
                    self.truths[image].to_string(),
                ];
                record.extend(self.probabilities[image].iter().map(f64::to_string));
                record.push(lesion.to_owned());
                record.extend(patients.then(|| self.patient_ids[image].clone()));
                record.extend(balanced.then(|| self.balanced[image].to_string()));
                writer.write_record(record)?;
            }
            Ok(())
        };
        write().map_err(|error| Error::io("write", path)(error.into()))?;
        write_csv(writer, path)
    }

    /// Reads a `predictions.csv`. Files of older versions lack `lesion_id`; `patient_id` and `balanced` are optional.
    /// The classes are those of the `metrics.json` beside it, else those of the built-in list with the columns' codes.
    ///
    /// # Errors
    /// Other columns, unknown classes, and numbers that are not probabilities.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = reading::read(path, reading::MAX_TABLE)?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let remedy = "Name a predictions.csv that `skinlesion eval` wrote.";
        let found = reader
            .headers()
            .map_err(|error| Error::file(path, error.to_string(), remedy))?;
        let mut columns: Vec<String> = found.iter().map(str::to_owned).collect();
        let has_balanced = columns.pop_if(|last| last == BALANCED).is_some();
        let has_patients = columns.pop_if(|last| last == PATIENT).is_some();
        let has_lesions = columns.pop_if(|last| last == LESION).is_some();
        let codes = columns.get(FIRST.len()..).unwrap_or_default();
        let classes = match columns.starts_with(&FIRST.map(str::to_owned)) {
            true => classes_of(path, codes),
            false => None,
        };
        let classes = classes.ok_or_else(|| {
            let problem = format!(
                "the columns are not {},akiec,bcc,bkl,df,mel,nv,vasc, nor those of another class list",
                FIRST.join(",")
            );
            Error::line(path, 1, problem, remedy)
        })?;
        let columns = columns.len();
        let mut predictions = Self::new(classes);
        for record in reader.records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(1, csv::Position::line);
                Error::line(path, line, error.to_string(), remedy)
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            let (id, truth, row) = parse(classes, &record)
                .map_err(|problem| Error::line(path, line, problem, remedy))?;
            let mut more = record.iter().skip(columns);
            let mut next = || more.next().unwrap_or_default();
            if has_lesions {
                predictions.lesion_ids.push(next().to_owned());
            }
            if has_patients {
                predictions.patient_ids.push(next().to_owned());
            }
            if has_balanced {
                let named = (classes.parse(next()))
                    .map_err(|error| Error::line(path, line, error.to_string(), remedy))?;
                predictions.balanced.push(named);
            }
            predictions.image_ids.push(id);
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        }
        Ok(predictions)
    }
}

/// The column of lesion ids.
const LESION: &str = "lesion_id";

/// The column of patient ids.
const PATIENT: &str = "patient_id";

/// The column of the classes that the balanced rule names.
const BALANCED: &str = "balanced";

pub(in crate::metrics) fn write_csv(writer: csv::Writer<Vec<u8>>, path: &Path) -> Result<()> {
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::io("write", path)(error.into_error()))?;
    files::write_atomically(path, &bytes)
}

/// The first columns.
const FIRST: [&str; 2] = ["image_id", "truth"];

fn header(classes: ClassList) -> Vec<&'static str> {
    let codes = classes.iter().map(Class::code);
    FIRST.into_iter().chain(codes).collect()
}

/// The classes with these codes: the list in the `metrics.json` beside the file, which tells what is malignant; without
/// one, a built-in list.
fn classes_of(path: &Path, codes: &[String]) -> Option<ClassList> {
    #[derive(serde::Deserialize)]
    struct WithClasses {
        classes: ClassList,
    }
    let beside = || {
        let text = reading::read(&path.with_file_name("metrics.json"), reading::MAX_JSON).ok()?;
        let read: WithClasses = serde_json::from_slice(&text).ok()?;
        Some(read.classes).filter(|list| list.iter().map(Class::code).eq(codes))
    };
    beside().or_else(|| classes::with_codes(codes))
}

/// Parses a record, or returns its problem. The csv crate has checked the number of fields.
fn parse(
    classes: ClassList,
    record: &csv::StringRecord,
) -> Result<(String, Class, Probabilities), String> {
    let field = |index: usize| record.get(index).unwrap_or_default();
    let truth = (classes.parse(field(1).trim())).map_err(|error| error.to_string())?;
    let mut row = Probabilities::zeros(classes);
    for class in classes.iter() {
        let text = field(FIRST.len() + class.index());
        row[class.index()] = text
            .parse()
            .ok()
            .filter(|p| (0.0..=1.0).contains(p))
            .ok_or_else(|| format!("'{text}' is not a probability of {class}"))?;
    }
    Ok((field(0).to_owned(), truth, row))
}

#[cfg(test)]
mod tests {
    use super::super::FILE;
    use super::*;
    use crate::classes::{ham, ham10000};

    fn two_predictions() -> Predictions {
        let row = |values: [f64; 7]| Probabilities::new(ham10000(), values);
        Predictions {
            classes: ham10000(),
            image_ids: vec!["ISIC_1".into(), "a, \"strange\" name".into()],
            lesion_ids: vec!["HAM_1".into(), "HAM_1".into()],
            patient_ids: Vec::new(),
            truths: vec![ham("mel"), ham("vasc")],
            probabilities: vec![
                row([0.1, 0.2, 1.0 / 3.0, 0.0, 1e-300, 0.7 / 3.0, 0.4 / 3.0]),
                Probabilities::one_hot(ham("nv")),
            ],
            balanced: Vec::new(),
        }
    }

    #[test]
    fn written_predictions_are_read_back_bit_for_bit() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        two_predictions().write(&path).unwrap();
        assert_eq!(Predictions::read(&path).unwrap(), two_predictions());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("image_id,truth,akiec,bcc,bkl,df,mel,nv,vasc,lesion_id\n"));
    }

    #[test]
    fn the_classes_are_those_of_the_metrics_beside_the_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        two_predictions().write(&path).unwrap();
        let mut own = ham10000().entries().to_vec();
        own[0].malignant = false;
        let own = ClassList::new("own", own).unwrap();
        let beside = serde_json::json!({ "classes": own }).to_string();
        std::fs::write(home.path().join("metrics.json"), beside).unwrap();
        let read = Predictions::read(&path).unwrap();
        assert_eq!(read.classes.entries(), own.entries());
        assert_eq!(read.truths, two_predictions().truths);
    }

    #[test]
    fn the_classes_of_the_balanced_rule_are_a_last_column() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        let balanced = Predictions {
            balanced: vec![ham("bkl"), ham("nv")],
            ..two_predictions()
        };
        balanced.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.lines()
                .next()
                .unwrap()
                .ends_with(",vasc,lesion_id,balanced")
        );
        assert_eq!(Predictions::read(&path).unwrap(), balanced);
        std::fs::write(&path, text.replace(",bkl\n", ",mole\n")).unwrap();
        let error = Predictions::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("predictions.csv:2") && error.contains("mole"),
            "{error}"
        );
    }

    #[test]
    fn patients_are_drawn_where_they_are_known_and_else_lesions() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        let mut predictions = two_predictions();
        predictions.lesion_ids = vec!["HAM_1".into(), "HAM_2".into()];
        predictions.patient_ids = vec!["P_1".into(), String::new()];
        predictions.write(&path).unwrap();
        let read = Predictions::read(&path).unwrap();
        assert_eq!(read, predictions);
        assert_eq!(read.clusters(), ["P_1", "HAM_2"]);
        assert_eq!(read.lesions(), ["HAM_1", "HAM_2"]);
    }

    #[test]
    fn files_without_lesion_ids_count_each_image_as_a_lesion() {
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
        assert_eq!(two_predictions().lesions(), ["HAM_1", "HAM_1"]);
    }

    #[test]
    fn an_invalid_line_is_refused_with_its_number() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        let header = "image_id,truth,akiec,bcc,bkl,df,mel,nv,vasc\n";
        for (line, problem) in [
            ("a,mole,0,0,0,0,0,1,0", "'mole'"),
            ("a,nv,0,0,0,0,0,1.5,0", "'1.5' is not a probability of nv"),
            ("a,nv,0,0,0,0,NaN,0,0", "'NaN' is not a probability of mel"),
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
