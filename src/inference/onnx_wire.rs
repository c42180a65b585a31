//! A check of the bytes of an ONNX file before rten parses them: rten reads a number of more than ten bytes for ever,
//! and follows nested messages as deep as they go.
//!
//! The encoding is that of Protocol Buffers (<https://protobuf.dev/programming-guides/encoding/>), the messages those
//! of `onnx.proto`.

use std::collections::BTreeSet;

/// The deepest nesting of messages: a model, graph, node, attribute and tensor are five.
const MAX_DEPTH: usize = 16;

/// The longest number: ten bytes of seven bits.
const MAX_VARINT: usize = 10;

/// The messages of ONNX that rten reads.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    /// A message without messages in it.
    Flat,
}

/// What the bytes of a field are, in a message of a kind.
enum Content {
    Message(Message),
    /// Numbers one after the other.
    Packed,
    /// Text or data, of any bytes.
    Bytes,
    /// Where a tensor's data lie outside the file.
    External,
}

impl Message {
    fn content(self, field: u64) -> Content {
        match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6) => Content::Message(Self::Graph),
            (Self::Model, 8 | 14) | (Self::Shape, 1) => Content::Message(Self::Flat),
            (Self::Graph, 1) => Content::Message(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5) => Content::Message(Self::Tensor),
            (Self::Graph, 11..=13) => Content::Message(Self::ValueInfo),
            (Self::Node, 5) => Content::Message(Self::Attribute),
            (Self::ValueInfo, 2) => Content::Message(Self::Type),
            (Self::Type, 1) => Content::Message(Self::TensorType),
            (Self::TensorType, 2) => Content::Message(Self::Shape),
            (Self::Tensor, 1 | 5 | 7) | (Self::Attribute, 8) => Content::Packed,
            (Self::Tensor, 13) => Content::External,
            _ => Content::Bytes,
        }
    }
}

/// Checks a file; the error says what is wrong with it.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let mut keys = BTreeSet::new();
    walk(bytes, Message::Model, 0, &mut keys)
}

/// Checks the fields of a message. `keys` are those of the model's metadata so far.
fn walk<'a>(
    mut rest: &'a [u8],
    message: Message,
    depth: usize,
    keys: &mut BTreeSet<&'a [u8]>,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!(
            "its messages are nested more than {MAX_DEPTH} deep"
        ));
    }
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let field = tag >> 3;
        match tag & 7 {
            0 => drop(varint(&mut rest)?),
            1 => drop(take(&mut rest, 8)?),
            5 => drop(take(&mut rest, 4)?),
            2 => {
                let length = varint(&mut rest)?;
                let data = take(&mut rest, length)?;
                match message.content(field) {
                    Content::Message(inner) => {
                        if let (Message::Model, 14) = (message, field)
                            && !keys.insert(key(data)?)
                        {
                            return Err("a key of its metadata occurs twice".to_owned());
                        }
                        walk(data, inner, depth + 1, keys)?;
                    }
                    Content::Packed => numbers(data)?,
                    Content::Bytes => {}
                    Content::External => return Err("its constants are in other files".to_owned()),
                }
            }
            kind => return Err(format!("it has a field of the unknown kind {kind}")),
        }
    }
    Ok(())
}

/// The key of an entry of the metadata, its field 1.
fn key(mut entry: &[u8]) -> Result<&[u8], String> {
    match varint(&mut entry)? {
        0x0a => {
            let length = varint(&mut entry)?;
            take(&mut entry, length)
        }
        _ => Err("an entry of its metadata begins without a key".to_owned()),
    }
}

fn numbers(mut data: &[u8]) -> Result<(), String> {
    while !data.is_empty() {
        varint(&mut data)?;
    }
    Ok(())
}

fn varint(rest: &mut &[u8]) -> Result<u64, String> {
    let mut number = 0u64;
    for place in 0..MAX_VARINT {
        let (&byte, after) = rest.split_first().ok_or(ENDS)?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err("it has a number of more than ten bytes".to_owned())
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    let length = usize::try_from(length)
        .ok()
        .filter(|&length| length <= rest.len());
    let (taken, after) = rest.split_at(length.ok_or(ENDS)?);
    *rest = after;
    Ok(taken)
}

const ENDS: &str = "it ends within a field";

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of bytes.
    fn field(number: u8, data: &[u8]) -> Vec<u8> {
        let mut all = vec![number << 3 | 2];
        let mut length = data.len();
        while length > 127 {
            all.push(length as u8 | 128);
            length >>= 7;
        }
        all.push(length as u8);
        [all, data.to_vec()].concat()
    }

    #[test]
    fn numbers_without_end_are_found_at_every_depth() {
        let endless = [0xff; 11];
        assert!(check(&endless).is_err());
        let tensor = field(1, &endless);
        for bytes in [
            field(7, &endless),
            field(7, &field(5, &tensor)),
            field(7, &field(1, &field(5, &field(5, &tensor)))),
            field(
                7,
                &field(11, &field(2, &field(1, &field(2, &field(1, &endless))))),
            ),
        ] {
            assert!(check(&bytes).unwrap_err().contains("more than ten bytes"));
        }
        // Of text and data any bytes are right.
        assert_eq!(check(&field(7, &field(5, &field(9, &endless)))), Ok(()));
    }

    #[test]
    fn deep_graphs_cut_files_and_constants_elsewhere_are_refused() {
        let mut deep = Vec::new();
        for _ in 0..3000 {
            deep = field(5, &field(6, &field(1, &deep)));
        }
        assert!(check(&field(7, &field(1, &deep))).is_err());
        let sound = field(7, &field(1, &field(3, b"name")));
        assert_eq!(check(&sound), Ok(()));
        for length in 1..sound.len() {
            assert!(check(&sound[..length]).is_err(), "cut to {length}");
        }
        let elsewhere = field(7, &field(5, &field(13, b"")));
        assert!(check(&elsewhere).unwrap_err().contains("other files"));
        let entry = field(14, &[field(1, b"k"), field(2, b"v")].concat());
        assert_eq!(check(&entry), Ok(()));
        assert!(
            check(&[entry.clone(), entry].concat())
                .unwrap_err()
                .contains("twice")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_checked_without_panic(bytes in proptest::collection::vec(0u8.., 0..300)) {
            let _ = check(&bytes);
        }
    }
}
