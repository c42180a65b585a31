import Foundation
import OnnxRuntimeBindings // the Swift package; with CocoaPods: import onnxruntime_objc

/// model.onnx, model-fp16.onnx or model-int8.onnx in ONNX Runtime. Open it once, and run it for every photograph.
final class OnnxNetwork {
    private let environment: ORTEnv
    private let session: ORTSession
    private let size: Int

    /// `coreML` runs it where Core ML thinks best (GPU, Neural Engine), which computes in half precision.
    init(path: String, size: Int, threads: Int32, coreML: Bool) throws {
        environment = try ORTEnv(loggingLevel: .warning)
        let options = try ORTSessionOptions()
        try options.setIntraOpNumThreads(threads)
        if coreML && ORTIsCoreMLExecutionProviderAvailable() {
            try options.appendCoreMLExecutionProvider(withOptionsV2: ["ModelFormat": "MLProgram", "MLComputeUnits": "ALL"])
        }
        session = try ORTSession(env: environment, modelPath: path, sessionOptions: options)
        self.size = size
    }

    /// The probabilities, in the order of `classes` in model.json, of a prepared photograph.
    func run(_ prepared: [UInt8]) throws -> [Float] {
        let plane = size * size
        var image = [Float](repeating: 0, count: 3 * plane)
        for colour in 0..<3 {
            for pixel in 0..<plane {
                image[colour * plane + pixel] = Float(prepared[3 * pixel + colour]) / 255
            }
        }
        let data = image.withUnsafeBytes { NSMutableData(bytes: $0.baseAddress!, length: $0.count) }
        let shape = [1, 3, size, size].map { NSNumber(value: $0) }
        let tensor = try ORTValue(tensorData: data, elementType: .float, shape: shape)
        let answer = try session.run(withInputs: ["image": tensor], outputNames: ["probabilities"], runOptions: nil)
        let bytes = try answer["probabilities"]!.tensorData() as Data
        return bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
}
