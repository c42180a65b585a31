//! Small helpers around the flatbuffers crate, for tables that are written by their slots.

use flatbuffers::{FlatBufferBuilder, Push, PushAlignment, TableFinishedWIPOffset, WIPOffset};

use crate::artifact::tflite::schema::ALIGNMENT;

/// A file under construction. FlatBuffers are written from the end: what a table refers to comes first.
pub type Builder = FlatBufferBuilder<'static>;

/// A table that is written.
pub type Table = WIPOffset<TableFinishedWIPOffset>;

/// A list of tables that is written.
pub type Tables =
    WIPOffset<flatbuffers::Vector<'static, flatbuffers::ForwardsUOffset<TableFinishedWIPOffset>>>;

/// Writes a table, whose fields `fill` puts into their slots.
pub fn table(builder: &mut Builder, fill: impl FnOnce(&mut Builder)) -> Table {
    let start = builder.start_table();
    fill(builder);
    builder.end_table(start)
}

/// A byte of a list that begins at a multiple of [`ALIGNMENT`].
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

/// Writes bytes as a list that begins at a multiple of [`ALIGNMENT`].
pub fn aligned_bytes(
    builder: &mut Builder,
    bytes: &[u8],
) -> WIPOffset<flatbuffers::Vector<'static, u8>> {
    let bytes: Vec<AlignedByte> = bytes.iter().map(|&byte| AlignedByte(byte)).collect();
    WIPOffset::new(builder.create_vector(&bytes).value())
}
