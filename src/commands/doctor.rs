//! `skinlesion doctor`.

mod finding;
#[cfg(feature = "torch")]
mod libtorch;

use std::path::{Path, PathBuf};

use skinlesion::dataset::Dataset;
#[cfg(feature = "torch")]
use skinlesion::model::pretrained::WeightsSource;

use self::finding::{Finding, State, as_json, missing, ok, table};
use crate::terminal::{Outcome, Session, Summary};

#[derive(clap::Args)]
pub struct Args {
    /// The dataset folder to look for; name yours if it lies elsewhere
    #[arg(long, value_name = "DIR", default_value = "data/ham10000")]
    data: PathBuf,

    /// Weights to check: a file, which is read and checked against the network of width 1, or imagenet
    #[cfg(feature = "torch")]
    #[arg(long, value_name = "FILE|imagenet", default_value = "imagenet")]
    weights: WeightsSource,
}

const GET_DATA: &str = "Get HAM10000 (CC BY-NC 4.0, 3 GB): kaggle.com/datasets/kmader/skin-cancer-mnist-ham10000, \
    Harvard Dataverse doi:10.7910/DVN/DBW86T, or the ISIC archive (ISIC 2018, task 3). Then: skinlesion prepare \
    --metadata HAM10000_metadata.csv --images FOLDER --out";

pub fn run(args: &Args, session: &Session) -> Outcome {
    let mut findings = libtorch_findings(args, session);
    let failed = (findings.iter())
        .any(|(name, finding)| *name == "arithmetic" && finding.state != State::Ok);
    findings.push(("data", data(&args.data).unwrap_or_else(Finding::from)));
    Ok(Summary {
        text: table(&findings),
        json: as_json(&findings, !failed),
        failed,
        ..Summary::default()
    })
}

#[cfg(feature = "torch")]
fn libtorch_findings(args: &Args, session: &Session) -> Vec<(&'static str, Finding)> {
    libtorch::findings(&args.weights, session)
}

#[cfg(not(feature = "torch"))]
fn libtorch_findings(_args: &Args, _session: &Session) -> Vec<(&'static str, Finding)> {
    let cores = std::thread::available_parallelism().map_or("unknown".into(), |n| n.to_string());
    vec![
        (
            "libtorch",
            finding::none(
                "not in this build: it runs exported ONNX files; `make build` in a clone builds the rest",
            ),
        ),
        ("threads", ok(format!("cores: {cores}"))),
    ]
}

fn data(folder: &Path) -> skinlesion::Result<Finding> {
    let shown = folder.display();
    if !folder.exists() {
        let detail = format!("{shown} is not there");
        return Ok(missing(detail, format!("{GET_DATA} {shown}")));
    }
    let dataset = Dataset::open(folder)?;
    let (counts, images) = (&dataset.info.counts, dataset.rows.len());
    let [train, val, test] =
        [&counts.train, &counts.val, &counts.test].map(|split| split.iter().sum::<usize>());
    let splits = format!("{train} train, {val} val, {test} test");
    Ok(ok(format!("{shown}: {images} images ({splits})")))
}
