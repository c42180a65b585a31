//! The digest within a safetensors file: the SHA-256 of its metadata and tensors, under the key `sha256` of the
//! metadata.
//!
//! It is taken over fields, each preceded by its length in bytes as a 64-bit little-endian number: for each other entry
//! of the metadata, sorted by key, the key and the value; then for each tensor, sorted by name, its name, its type as
//! the header spells it, its shape as `a,b,…`, and its data.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};

use crate::{Error, Result, files, integrity, reading};

/// The key in the metadata.
pub const KEY: &str = "sha256";

/// The largest number of tensors that is read; a checkpoint with train state has some 800.
const MAX_TENSORS: usize = 20_000;

/// A tensor: type, shape and data.
pub type Stored<'a> = (Dtype, &'a [usize], &'a [u8]);

/// The digest of metadata and tensors, as 64 hexadecimal digits.
pub fn of<'a>(
    metadata: impl IntoIterator<Item = (&'a String, &'a String)>,
    tensors: &BTreeMap<&str, Stored>,
) -> String {
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    let sorted: BTreeMap<&String, &String> = metadata.into_iter().collect();
    for (key, value) in sorted.into_iter().filter(|(key, _)| *key != KEY) {
        field(key.as_bytes());
        field(value.as_bytes());
    }
    for (name, (dtype, shape, data)) in tensors {
        let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
        field(name.as_bytes());
        field(format!("{dtype}").as_bytes());
        field(shape.join(",").as_bytes());
        field(data);
    }
    files::hex(&hasher.finalize())
}

/// Whether a file has a digest, by its header.
pub fn is_in(path: &Path) -> bool {
    let mut length = [0; 8];
    let header = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        file.read_exact(&mut length)?;
        let mut header = Vec::new();
        file.take(u64::from_le_bytes(length).min(reading::MAX_JSON))
            .read_to_end(&mut header)?;
        Ok(header)
    };
    let header = { header }().ok();
    let value = header.and_then(|header| serde_json::from_slice::<serde_json::Value>(&header).ok());
    value.is_some_and(|value| value["__metadata__"][KEY].is_string())
}

/// The contents of a safetensors file.
pub struct Contents<'a> {
    /// The text entries of its header.
    pub metadata: BTreeMap<String, String>,
    /// Its tensors.
    pub tensors: Vec<(String, TensorView<'a>)>,
}

/// Parses a file and checks its digest. A file without one is accepted: those of other programs and of older versions.
///
/// # Errors
/// A damaged file, and more than 20,000 tensors.
pub fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<Contents<'a>> {
    let broken = |problem: String| {
        Error::file(
            path,
            format!("not a readable safetensors file ({problem})"),
            "The file may be truncated: download or write it again.",
        )
    };
    if bytes.get(8) != Some(&b'{') {
        return Err(Error::file(
            path,
            "not a readable safetensors file: it begins otherwise",
            "Pass a .safetensors file, or the folder of a run. If it is one, download or write it again.",
        ));
    }
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| broken(error.to_string()))?;
    let count = header.tensors().len();
    if count > MAX_TENSORS {
        return Err(broken(format!("it has {count} tensors")));
    }
    let metadata: BTreeMap<String, String> = header
        .metadata()
        .clone()
        .unwrap_or_default()
        .into_iter()
        .collect();
    let file = SafeTensors::deserialize(bytes).map_err(|error| broken(error.to_string()))?;
    let tensors = file.tensors();
    if let Some(digest) = metadata.get(KEY) {
        let stored = tensors.iter().map(|(name, view)| {
            let stored: Stored = (view.dtype(), view.shape(), view.data());
            (name.as_str(), stored)
        });
        if *digest != of(&metadata, &stored.collect()) {
            let remedy = "Restore the file from a copy, download it again, or train again.";
            return Err(integrity::changed(path, "its header", remedy));
        }
    }
    Ok(Contents { metadata, tensors })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(metadata: BTreeMap<String, String>, data: &[u8]) -> Vec<u8> {
        let view = TensorView::new(Dtype::F32, vec![2], data).unwrap();
        safetensors::serialize([("a", view)], Some(metadata.into_iter().collect())).unwrap()
    }

    #[test]
    fn every_turned_byte_of_a_file_with_a_digest_is_noticed() {
        let data = [0, 0, 128, 63, 0, 0, 0, 64];
        let mut metadata = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        let stored: Stored = (Dtype::F32, &[2], &data);
        let digest = of(&metadata, &BTreeMap::from([("a", stored)]));
        metadata.insert(KEY.to_owned(), digest);
        let bytes = file(metadata.clone(), &data);
        let path = Path::new("a.safetensors");
        assert_eq!(parse(path, &bytes).unwrap().metadata, metadata);
        let padding = bytes.len() - data.len() - 8..bytes.len() - data.len();
        let mut places = bytes.windows(KEY.len());
        let key = places.position(|part| part == KEY.as_bytes()).unwrap();
        for at in 0..bytes.len() {
            let mut turned = bytes.clone();
            turned[at] ^= 16;
            let is_blank = padding.contains(&at) && bytes[at] == b' ';
            let is_key = (key..key + KEY.len()).contains(&at);
            assert!(
                parse(path, &turned).is_err() || is_blank || is_key,
                "byte {at}"
            );
        }
    }

    /// Computed in Python: hashlib.sha256 over struct.pack("<Q", len(field)) + field of the fields above.
    #[test]
    fn the_digest_is_the_one_that_the_documentation_describes() {
        let data = [0, 0, 128, 63, 0, 0, 0, 64];
        let metadata = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        let stored: Stored = (Dtype::F32, &[2], &data);
        assert_eq!(
            of(&metadata, &BTreeMap::from([("a", stored)])),
            "b9683728001378ad4bf4409bfe705da6010f3b7b8402e9a3b98ad6a396d50383"
        );
    }

    #[test]
    fn a_file_without_a_digest_is_read_and_a_damaged_one_refused() {
        let path = Path::new("a.safetensors");
        let bytes = file(BTreeMap::new(), &[0; 8]);
        assert_eq!(parse(path, &bytes).unwrap().tensors.len(), 1);
        for damaged in [&bytes[..bytes.len() - 1], &[], &[255; 40]] {
            let error = parse(path, damaged).err().unwrap().to_string();
            assert!(error.contains("a.safetensors"), "{error}");
        }
    }
}
