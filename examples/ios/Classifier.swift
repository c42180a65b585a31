import Foundation

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

    /// Names with their probabilities, likeliest first. Takes a while: not for the thread that draws.
    func classify(_ photo: Rgb) throws -> [(name: String, probability: Float)] {
        let probabilities = try network.run(prepare(photo, size: model.resize.size, fit: model.resize.fit))
        let named = zip(model.classes, probabilities).map { (name: $0.name, probability: $1) }
        return named.sorted { $0.probability > $1.probability }
    }
}
