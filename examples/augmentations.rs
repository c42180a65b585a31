//! Draws a sheet of augmented training images, to look at before a long run:
//! `cargo run --release --example augmentations -- DATASET SHEET.png [--set KEY=VALUE …]`.

use std::path::Path;

use skinlesion::Error;
use skinlesion::dataset::{Dataset, Split};
use skinlesion::training::augment::Input;
use skinlesion::training::config::resolve;
use skinlesion::training::data::batches::augmenter;
use skinlesion::training::{Phase, progressive_resizing};

/// Rows are images, columns are augmented versions of each, at the size of the last epoch.
const ROWS: usize = 10;
const COLUMNS: usize = 12;

fn main() -> skinlesion::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dataset, sheet, more @ ..] = arguments.as_slice() else {
        eprintln!("usage: augmentations DATASET SHEET.png [--set KEY=VALUE …]");
        return Ok(());
    };
    let changes: Vec<String> = more.iter().filter(|a| *a != "--set").cloned().collect();
    let config = resolve::resolve(Phase::Finetune, None, &changes)?;
    let dataset = Dataset::open(Path::new(dataset))?;
    let rows = dataset.split_rows(Split::Train);
    let side = progressive_resizing::size(&config, config.epochs, dataset.pixels.side());
    let mut pixels = vec![0; ROWS * COLUMNS * side * side * 3];
    for (row, &number) in rows
        .iter()
        .step_by((rows.len() / ROWS).max(1))
        .take(ROWS)
        .enumerate()
    {
        for column in 0..COLUMNS {
            let image = dataset.pixels.image(number)?;
            let image = [Input {
                row: number,
                repeat: 0,
                pixels: &image,
            }];
            let changed = augmenter(&dataset, &config).batch(&image, column + 1, side);
            for (y, line) in changed.chunks_exact(side * 3).enumerate() {
                let at = ((row * side + y) * COLUMNS + column) * side * 3;
                pixels[at..at + side * 3].copy_from_slice(line);
            }
        }
    }
    let size = [COLUMNS * side, ROWS * side].map(|length| length as u32);
    image::save_buffer(sheet, &pixels, size[0], size[1], image::ColorType::Rgb8)
        .map_err(|error| Error::file(Path::new(sheet), error.to_string(), "Name a .png file."))
}
