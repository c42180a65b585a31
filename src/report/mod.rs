//! Reports: charts (SVG, PNG), the HTML page and text tables of evaluations and datasets.

mod axis;
mod confusion;
mod curves;
pub mod dataset;
mod distribution;
pub mod galleries;
pub mod html;
pub mod overlay;
mod picture;
mod render;
pub mod samples;
mod svg;
pub mod text;
mod xy;

pub use self::confusion::{Cells, confusion_matrix};
pub use self::curves::{Line, Panel, line_panels};
pub use self::distribution::class_distribution;
pub use self::picture::write_picture;
pub use self::samples::sample_sheet;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::classes::{ham, ham10000};
    use crate::dataset::info::SplitCounts;
    use crate::metrics::Confusion;

    /// Every kind of picture, with numbers similar to HAM10000's. `SKINLESION_PICTURES=FOLDER` in the environment keeps
    /// them for inspection.
    #[test]
    fn every_picture_is_drawn_as_svg_and_png() {
        let home = tempfile::tempdir().unwrap();
        let folder = std::env::var_os("SKINLESION_PICTURES")
            .map_or_else(|| home.path().to_owned(), PathBuf::from);
        let pictures = [
            ("distribution", class_distribution(ham10000(), &counts())),
            ("curves", curves()),
            (
                "counts",
                confusion_matrix(
                    &confusion(),
                    Cells::Counts,
                    "Confusion matrix: test split, 1,120 images",
                ),
            ),
            (
                "shares",
                confusion_matrix(
                    &confusion(),
                    Cells::Normalized,
                    "Confusion matrix: test split, normalized by row",
                ),
            ),
        ];
        for (name, svg) in pictures {
            let [vector, pixels] = write_picture(&folder.join(name), &svg).unwrap();
            assert_eq!(std::fs::read_to_string(vector).unwrap(), svg);
            let image = image::open(pixels).unwrap().into_rgb8();
            assert!(
                image.pixels().any(|pixel| pixel.0 != [255; 3]),
                "{name} is empty"
            );
        }
    }

    fn counts() -> SplitCounts {
        SplitCounts {
            train: vec![229, 358, 763, 81, 785, 4820, 100],
            val: vec![34, 49, 109, 11, 92, 812, 15],
            test: vec![34, 49, 109, 11, 92, 811, 0],
        }
    }

    fn confusion() -> Confusion {
        let counts = [
            [21, 6, 4, 1, 2, 0, 0],
            [5, 37, 3, 1, 1, 1, 1],
            [9, 5, 65, 2, 14, 14, 0],
            [1, 1, 1, 7, 0, 1, 0],
            [3, 2, 12, 1, 49, 25, 0],
            [4, 12, 49, 9, 96, 635, 6],
            [0, 0, 0, 0, 0, 0, 0],
        ];
        let mut confusion = Confusion::of(ham10000(), &counts.map(Vec::from));
        confusion.counts[ham("nv").index()][ham("nv").index()] += 400;
        confusion
    }

    fn curves() -> String {
        let x: Vec<f64> = (1..=24).map(f64::from).collect();
        let falling = |end: f64, speed: f64| {
            x.iter()
                .map(|x| Some(end + (1.9 - end) * (-x * speed).exp()))
                .collect::<Vec<_>>()
        };
        let rising = |end: f64, speed: f64| {
            x.iter()
                .map(|x| Some(end * (1.0 - 0.8 * (-x * speed).exp())))
                .collect::<Vec<_>>()
        };
        let pair = |title, training, validation| Panel {
            title,
            lines: vec![
                Line {
                    name: "training",
                    values: training,
                },
                Line {
                    name: "validation",
                    values: validation,
                },
            ],
        };
        let panels = [
            pair("Loss", falling(0.41, 0.2), falling(0.72, 0.3)),
            pair("Accuracy", rising(0.86, 0.2), rising(0.79, 0.3)),
            pair("Top-2 accuracy", rising(0.97, 0.4), rising(0.93, 0.4)),
            pair("Balanced accuracy", rising(0.88, 0.2), rising(0.71, 0.3)),
            pair("Macro F1", rising(0.75, 0.2), rising(0.74, 0.3)),
            pair("Melanoma recall", rising(0.82, 0.2), {
                let mut values = rising(0.60, 0.3);
                values[7] = None;
                values
            }),
        ];
        line_panels("Transfer: frozen base, 24 epochs", "Epoch", &x, &panels)
    }
}
