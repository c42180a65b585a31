import Foundation

/// golden.json.
struct Golden: Decodable {
    struct Image: Decodable {
        struct Prepared: Decodable { let file: String }

        let file: String
        let prepared: Prepared
        let probabilities: [String: [Double]]
    }

    struct Tolerance: Decodable {
        let prepared: Int
        let probabilities: [String: Double]
    }

    let images: [Image]
    let tolerance: Tolerance
}

/// Runs the golden vectors of an export, and returns what differs: nothing, if this device prepares and computes as it
/// should. `decode` reads a picture by its name in golden.json, `run` is the network of the given `format`.
func checkGolden(
    _ golden: Golden, model: Model, format: String, decode: (String) throws -> Rgb, run: ([UInt8]) throws -> [Float]
) throws -> [String] {
    precondition(model.resize.colour == nil, "this code does not know the colour rule")
    let file = model.files.first { $0.format == format }
    precondition(file?.input.dtype == "float32", "this code gives float32 in 0 to 1")
    var wrong: [String] = []
    for image in golden.images {
        let expected = try decode(image.prepared.file).bytes
        let prepared = prepare(try decode(image.file), size: model.resize.size, fit: model.resize.fit)
        let levels = zip(expected, prepared).map { abs(Int($0) - Int($1)) }.max() ?? 0
        if levels > golden.tolerance.prepared { wrong.append("\(image.file): prepared \(levels) levels off") }

        guard let probabilities = image.probabilities[format] else {
            wrong.append("\(image.file): no probabilities of \(format)")
            continue
        }
        let answer = try run(expected) // of the golden bytes, so that each step is judged by itself
        let off = zip(answer, probabilities).map { abs(Double($0) - $1) }.max() ?? .infinity
        if !(off <= golden.tolerance.probabilities[format] ?? 0) { wrong.append("\(image.file): a probability is \(off) off") }
    }
    return wrong
}
