//! Golden vectors: synthetic images with their expected pixels after preprocessing and the expected probabilities of
//! each file, against which apps test their integration. Synthetic images need no consent and no licence.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, RgbImage};
use serde::Serialize;
use tch::Device;

use crate::artifact::exported_file::ExportedFile;
use crate::artifact::format::{Format, Precision};
use crate::artifact::package::{GOLDEN_FILE, GOLDEN_FOLDER};
use crate::imaging::resize::{self, ResizeRule};
use crate::inference::open;
use crate::synthetic::Diagnosis;
use crate::{ClassList, DEFAULT_SEED, Error, Result, files, synthetic};

/// Width and height of the image of each diagnosis that can be drawn: landscape, portrait, square, smaller than the
/// network's input.
const SIZES: [[u32; 2]; Diagnosis::ALL.len()] = [
    [600, 450],
    [330, 440],
    [256, 256],
    [320, 240],
    [450, 338],
    [400, 300],
    [120, 90],
];

/// The contents of `golden.json`.
#[derive(Debug, Serialize)]
struct Golden {
    format_version: u32,
    about: String,
    tolerance: Tolerance,
    images: Vec<GoldenImage>,
}

#[derive(Debug, Serialize)]
struct Tolerance {
    /// The largest allowed difference of a preprocessed byte.
    prepared: u8,
    /// The largest allowed difference of a probability, by format, given the exact bytes of `prepared`.
    probabilities: serde_json::Map<String, serde_json::Value>,
    /// The largest allowed difference of a novelty score, by format, as a fraction of the score.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    novelty: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct GoldenImage {
    file: String,
    sha256: String,
    width: u32,
    height: u32,
    /// The drawn class; `None` if the network does not have it. One trained on photographs may predict another.
    #[serde(skip_serializing_if = "Option::is_none")]
    truth: Option<String>,
    prepared: Prepared,
    /// The probabilities by format, in class order.
    probabilities: serde_json::Map<String, serde_json::Value>,
    /// The novelty score by format; only of formats that have one.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    novelty: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct Prepared {
    file: String,
    /// SHA-256 of the raw bytes: size × size × 3, row-major, RGB interleaved.
    sha256: String,
}

/// Draws the images, runs the network files of an export folder on them, and writes the golden vectors to the folder.
pub fn write(
    folder: &Path,
    classes: ClassList,
    rule: ResizeRule,
    networks: &[ExportedFile],
) -> Result<()> {
    let pictures = folder.join(GOLDEN_FOLDER);
    fs::create_dir(&pictures).map_err(Error::io("create", &pictures))?;
    let mut images = Vec::new();
    let mut pixels = Vec::new();
    for (diagnosis, [width, height]) in Diagnosis::ALL.into_iter().zip(SIZES) {
        let drawn = diagnosis.class();
        let picture = synthetic::picture(diagnosis, DEFAULT_SEED, width, height)
            .map_err(|error| Error::io("draw", &pictures)(std::io::Error::other(error)))?;
        let prepared = resize::resize(&picture, rule);
        let square = RgbImage::from_raw(rule.size, rule.size, prepared.clone());
        let file = write_png(folder, &format!("{drawn}.png"), &picture)?;
        images.push(GoldenImage {
            sha256: files::sha256_file(&folder.join(&file))?,
            file,
            width,
            height,
            truth: (classes.by_label(drawn.code())).map(|class| class.code().to_owned()),
            prepared: Prepared {
                file: write_png(
                    folder,
                    &format!("{drawn}.prepared.png"),
                    &square.unwrap_or_default(),
                )?,
                sha256: files::sha256(&prepared),
            },
            probabilities: serde_json::Map::new(),
            novelty: serde_json::Map::new(),
        });
        pixels.push(prepared);
    }
    let borrowed: Vec<&[u8]> = pixels.iter().map(Vec::as_slice).collect();
    for network in networks.iter().filter(|network| !network.resizes()) {
        let classifier = open::open(&folder.join(&network.file), Device::Cpu)?;
        let outputs = classifier.outputs(&borrowed)?;
        for (index, (image, row)) in images.iter_mut().zip(&outputs.probabilities).enumerate() {
            (image.probabilities).insert(network.format.clone(), row.to_vec().into());
            if let Some(score) = outputs.novelty_of(index) {
                image.novelty.insert(network.format.clone(), score.into());
            }
        }
    }
    let by_format = |tolerance: fn(Format) -> f64| {
        let formats = Format::ALL.iter().filter(|&&format| format != Format::Web);
        formats
            .map(|&format| (format.name().to_owned(), tolerance(format).into()))
            .collect()
    };
    let has_novelty = images.iter().any(|image| !image.novelty.is_empty());
    let golden = Golden {
        format_version: 1,
        about: format!(
            "Drawn pictures, no photographs. Prepare each file as model.json says: its bytes must be those of \
             'prepared' (SHA-256 of size x size x 3 bytes, rows first, RGB interleaved), give or take {PREPARED}. Given those \
             very bytes, each file must give these probabilities, in the order of model.json's classes, give or take 'tolerance'."
        ),
        tolerance: Tolerance {
            prepared: PREPARED,
            probabilities: by_format(tolerance),
            novelty: match has_novelty {
                true => by_format(novelty_tolerance),
                false => serde_json::Map::new(),
            },
        },
        images,
    };
    files::write_json(&folder.join(GOLDEN_FILE), &golden)
}

/// The tolerance of a byte for the rounding of other resizers.
const PREPARED: u8 = 1;

/// The tolerance of a probability for the arithmetic of other runtimes. float16 has a mantissa of 10 bits; int8 kernels
/// may round ties between two quantized values either way.
fn tolerance(format: Format) -> f64 {
    match format.precision() {
        Precision::Single => 1e-3,
        Precision::Half => 2e-2,
        Precision::Int8 => 0.1,
    }
}

/// The tolerance of a novelty score, as a fraction of it.
fn novelty_tolerance(format: Format) -> f64 {
    match format.precision() {
        Precision::Single => 1e-2,
        Precision::Half => 0.1,
        Precision::Int8 => 0.5,
    }
}

/// Writes an image and returns its path within the export folder.
fn write_png(folder: &Path, name: &str, picture: &RgbImage) -> Result<String> {
    let file = format!("{GOLDEN_FOLDER}/{name}");
    let path = folder.join(&file);
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| Error::io("write", &path)(std::io::Error::other(error)))?;
    files::write_atomically(&path, bytes.get_ref())?;
    Ok(file)
}
