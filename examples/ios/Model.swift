import Foundation

/// What this code needs of model.json.
struct Model: Decodable {
    struct Class: Decodable { let name: String }
    struct Decisions: Decodable {
        struct Rule: Decodable { let offsets: [Double] }

        let `default`: String
        let likeliest: Rule
        let balanced: Rule?
    }
    struct File: Decodable {
        struct Input: Decodable { let dtype: String }

        let format: String
        let input: Input
    }
    struct Resize: Decodable {
        let size: Int
        let fit: String
        let colour: String?
    }

    let disclaimer: String
    let classes: [Class]
    /// None before version 3.
    let decisions: Decisions?
    let files: [File]
    let resize: Resize

    /// The place of the class with the largest ln p + offset; without offsets, of the likeliest. Of equals, the first.
    func decide(_ probabilities: [Float]) -> Int {
        let rule = decisions?.default == "balanced" ? decisions?.balanced : decisions?.likeliest
        let offsets = rule?.offsets ?? probabilities.map { _ in 0 }
        let scores = zip(probabilities, offsets).map { log(max(Double($0), .leastNonzeroMagnitude)) + $1 }
        return scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
    }
}
