//! The files of `--heat-map`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use skinlesion::files::write_atomically;
use skinlesion::inference::classifier::Classifier;
use skinlesion::report::overlay;
use skinlesion::{Class, Error};

use crate::commands::existing::refuse_existing;

/// The files of heat maps, one for each photograph.
pub struct HeatMaps {
    files: HashMap<PathBuf, PathBuf>,
}

impl HeatMaps {
    /// Names a file in `folder` for each image: NAME.png, or NAME-2.png and so on where others have the same name.
    /// Creates the folder.
    ///
    /// # Errors
    /// A classifier without heat maps, existing files unless `force` is set, and those that are no heat maps.
    pub fn new(
        folder: &Path,
        images: &[&Path],
        classifier: &dyn Classifier,
        force: bool,
    ) -> skinlesion::Result<Self> {
        let side = classifier.resize().size as usize;
        let blank = vec![0; side * side * 3];
        let first = classifier.classes().get(0);
        let gives_maps = match first {
            Some(class) => classifier.grad_cam(&blank, class)?.is_some(),
            None => false,
        };
        if !gives_maps {
            return Err(Error::input(
                "--heat-map",
                match classifier.networks() {
                    1 => "TorchScript and TFLite files give no heat map",
                    _ => "several models have no common heat map",
                },
                "Name one checkpoint or ONNX file with --model.",
            ));
        }
        let files = names(images);
        let files: HashMap<PathBuf, PathBuf> = (files.into_iter())
            .map(|(image, name)| (image, folder.join(name)))
            .collect();
        let outputs: Vec<&Path> = files.values().map(PathBuf::as_path).collect();
        // A heat map has the size of the network's images.
        let is_own = |file: &Path| {
            image::image_dimensions(file)
                .is_ok_and(|(width, height)| [width, height] == [side as u32; 2])
        };
        let kind = format!("a picture of {side} × {side} pixels, as heat maps of this network are");
        refuse_existing(&outputs, force, is_own, &kind, images)?;
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        Ok(Self { files })
    }

    /// Writes the heat map of a class for a prepared image, and returns the file.
    pub fn write(
        &self,
        image: &Path,
        pixels: &[u8],
        class: Class,
        classifier: &dyn Classifier,
    ) -> skinlesion::Result<Option<&Path>> {
        let Some(file) = self.files.get(image) else {
            return Ok(None);
        };
        let map = classifier.grad_cam(pixels, class)?;
        let side = classifier.resize().size;
        let png = map.and_then(|map| overlay::grad_cam(pixels, side, &map));
        png.map_or(Ok(None), |png| {
            write_atomically(file, &png)?;
            Ok(Some(file.as_path()))
        })
    }
}

/// The file name of each image's heat map, all different.
fn names(images: &[&Path]) -> HashMap<PathBuf, String> {
    let mut taken = HashSet::new();
    let mut names = HashMap::new();
    for image in images {
        if names.contains_key(*image) {
            continue; // the same photograph, named twice
        }
        let stem = match image.file_stem() {
            Some(stem) if *image != Path::new("-") => stem.to_string_lossy().into_owned(),
            _ => "stdin".to_owned(),
        };
        let mut name = format!("{stem}.png");
        let mut number = 2;
        // Case is ignored by some file systems.
        while !taken.insert(name.to_lowercase()) {
            name = format!("{stem}-{number}.png");
            number += 1;
        }
        names.insert(image.to_path_buf(), name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_the_same_name_get_different_files() {
        let images = ["a/x.jpg", "b/X.png", "x.jpg", "-", "a/x.jpg"].map(Path::new);
        let names = names(&images);
        let name = |image: &str| names[Path::new(image)].as_str();
        assert_eq!(name("a/x.jpg"), "x.png");
        assert_eq!(name("b/X.png"), "X-2.png");
        assert_eq!(name("x.jpg"), "x-3.png");
        assert_eq!(name("-"), "stdin.png");
        assert_eq!(names.len(), 4);
    }
}
