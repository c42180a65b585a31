//! Helpers for writing FlatBuffers tables by slot.

use flatbuffers::{FlatBufferBuilder, Push, PushAlignment, TableFinishedWIPOffset, WIPOffset};

use crate::artifact::tflite::schema::ALIGNMENT;

/// A file under construction. FlatBuffers are written back to front: referenced objects are written first.
pub type Builder = FlatBufferBuilder<'static>;

/// A written table.
pub type Table = WIPOffset<TableFinishedWIPOffset>;

/// A written vector of tables.
pub type Tables =
    WIPOffset<flatbuffers::Vector<'static, flatbuffers::ForwardsUOffset<TableFinishedWIPOffset>>>;

/// Writes a table whose fields `fill` sets.
pub fn table(builder: &mut Builder, fill: impl FnOnce(&mut Builder)) -> Table {
    let start = builder.start_table();
    fill(builder);
    builder.end_table(start)
}

/// A byte of a vector that is aligned to [`ALIGNMENT`].
struct AlignedByte(u8);

impl Push for AlignedByte {
    type Output = Self;

    unsafe fn push(&self, place: &mut [u8], _written: usize) {
        place[0] = self.0;
    }

    fn alignment() -> PushAlignment {
        PushAlignment::new(ALIGNMENT)
    }
}

/// Writes bytes as a vector that is aligned to [`ALIGNMENT`].
pub fn aligned_bytes(
    builder: &mut Builder,
    bytes: &[u8],
) -> WIPOffset<flatbuffers::Vector<'static, u8>> {
    let bytes: Vec<AlignedByte> = bytes.iter().map(|&byte| AlignedByte(byte)).collect();
    WIPOffset::new(builder.create_vector(&bytes).value())
}
