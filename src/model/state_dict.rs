//! Named tensors, and safetensors files of them with metadata (which tch's writer does not support).

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use tch::{Device, Kind, Tensor};

use super::libtorch::tensor_from_bytes::tensor_from_bytes;
use super::safetensors_digest::{self, Stored};
use crate::{Error, Result, files, reading};

/// Tensors by name. They are sorted by name, so that files are reproducible.
pub type NamedTensors = BTreeMap<String, Tensor>;

/// The text entries of a safetensors header.
pub type Metadata = BTreeMap<String, String>;

/// The largest number of dimensions of a tensor.
pub(super) const MAX_DIMENSIONS: usize = 8;

/// Reads a safetensors file of at most 1 GiB: the tensors, on the CPU and in the file's types, and the metadata. The
/// digest of a file that has one is checked ([`safetensors_digest`]).
pub fn read_safetensors(path: &Path) -> Result<(NamedTensors, Metadata)> {
    read_safetensors_up_to(path, reading::MAX_NETWORK)
}

/// As [`read_safetensors`], for a file of at most `limit` bytes.
pub fn read_safetensors_up_to(path: &Path, limit: u64) -> Result<(NamedTensors, Metadata)> {
    parse_safetensors(path, &reading::read(path, limit)?)
}

/// As [`read_safetensors`], for the bytes of a file.
pub fn parse_safetensors(path: &Path, bytes: &[u8]) -> Result<(NamedTensors, Metadata)> {
    let contents = safetensors_digest::parse(path, bytes)?;
    let broken = |name: &str, problem: String| {
        Error::file(
            path,
            format!("not a readable safetensors file (tensor {name} has {problem})"),
            "The file may be truncated: download or write it again.",
        )
    };
    let mut tensors = NamedTensors::new();
    for (name, view) in contents.tensors {
        let kind = kind_of(view.dtype())
            .ok_or_else(|| broken(&name, format!("the unsupported type {:?}", view.dtype())))?;
        // Checked before libtorch, which trusts the shape and reads past the data.
        let shape: Option<Vec<i64>> = (view.shape().iter())
            .map(|&n| i32::try_from(n).ok().map(i64::from))
            .collect();
        let shape = shape.filter(|shape| {
            let count = shape
                .iter()
                .try_fold(kind.elt_size_in_bytes() as i64, |n, &d| n.checked_mul(d));
            shape.len() <= MAX_DIMENSIONS && count == Some(view.data().len() as i64)
        });
        let shape = shape.ok_or_else(|| {
            let dimensions = view.shape().len();
            broken(
                &name,
                format!("a shape of {dimensions} dimensions that is not that of its data"),
            )
        })?;
        let tensor = tensor_from_bytes(view.data(), &shape, kind).map_err(Error::torch(
            format!("reading {name} from {}", path.display()),
        ))?;
        tensors.insert(name, tensor);
    }
    Ok((tensors, contents.metadata))
}

/// Writes a safetensors file atomically, with a digest of its contents ([`safetensors_digest`]).
pub fn write_safetensors(path: &Path, tensors: &NamedTensors, metadata: &Metadata) -> Result<()> {
    let action = || format!("writing {}", path.display());
    let mut entries: Vec<(&String, Dtype, Vec<usize>, Vec<u8>)> = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let kind = tensor.kind();
        let dtype = dtype_of(kind).ok_or_else(|| {
            Error::file(
                path,
                format!("tensor {name} has the unsupported type {kind:?}"),
                "This is a bug: please report it.",
            )
        })?;
        let shape = tensor.size().iter().map(|&n| n as usize).collect();
        let plain = tensor
            .f_detach()
            .and_then(|t| t.f_to(Device::Cpu))
            .and_then(|t| t.f_contiguous())
            .map_err(Error::torch(action()))?;
        let mut data = vec![0; plain.numel() * kind.elt_size_in_bytes()];
        plain
            .f_copy_data_u8(&mut data, plain.numel())
            .map_err(Error::torch(action()))?;
        entries.push((name, dtype, shape, data));
    }
    let stored = entries.iter().map(|(name, dtype, shape, data)| {
        let stored: Stored = (*dtype, shape, data);
        (name.as_str(), stored)
    });
    let digest = safetensors_digest::of(metadata, &stored.collect());
    let views: Result<Vec<_>, _> = entries
        .iter()
        .map(|(name, dtype, shape, data)| {
            TensorView::new(*dtype, shape.clone(), data).map(|view| (*name, view))
        })
        .collect();
    let mut metadata = metadata.clone();
    metadata.insert(safetensors_digest::KEY.to_owned(), digest);
    let bytes = views
        .and_then(|views| safetensors::serialize(views, None))
        .map_err(|error| Error::io("write", path)(std::io::Error::other(error)))?;
    let bytes = with_metadata(&bytes, &metadata)
        .ok_or_else(|| Error::io("write", path)(std::io::ErrorKind::InvalidData.into()))?;
    files::write_atomically(path, &bytes)
}

