//! `skinlesion predict`.

mod answer;
mod args;
mod caveats;
mod csv_file;
mod heat_maps;
mod table;

use std::path::{Path, PathBuf};

use skinlesion::imaging::find::{self, Found};
use skinlesion::imaging::read;
use skinlesion::inference::classifier::{Classifier, Outputs};
use skinlesion::inference::judgement::Rules;
use skinlesion::inference::open::{self, Options};
use skinlesion::progress::Progress;
use skinlesion::{DISCLAIMER, Error};

use self::answer::{Answer, Failure, Lines};
use self::csv_file::CsvFile;
use self::heat_maps::HeatMaps;
use self::table::Table;
use super::no_digests::note_network;
use crate::terminal::{Outcome, Session, Summary};

pub use self::args::Args;

/// Photographs per batch.
const BATCH: usize = 32;

pub fn run(args: &Args, session: &Session) -> Outcome {
    let options = Options {
        device: session.device()?,
        tta: args.tta,
        trust: args.trust.trust,
    };
    let classifier = open::open_all(&args.models, options)?;
    for model in &args.models {
        note_network(model, session);
    }
    let classifier = classifier.as_ref();
    let rules = rules(args, classifier)?;
    let mut csv = (args.output.as_deref())
        .map(|path| CsvFile::new(path, args.force, classifier.classes()))
        .transpose()?;
    let found = find::find(&args.images);
    let left_out = found.left_out();
    let heat_maps = (args.heat_map.as_deref())
        .map(|folder| HeatMaps::new(folder, &readable(&found), classifier, args.force))
        .transpose()?;
    let names = found.images.iter().map(|(path, _)| name(path));
    let mut printer = Printer {
        session,
        table: Table::new(names, args.top_k.into(), &rules),
        lines: Lines {
            rules: &rules,
            top_k: args.top_k.into(),
            tta: args.tta,
            networks: classifier.networks(),
        },
        answered: 0,
        failed: 0,
    };
    let mut images = found.images.into_iter().peekable();
    while images.peek().is_some() {
        let batch: Vec<_> = images.by_ref().take(BATCH).collect();
        for answer in answers(batch, classifier, &rules, heat_maps.as_ref())? {
            match &answer {
                Ok(answer) => {
                    printer.answer(answer);
                    csv.as_mut()
                        .map_or(Ok(()), |csv| csv.answer(answer, &rules))?;
                }
                Err((failure, error)) => {
                    printer.failure(failure, error);
                    csv.as_mut().map_or(Ok(()), |csv| csv.failure(failure))?;
                }
            }
        }
    }
    if let (true, Some(left_out)) = (session.global.json, &left_out) {
        session.say(left_out);
    }
    let mut text = format!("\n{}", printer.counts(left_out.as_deref()));
    if printer.answered > 0 {
        for caveat in caveats::caveats(
            classifier.classes(),
            &rules,
            args.tta,
            classifier.networks(),
        ) {
            text += &format!("\n{caveat}");
        }
    }
    let csv = csv.map(CsvFile::finish).transpose()?;
    Ok(Summary {
        text: format!("{text}\n{DISCLAIMER}"),
        files: csv.into_iter().chain(args.heat_map.clone()).collect(),
        failed: printer.failed > 0,
        ..Summary::default()
    })
}

/// The rules of the classifier, with the decision rule that is asked for, which must have been fitted.
fn rules(args: &Args, classifier: &dyn Classifier) -> skinlesion::Result<Rules> {
    Rules::new(classifier, args.decision).ok_or_else(|| {
        let rule = args.decision.unwrap_or_default();
        let problem = match classifier.networks() {
            1 => format!("no decision rule '{rule}' was fitted for this network"),
            _ => format!("the networks do not share a decision rule '{rule}'"),
        };
        Error::file(
            args.models
                .first()
                .map_or(Path::new("--model"), PathBuf::as_path),
            problem,
            "Fit it with `skinlesion calibrate`, or leave out --decision.",
        )
    })
}

/// The images that were found.
fn readable(found: &Found) -> Vec<&Path> {
    let images = found.images.iter().filter(|(_, found)| found.is_ok());
    images.map(|(path, _)| path.as_path()).collect()
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// A photograph's answer, or why there is none.
type Answered = Result<Answer, (Failure, Error)>;

/// The answers for a batch, in its order.
fn answers(
    batch: Vec<(PathBuf, skinlesion::Result<()>)>,
    classifier: &dyn Classifier,
    rules: &Rules,
    heat_maps: Option<&HeatMaps>,
) -> skinlesion::Result<Vec<Answered>> {
    let prepared = read::prepare(batch, classifier.resize());
    let pixels: Vec<&[u8]> = (prepared.iter())
        .filter_map(|(_, read)| Some(read.as_ref().ok()?.as_slice()))
        .collect();
    let outputs = match pixels.is_empty() {
        true => Outputs::none(false),
        false => classifier.outputs(&pixels)?,
    };
    let mut rows = (outputs.probabilities.iter().cloned()).enumerate();
    let mut answers = Vec::with_capacity(prepared.len());
    for (path, read) in prepared {
        let image = name(&path);
        match read {
            Ok(pixels) => {
                let Some((at, probabilities)) = rows.next() else {
                    break; // unreachable: one row for each image
                };
                let judgement = rules.judge(&probabilities, outputs.novelty_of(at));
                let heat_map = match heat_maps {
                    Some(maps) => maps.write(&path, &pixels, judgement.class, classifier)?,
                    None => None,
                };
                answers.push(Ok(Answer {
                    image,
                    probabilities,
                    judgement,
                    heat_map: heat_map.map(name),
                }));
            }
            Err(refusal) => {
                answers.push(Err((Failure::new(image, &refusal), refusal.error)));
            }
        }
    }
    Ok(answers)
}

/// Prints answers as they come: rows for a person, or one JSON object a line for a program.
struct Printer<'a> {
    session: &'a Session,
    table: Table<'a>,
    lines: Lines<'a>,
    answered: usize,
    failed: usize,
}

impl Printer<'_> {
    fn answer(&mut self, answer: &Answer) {
        let global = &self.session.global;
        if global.json {
            self.session.print_result(&self.lines.line(answer));
        } else if !global.quiet {
            if self.answered == 0 {
                self.session.print_result(&self.table.header());
            }
            self.session.print_result(&self.table.rows(answer));
        }
        self.answered += 1;
    }

    fn failure(&mut self, failure: &Failure, error: &Error) {
        self.session.warn(&error.to_string());
        if self.session.global.json {
            self.session.print_result(&failure.line());
        }
        self.failed += 1;
    }

    /// "12 photographs; 1 without answer, see above; 3 left out: …".
    fn counts(&self, left_out: Option<&str>) -> String {
        let photographs = match self.answered {
            1 => "1 photograph".to_owned(),
            n => format!("{n} photographs"),
        };
        let failed = match self.failed {
            0 => String::new(),
            n => format!("; {n} without answer, see above"),
        };
        let left_out = left_out.map_or(String::new(), |left_out| format!("; {left_out}"));
        format!("{photographs}{failed}{left_out}.")
    }
}
