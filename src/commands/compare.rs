//! `skinlesion compare`.

use std::fmt::Write;
use std::path::PathBuf;

use skinlesion::evaluation::compare::{Compared, compare};
use skinlesion::metrics::Metrics;
use skinlesion::metrics::comparison::Difference;
use skinlesion::metrics::decision_metrics;
use skinlesion::report::text::headlines;
use skinlesion::{DEFAULT_SEED, DISCLAIMER, files};

use super::existing::json_file;
use crate::terminal::{Outcome, Session, Summary};

#[derive(clap::Args)]
#[command(after_help = skinlesion::DISCLAIMER)]
pub struct Args {
    /// The first evaluation: a metrics.json, or the folder that `skinlesion eval` wrote
    #[arg(value_name = "A")]
    a: PathBuf,

    /// The second evaluation, of the same images; differences are B − A
    #[arg(value_name = "B")]
    b: PathBuf,

    /// The predictions.csv of A and of B, if they are not beside the metrics
    #[arg(long, num_args = 2, value_names = ["A.csv", "B.csv"])]
    predictions: Option<Vec<PathBuf>>,

    /// Write the comparison as JSON into this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Replace --out if it exists
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let out = args.out.as_ref();
    let out = out
        .map(|out| json_file(out, args.force, "mcnemar"))
        .transpose()?;
    let predictions = args.predictions.as_deref();
    let predictions = predictions.and_then(|paths| Some((paths.first()?, paths.get(1)?)));
    let seed = session.global.seed.unwrap_or(DEFAULT_SEED);
    let compared = compare(&args.a, &args.b, predictions, seed)?;
    let mut files = Vec::new();
    if let Some(out) = out {
        files::write_json(&out.path, &compared)?;
        files.push(out.path.clone());
    }
    Ok(Summary {
        text: text(args, &compared),
        json: serde_json::to_value(&compared)?,
        files,
        next: None,
        failed: false,
    })
}

fn text(args: &Args, compared: &Compared) -> String {
    let comparison = &compared.comparison;
    let mut text = format!(
        "A: {}\nB: {}\nThe same {} images of the {} split. Differences are B − A; * marks intervals that exclude zero.\n\n\
         {:24}{:>8}{:>8}{:>10}  95 % interval, paired bootstrap\n",
        args.a.display(),
        args.b.display(),
        comparison.n,
        compared.split,
        "",
        "A",
        "B",
        "B − A",
    );
    for (name, words) in headlines(compared.classes) {
        if let Some(difference) = comparison.figures.get(&name) {
            text.push_str(&line(&words, difference));
        }
    }
    for class in compared.classes.iter() {
        if let Some(difference) = comparison.figures.get(&format!("per_class.{class}.auc")) {
            text.push_str(&line(&format!("AUC of {class}"), difference));
        }
    }
    for (name, difference) in &comparison.balanced {
        text.push_str(&line(
            &format!("{}, bal.", decision_metrics::words(name)),
            difference,
        ));
    }
    if !comparison.balanced.is_empty() {
        text.push_str("bal.: the class that the balanced rule names; elsewhere the likeliest.\n");
    }
    let test = comparison.mcnemar;
    let _ = write!(
        text,
        "\nMcNemar's exact test: only A is correct on {} images, only B on {}; {}{}\n",
        test.only_a_right,
        test.only_b_right,
        p_value(test.p_value),
        match test.p_value < 0.05 {
            true => "",
            false => ": no significant difference in accuracy",
        },
    );
    if comparison.clusters < comparison.n {
        let _ = writeln!(
            text,
            "It takes images as independent, but these are of {} lesions or patients: rely on the interval of accuracy.",
            comparison.clusters
        );
    }
    let headlines = Metrics::NAMES
        .iter()
        .filter_map(|name| comparison.figures.get(*name));
    let mut compared = headlines.chain(comparison.balanced.values());
    if !compared.any(Difference::is_clear) {
        text.push_str("No headline metric differs significantly.\n");
    }
    text + "\n" + DISCLAIMER + "\n"
}

/// A p-value as journals print it: three decimals, and none that rounds to zero.
fn p_value(p: f64) -> String {
    match p < 0.001 {
        true => "p < 0.001".to_owned(),
        false => format!("p = {p:.3}"),
    }
}

fn line(words: &str, difference: &Difference) -> String {
    let Difference {
        a,
        b,
        difference: gap,
        interval,
    } = difference;
    let interval = interval.map_or_else(String::new, |[low, high]| {
        format!("[{low:+.4}, {high:+.4}]")
    });
    let mark = if difference.is_clear() { " *" } else { "" };
    format!("{words:24}{a:>8.4}{b:>8.4}{gap:>+10.4}  {interval}{mark}\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_small_p_value_is_not_rounded_to_zero() {
        assert_eq!(super::p_value(1e-9), "p < 0.001");
        assert_eq!(super::p_value(0.00099), "p < 0.001");
        assert_eq!(super::p_value(0.001), "p = 0.001");
        assert_eq!(super::p_value(0.0474), "p = 0.047");
    }
}