/// A safetensors file without metadata, with metadata added. The crate writes them in the random order of a hash map;
/// here they are sorted, so that files are reproducible. `None` for a malformed file.
fn with_metadata(file: &[u8], metadata: &Metadata) -> Option<Vec<u8>> {
    let (length, rest) = file.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, data) = rest.split_at_checked(length)?;
    let tensors = std::str::from_utf8(header)
        .ok()?
        .trim_end()
        .strip_prefix('{')?;
    let comma = if tensors == "}" { "" } else { "," };
    let metadata = serde_json::to_string(metadata).ok()?;
    let mut header = format!("{{\"__metadata__\":{metadata}{comma}{tensors}").into_bytes();
    // The data begin at a multiple of eight bytes, as the crate writes them.
    header.resize(header.len().next_multiple_of(8), b' ');
    let length = (header.len() as u64).to_le_bytes();
    Some([&length, header.as_slice(), data].concat())
}

/// Copies tensors to the CPU. Later training steps do not change the copies.
pub fn snapshot(tensors: &NamedTensors) -> NamedTensors {
    let copied = |tensor: &Tensor| tensor.detach().to_device(Device::Cpu).contiguous().copy();
    let named = |(name, tensor): (&String, &Tensor)| (name.clone(), copied(tensor));
    tensors.iter().map(named).collect()
}

/// The first tensor of floating-point numbers with a value that is NaN or infinite.
pub fn not_finite(tensors: &NamedTensors) -> Option<&str> {
    let is_finite = |tensor: &Tensor| {
        let floating = matches!(
            tensor.kind(),
            Kind::Float | Kind::Double | Kind::Half | Kind::BFloat16
        );
        !floating || tensor.isfinite().all().int64_value(&[]) == 1
    };
    let mut broken = tensors.iter().filter(|(_, tensor)| !is_finite(tensor));
    broken.next().map(|(name, _)| name.as_str())
}

/// The values of a tensor as f32, in row-major order.
pub fn to_floats(tensor: &Tensor) -> Result<Vec<f32>> {
    let failed = || Error::torch("reading a tensor's values");
    let plain = tensor
        .f_detach()
        .and_then(|t| t.f_to_device(Device::Cpu))
        .and_then(|t| t.f_to_kind(Kind::Float))
        .and_then(|t| t.f_contiguous())
        .map_err(failed())?;
    let mut values = vec![0.0; plain.numel()];
    plain
        .f_copy_data(&mut values, plain.numel())
        .map_err(failed())?;
    Ok(values)
}

const KINDS: [(Dtype, Kind); 7] = [
    (Dtype::F32, Kind::Float),
    (Dtype::F64, Kind::Double),
    (Dtype::F16, Kind::Half),
    (Dtype::BF16, Kind::BFloat16),
    (Dtype::I64, Kind::Int64),
    (Dtype::I32, Kind::Int),
    (Dtype::U8, Kind::Uint8),
];

fn kind_of(dtype: Dtype) -> Option<Kind> {
    KINDS
        .iter()
        .find(|(d, _)| *d == dtype)
        .map(|(_, kind)| *kind)
}

fn dtype_of(kind: Kind) -> Option<Dtype> {
    KINDS
        .iter()
        .find(|(_, k)| *k == kind)
        .map(|(dtype, _)| *dtype)
}
