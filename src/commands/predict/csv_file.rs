//! The file of `--output`.

use std::path::{Path, PathBuf};

use skinlesion::files::{OutputFile, write_atomically};
use skinlesion::inference::judgement::Rules;
use skinlesion::{Class, ClassList, Error};

use super::answer::{Answer, Failure};
use crate::commands::existing;

/// The columns before the probabilities.
const FIRST: [&str; 7] = [
    "image",
    "class",
    "rule",
    "not_sure",
    "refer",
    "not_a_lesion",
    "novelty",
];

/// The rows of a CSV file, which is written at the end.
pub struct CsvFile {
    classes: ClassList,
    output: OutputFile,
    writer: csv::Writer<Vec<u8>>,
}

impl CsvFile {
    /// Begins a file. An existing one is refused unless `force` is set.
    pub fn new(path: &Path, force: bool, classes: ClassList) -> skinlesion::Result<Self> {
        let mut file = Self {
            classes,
            output: existing::csv_file(file_name(path)?, force, &FIRST.join(","))?,
            writer: csv::Writer::from_writer(Vec::new()),
        };
        let codes = classes.map(Class::code);
        let names = FIRST.into_iter().chain(codes).chain(["error"]);
        file.write(names.map(str::to_owned).collect())?;
        Ok(file)
    }

    pub fn answer(&mut self, answer: &Answer, rules: &Rules) -> skinlesion::Result<()> {
        let judgement = &answer.judgement;
        let refer = judgement.refer().map(|score| score.point.target.name());
        let mut row = vec![
            answer.image.clone(),
            judgement.class.code().to_owned(),
            rules.rule.to_string(),
            judgement
                .not_sure
                .map_or(String::new(), |it| it.to_string()),
            refer.unwrap_or_default().to_owned(),
            judgement
                .not_a_lesion
                .map_or(String::new(), |it| it.to_string()),
            judgement.novelty.map_or(String::new(), |it| it.to_string()),
        ];
        row.extend(answer.probabilities.iter().map(f64::to_string));
        row.push(String::new());
        self.write(row)
    }

    pub fn failure(&mut self, failure: &Failure) -> skinlesion::Result<()> {
        let mut row = vec![String::new(); FIRST.len() + self.classes.len() + 1];
        row[0] = failure.image.clone();
        if failure.by_shape {
            row[5] = true.to_string();
        }
        if let Some(error) = row.last_mut() {
            *error = failure.error.clone();
        }
        self.write(row)
    }

    fn write(&mut self, row: Vec<String>) -> skinlesion::Result<()> {
        let written = self.writer.write_record(row);
        written.map_err(|error| Error::io("write", &self.output.path)(error.into()))
    }

    /// Writes the file, and returns its path.
    pub fn finish(self) -> skinlesion::Result<PathBuf> {
        let bytes = self.writer.into_inner();
        let bytes =
            bytes.map_err(|error| Error::io("write", &self.output.path)(error.into_error()))?;
        write_atomically(&self.output.path, &bytes)?;
        Ok(self.output.path)
    }
}

/// Refuses `-`, which is standard input elsewhere.
fn file_name(path: &Path) -> skinlesion::Result<&Path> {
    match path == Path::new("-") {
        true => Err(Error::input(
            "--output -",
            "the table is written into a file, at the end",
            "Name a file, or use --json, which prints a line for each image.",
        )),
        false => Ok(path),
    }
}
