//! `skinlesion train`.

mod args;
mod resume;
mod summary;

use std::path::{Path, PathBuf};

use skinlesion::Error;
use skinlesion::dataset::Dataset;
use skinlesion::dataset::folds::TrainingFolds;
use skinlesion::progress::Progress;
use skinlesion::training::Phase;
use skinlesion::training::checkpointing::folder::{self, CONFIG_FILE, RunFolder};
use skinlesion::training::config::resolve;
use skinlesion::training::fit::fit;
use skinlesion::training::initial_model;
use skinlesion::training::run::TrainingRun;

pub use self::args::Args;
use self::resume::resumed;
use self::summary::summary;
use crate::terminal::{Outcome, Session, signals};

pub fn run(args: &Args, session: &Session) -> Outcome {
    let device = session.device()?;
    let earlier = match args.resume {
        true => Some(RunFolder::resume(&args.out)?),
        false => None,
    };
    let data = &match &args.data {
        Some(data) => data.clone(),
        None => folder::data_path(&args.out)?,
    };
    refuse_dataset_folder(&args.out, data)?;
    if !args.resume {
        super::existing::refuse_folder_of_inputs(&args.out, args.inputs())?;
    }
    let dataset = Dataset::open(data)?;
    super::no_digests::note_dataset(data, &dataset.info, session);
    let (run_folder, (dataset, config, origin, initial)) = match earlier {
        Some(earlier) => (earlier, resumed(args, data, session, dataset)?),
        None => {
            let dataset = dataset.in_folds(args.fold)?;
            let phase = args.phase.unwrap_or(Phase::Transfer);
            let settings = args.settings(session)?;
            let mut config = resolve::resolve(phase, args.config.as_deref(), &settings)?
                .with_absolute_teachers()?;
            if args.fold == Some(TrainingFolds::All) {
                config = config.without_validation()?;
            }
            // The configuration names teachers too.
            let teachers = config.teachers.iter().map(PathBuf::as_path);
            super::existing::refuse_folder_of_inputs(&args.out, teachers)?;
            let run_folder = RunFolder::create(&args.out, args.force)?;
            (run_folder, (dataset, config, args.origin(phase)?, None))
        }
    };
    let mut start = initial_model::start(&origin, &dataset, &config, device, session)?;
    if let Some(initial) = initial {
        start.initial_weights = initial;
    }
    session.say(&format!(
        "{} on {}{}, {} from {}",
        config.phase,
        data.display(),
        match dataset.training_folds() {
            Some(TrainingFolds::AllBut(fold)) => format!(" without fold {fold}"),
            Some(TrainingFolds::All) => ", all folds".to_owned(),
            None => String::new(),
        },
        device_name(device),
        start.initial_weights
    ));
    if !args.resume {
        run_folder.write_config(&config)?;
        run_folder.write_data_path(data)?;
    } else if args.epochs.is_some() || !args.out.join(CONFIG_FILE).exists() {
        run_folder.write_config(&config)?;
    }
    let run = TrainingRun {
        dataset: &dataset,
        config: &config,
        folder: &run_folder,
        resume: args.resume,
        event_file: args.logger.is_some(),
        extended: args.resume && args.epochs.is_some(),
        stop: signals::stop_flag(),
    };
    let _listening = signals::stop_after_step();
    let result = fit(&run, start, session)?;
    Ok(summary(
        args,
        data,
        &config,
        dataset.training_folds(),
        &result,
    ))
}

/// Refuses the dataset folder as the folder of the run.
fn refuse_dataset_folder(out: &Path, data: &Path) -> skinlesion::Result<()> {
    let is_data = out
        .canonicalize()
        .is_ok_and(|out| data.canonicalize().is_ok_and(|data| data == out));
    match is_data {
        true => Err(Error::file(
            out,
            "--out is the dataset folder",
            "Choose another folder for the run.",
        )),
        false => Ok(()),
    }
}

fn device_name(device: tch::Device) -> String {
    match device {
        tch::Device::Cpu => format!("CPU ({} threads)", tch::get_num_threads()),
        tch::Device::Cuda(index) => format!("CUDA device {index}"),
        other => format!("{other:?}"),
    }
}
