import Foundation

/// The name that the network gives, and all names with their probabilities, likeliest first.
struct Answer {
    let named: String
    let names: [(name: String, probability: Float)]
}

/// An export folder at work, as it lies in the app's bundle.
final class Classifier {
    private let model: Model
    private let network: OnnxNetwork

    init(folder: URL) throws {
        model = try JSONDecoder().decode(Model.self, from: Data(contentsOf: folder.appendingPathComponent("model.json")))
        let path = folder.appendingPathComponent("model.onnx").path
        network = try OnnxNetwork(path: path, size: model.resize.size, threads: 2, coreML: false)
    }

    /// To be shown wherever a person reads an answer.
    var disclaimer: String { model.disclaimer }

    /// Takes a while: not for the thread that draws.
    func classify(_ photo: Rgb) throws -> Answer {
        let probabilities = try network.run(prepare(photo, size: model.resize.size, fit: model.resize.fit))
        let names = zip(model.classes, probabilities).map { (name: $0.name, probability: $1) }
        let named = names[model.decide(probabilities)].name
        return Answer(named: named, names: names.sorted { $0.probability > $1.probability })
    }
}
