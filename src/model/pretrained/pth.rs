//! Reader of PyTorch's files (`.pth`, `.pt`): a state dict of plain tensors, in either of the two formats of
//! `torch.save`. Nothing in a file is executed; see [`super::pickle`].
//!
//! Since PyTorch 1.6, a file is a zip archive: `NAME/data.pkl` describes the tensors, and each `NAME/data/KEY` contains
//! a storage. The legacy format is a stream: magic number, protocol version, system information, the description of the
//! tensors, the list of storage keys, and the storages, each with its length before it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use tch::{Kind, Tensor};
use zip::ZipArchive;

use super::pickle::{Pickle, Result, Value};
use super::strided::{self, MAX_DIMENSIONS, View};
use crate::Error;
use crate::model::libtorch::tensor_from_bytes::tensor_from_bytes;
use crate::model::state_dict::NamedTensors;

/// First bytes of a zip archive.
const ZIP_START: &[u8] = b"PK\x03\x04";

/// First bytes of the legacy format: pickles of the magic number 0x1950a86a20f9469cfc6c and of the protocol version
/// 1001.
const LEGACY_START: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";

const REBUILD_TENSOR: &str = "torch._utils._rebuild_tensor_v2";
const REBUILD_PARAMETER: &str = "torch._utils._rebuild_parameter";

/// Supported storage classes, and their element types.
const STORAGES: [(&str, Kind); 7] = [
    ("torch.FloatStorage", Kind::Float),
    ("torch.DoubleStorage", Kind::Double),
    ("torch.HalfStorage", Kind::Half),
    ("torch.BFloat16Storage", Kind::BFloat16),
    ("torch.LongStorage", Kind::Int64),
    ("torch.IntStorage", Kind::Int),
    ("torch.ByteStorage", Kind::Uint8),
];

/// Whether the first bytes are those of a PyTorch file.
pub fn is_pth(bytes: &[u8]) -> bool {
    bytes.starts_with(ZIP_START) || bytes.starts_with(&LEGACY_START[..2])
}

/// Reads the tensors of a state dict, on the CPU and in the file's types.
pub fn read(path: &Path, bytes: &[u8]) -> crate::Result<NamedTensors> {
    let tensors = if bytes.starts_with(ZIP_START) {
        read_zip(bytes)
    } else {
        read_legacy(bytes)
    };
    tensors.map_err(|problem| {
        Error::file(
            path,
            format!("not a readable PyTorch state dict: {problem}"),
            "The file may be truncated: download it again. To write a readable file in PyTorch, use \
             `torch.save(model.state_dict(), …)` or safetensors.torch.save_file.",
        )
    })
}

/// Names that a pickle may use.
fn allowed() -> Vec<&'static str> {
    let mut names = vec![REBUILD_TENSOR, REBUILD_PARAMETER];
    names.extend(STORAGES.map(|(name, _)| name));
    names
}

fn read_zip(bytes: &[u8]) -> Result<NamedTensors> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let description = archive
        .file_names_raw()
        .filter_map(|name| std::str::from_utf8(name).ok())
        .find(|name| name.ends_with("/data.pkl"))
        .ok_or("the archive holds no data.pkl")?
        .to_owned();
    let prefix = description.trim_end_matches("data.pkl").to_owned();
    // Tensors may share a storage, but entries of the archive must not overlap: together they are at most as long as
    // the file.
    let mut budget = bytes.len();
    if let Some(order) = entry(&mut archive, &format!("{prefix}byteorder"), &mut budget)?
        && order != b"little"
    {
        return Err("it is big-endian".into());
    }
    let pickle = entry(&mut archive, &description, &mut budget)?.ok_or("data.pkl is missing")?;
    let pickle = Pickle::read(&pickle, &allowed())?;
    let stored = describe(&pickle)?;
    let mut storages = BTreeMap::new();
    for tensor in &stored {
        if !storages.contains_key(tensor.storage) {
            let name = format!("{prefix}data/{}", tensor.storage);
            let data = entry(&mut archive, &name, &mut budget)?
                .ok_or_else(|| format!("the archive holds no {name}"))?;
            storages.insert(tensor.storage, data);
        }
    }
    materialise(&stored, |key| storages.get(key).map(Vec::as_slice))
}

