import Foundation
import TensorFlowLite // the pod TensorFlowLiteSwift, with the subspec Metal for the GPU

/// model.tflite, model-fp16.tflite or model-int8.tflite in LiteRT's interpreter, on the CPU or, with Metal, the GPU.
final class LiteRtNetwork {
    private let interpreter: Interpreter

    init(path: String, threads: Int, metal: Bool) throws {
        var options = Interpreter.Options()
        options.threadCount = threads
        interpreter = try Interpreter(modelPath: path, options: options, delegates: metal ? [MetalDelegate()] : nil)
        try interpreter.allocateTensors()
    }

    /// The probabilities, in the order of `classes` in model.json, of a prepared photograph.
    func run(_ prepared: [UInt8]) throws -> [Float] {
        // LiteRT's files take colours interleaved, as the photograph has them.
        let image = prepared.map { Float($0) / 255 }
        try interpreter.copy(image.withUnsafeBytes { Data($0) }, toInputAt: 0)
        try interpreter.invoke()
        return try interpreter.output(at: 0).data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
}
