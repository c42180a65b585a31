//! The summary of a training run.

use std::path::Path;

use serde_json::json;
use skinlesion::dataset::folds::TrainingFolds;
use skinlesion::training::checkpointing::folder;
use skinlesion::training::run::TrainingResult;
use skinlesion::training::{LAST, Phase, TrainingConfig};

use super::args::Args;
use crate::terminal::{Summary, shell};

/// The result, the files and the next command.
pub fn summary(
    args: &Args,
    data: &Path,
    config: &TrainingConfig,
    folds: Option<TrainingFolds>,
    result: &TrainingResult,
) -> Summary {
    let (data, out) = (shell::quoted_path(data), shell::quoted_path(&args.out));
    let weights = result
        .classes
        .map(|d| format!("{d} {:.2}", result.class_weights[d.index()]));
    let mut text = format!(
        "Trained on {} images, {}.\nClass weights in the loss: {}.\n",
        result.train_images,
        match result.val_images {
            0 => "without validation".to_owned(),
            images => format!("validated on {images}"),
        },
        weights.join(", ")
    );
    if let Some((epoch, value)) = result.best {
        let epochs = result.history.len();
        text.push_str(&match config.monitor.as_str() {
            LAST => format!("Kept: epoch {epoch}, the last of {epochs}.\n"),
            name => {
                let name = name.replace('_', " ");
                format!("Best epoch: {epoch} of {epochs}, by validation {name} {value:.4}.\n")
            }
        });
    }
    let next = if result.interrupted {
        text.push_str("Stopped early; everything up to here is saved.\n");
        format!("skinlesion train --resume --out {out}")
    } else if config.phase == Phase::Transfer {
        let fold = folds.map_or_else(String::new, |folds| format!(" --fold {folds}"));
        format!(
            "skinlesion train --phase finetune --data {data}{fold} --from {out} --out {}",
            shell::beside(&args.out, "-finetuned")
        )
    } else if folds == Some(TrainingFolds::All) {
        text.push_str(
            "The metrics of this network are those of the networks of its folds, which `skinlesion eval --folds` pools;\n\
             `skinlesion calibrate --out-of-fold` takes that evaluation.\n",
        );
        format!("skinlesion info {out}")
    } else if folds.is_some() {
        text.push_str(
            "Once every fold is trained, `skinlesion eval --folds` with one --model per fold pools them.\n",
        );
        let eval = shell::beside(&args.out, "-eval");
        format!("skinlesion eval --model {out} --data {data} --split val --out {eval}")
    } else {
        let calibrated = shell::beside(&args.out, "-calibrated.safetensors");
        format!("skinlesion calibrate --checkpoint {out} --data {data} --out {calibrated}")
    };
    let files = folder::written(&args.out);
    Summary {
        text,
        json: json!({
            "phase": config.phase,
            "fold": match folds {
                Some(TrainingFolds::AllBut(fold)) => json!(fold),
                Some(TrainingFolds::All) => json!("all"),
                None => json!(null),
            },
            "interrupted": result.interrupted,
            "epochs": result.history,
            "best_epoch": result.best.map(|(epoch, _)| epoch),
            "monitor": config.monitor,
            "best_value": result.best.filter(|_| config.monitor != LAST).map(|(_, value)| value),
            "class_weights": result.classes.map(|d| (d.code(), result.class_weights[d.index()])).into_iter()
                .collect::<std::collections::BTreeMap<_, _>>(),
        }),
        files: files.into_iter().filter(|file| file.exists()).collect(),
        next: Some(next),
        failed: result.interrupted,
    }
}