/// An entry of the archive, if it exists. `budget` is the number of bytes that may still be read.
fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    budget: &mut usize,
) -> Result<Option<Vec<u8>>> {
    let file = match archive.by_name(name) {
        Ok(file) => file,
        Err(zip::result::ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(format!("{name}: {error}")),
    };
    let mut data = Vec::new();
    file.take(*budget as u64 + 1)
        .read_to_end(&mut data)
        .map_err(|error| format!("{name}: {error}"))?;
    *budget = budget
        .checked_sub(data.len())
        .ok_or("its entries are longer than the whole file")?;
    Ok(Some(data))
}

fn read_legacy(bytes: &[u8]) -> Result<NamedTensors> {
    let mut rest = bytes
        .strip_prefix(LEGACY_START)
        .ok_or("it does not start like a file of torch.save")?;
    let mut next_pickle = || -> Result<Pickle> {
        let pickle = Pickle::read(rest, &allowed())?;
        rest = &rest[pickle.length..];
        Ok(pickle)
    };
    let system = next_pickle()?;
    for (key, value) in system.dict(system.root)? {
        if system.text(key)? == "little_endian" && value != Value::Bool(true) {
            return Err("it is big-endian".into());
        }
    }
    let description = next_pickle()?;
    let stored = describe(&description)?;
    let keys = next_pickle()?;
    let size_of: BTreeMap<&str, usize> = stored
        .iter()
        .map(|tensor| (tensor.storage, tensor.kind.elt_size_in_bytes()))
        .collect();
    let mut storages = BTreeMap::new();
    for key in keys.list(keys.root)? {
        let key = keys.text(*key)?;
        let size = size_of
            .get(key)
            .ok_or_else(|| format!("no tensor uses its storage {key}"))?;
        let (count, after) = rest.split_first_chunk().ok_or("it ends too early")?;
        let data = usize::try_from(i64::from_le_bytes(*count))
            .ok()
            .and_then(|count| after.get(..count.checked_mul(*size)?))
            .ok_or("it ends too early")?;
        rest = &after[data.len()..];
        storages.insert(key, data);
    }
    materialise(&stored, |key| storages.get(key).copied())
}

/// The description of a tensor in the file.
struct StoredTensor<'a> {
    name: &'a str,
    storage: &'a str,
    kind: Kind,
    view: View,
}

/// The descriptions of all tensors of a state dict.
fn describe(pickle: &Pickle) -> Result<Vec<StoredTensor<'_>>> {
    let entries = pickle.dict(pickle.root).map_err(|_| {
        let found = pickle.kind(pickle.root);
        format!("a dict of tensors was expected, not {found}")
    })?;
    entries
        .map(|(key, value)| {
            let name = pickle.text(key)?;
            describe_tensor(pickle, name, value).map_err(|problem| format!("{name}: {problem}"))
        })
        .collect()
}

fn describe_tensor<'a>(
    pickle: &'a Pickle,
    name: &'a str,
    value: Value,
) -> Result<StoredTensor<'a>> {
    let mut tensor = value;
    if let Some([data, ..]) = call(pickle, value, REBUILD_PARAMETER) {
        tensor = *data;
    }
    let Some([storage, offset, size, stride, ..]) = call(pickle, tensor, REBUILD_TENSOR) else {
        let found = pickle.kind(tensor);
        return Err(format!("a tensor was expected, not {found}"));
    };
    // ('storage', class, key, device, count), and in the legacy format a sixth entry: a view of the storage.
    let [tag, class, key, _, stored, view @ ..] = pickle.list(*storage)? else {
        return Err("the description of its storage is not supported".into());
    };
    if !matches!(storage, Value::Persistent(_))
        || pickle.text(*tag)? != "storage"
        || !matches!(view, [] | [Value::None])
    {
        return Err("the description of its storage is not supported".into());
    }
    let class = pickle.text(*class)?;
    let (_, kind) = STORAGES
        .iter()
        .find(|(known, _)| *known == class)
        .ok_or_else(|| format!("its storage type {class} is not supported"))?;
    let ints = |list: &Value| -> Result<Vec<i64>> {
        pickle
            .list(*list)?
            .iter()
            .take(MAX_DIMENSIONS + 1) // one more than allowed, so that the check fails
            .map(|&number| pickle.int(number))
            .collect()
    };
    Ok(StoredTensor {
        name,
        storage: pickle.text(*key)?,
        kind: *kind,
        view: View {
            stored: pickle.int(*stored)?,
            offset: pickle.int(*offset)?,
            size: ints(size)?,
            stride: ints(stride)?,
        },
    })
}

/// The arguments of `value` if it is a call of `function`.
fn call<'a>(pickle: &'a Pickle, value: Value, function: &str) -> Option<&'a [Value]> {
    match pickle.list(value).ok()? {
        [name, arguments] if matches!(value, Value::Call(_)) => {
            let called = pickle.text(*name).ok()?;
            (called == function).then(|| pickle.list(*arguments).ok())?
        }
        _ => None,
    }
}

/// Creates every tensor from its storage.
fn materialise<'a>(
    stored: &[StoredTensor],
    storage: impl Fn(&str) -> Option<&'a [u8]>,
) -> Result<NamedTensors> {
    let mut budget = crate::reading::MAX_NETWORK as usize;
    let mut tensors = NamedTensors::new();
    for description in stored {
        let tensor = || -> Result<Tensor> {
            let data = storage(description.storage).ok_or("its storage is missing")?;
            let values = strided::gather(
                &description.view,
                data,
                description.kind.elt_size_in_bytes(),
            )?;
            budget = budget
                .checked_sub(values.len())
                .ok_or("the tensors up to this one are larger than any supported network")?;
            tensor_from_bytes(&values, &description.view.size, description.kind)
                .map_err(|error| error.to_string())
        };
        let tensor = { tensor }().map_err(|problem| format!("{}: {problem}", description.name))?;
        tensors.insert(description.name.to_owned(), tensor);
    }
    Ok(tensors)
}
