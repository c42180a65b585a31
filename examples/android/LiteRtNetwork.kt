import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel

/** model.tflite, model-fp16.tflite or model-int8.tflite in LiteRT, on `Accelerator.CPU` or `Accelerator.GPU`. */
class LiteRtNetwork(path: String, accelerator: Accelerator) : AutoCloseable {
    private val model = CompiledModel.create(path, CompiledModel.Options(accelerator))
    private val image = model.createInputBuffer("image")
    private val probabilities = model.createOutputBuffer("probabilities")
    private val logits = model.createOutputBuffer("logits")

    /** The probabilities, in the order of `classes` in model.json, of a prepared photograph. */
    fun run(prepared: ByteArray): FloatArray {
        // LiteRT's files take colours interleaved, as the photograph has them.
        image.writeFloat(FloatArray(prepared.size) { (prepared[it].toInt() and 0xff) / 255f })
        model.run(mapOf("image" to image), mapOf("probabilities" to probabilities, "logits" to logits))
        return probabilities.readFloat()
    }

    override fun close() {
        listOf(image, probabilities, logits).forEach { it.close() }
        model.close()
    }
}
