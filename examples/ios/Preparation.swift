/// A picture as bytes: rows first, red, green and blue interleaved.
struct Rgb {
    let width: Int
    let height: Int
    let bytes: [UInt8]
}

/// A photograph as the network sees it: size × size × 3 bytes. `size` and `fit` stand in model.json under `resize`.
func prepare(_ photo: Rgb, size: Int, fit: String) -> [UInt8] {
    let whole = fit == "crop" ? centredSquare(photo) : photo
    let low = resample(whole.bytes, outer: 1, old: whole.height, inner: 3 * whole.width, new: size) // heights first
    return resample(low, outer: size, old: whole.width, inner: 3, new: size)
}

/// The largest centred square, left and top rounded down.
private func centredSquare(_ photo: Rgb) -> Rgb {
    let side = min(photo.width, photo.height)
    let left = (photo.width - side) / 2
    let top = (photo.height - side) / 2
    var bytes: [UInt8] = []
    for y in top..<(top + side) {
        let from = (y * photo.width + left) * 3
        bytes += photo.bytes[from..<(from + side * 3)]
    }
    return Rgb(width: side, height: side, bytes: bytes)
}

/// Brings one dimension of outer × old × inner bytes to `new`, by a triangle as wide as the reduction. The weights are
/// 15-bit integers and each sum is rounded to 8 bits, so every device gets the same bytes.
private func resample(_ source: [UInt8], outer: Int, old: Int, inner: Int, new: Int) -> [UInt8] {
    let scale = Double(old) / Double(new)
    let radius = max(scale, 1)
    let starts = (0..<new).map { max(Int(((Double($0) + 0.5) * scale - radius).rounded(.down)), 0) }
    let shares = (0..<new).map { (at: Int) -> [Double] in
        let centre = (Double(at) + 0.5) * scale
        let end = min(Int((centre + radius).rounded(.up)), old)
        let heights = (starts[at]..<end).map { max(0, 1 - abs((Double($0) - (centre - 0.5)) * (1 / radius))) }
        let sum = heights.reduce(0, +)
        return heights.map { $0 / sum }
    }
    let largest = shares.joined().max() ?? 0
    var bits = 0
    while bits < 21 && (largest * Double(1 << (bits + 1))).rounded() < Double(1 << 15) { bits += 1 }
    let weights = shares.map { all in all.map { Int(($0 * Double(1 << bits)).rounded()) } }

    var target = [UInt8](repeating: 0, count: outer * new * inner)
    for block in 0..<outer {
        for at in 0..<new {
            for one in 0..<inner {
                var sum = 1 << (bits - 1)
                var from = (block * old + starts[at]) * inner + one
                for weight in weights[at] {
                    sum += weight * Int(source[from])
                    from += inner
                }
                target[(block * new + at) * inner + one] = UInt8(min(max(sum >> bits, 0), 255))
            }
        }
    }
    return target
}
