import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtSession
import java.nio.FloatBuffer

/** model.onnx, model-fp16.onnx or model-int8.onnx in ONNX Runtime. Open it once, and run it for every photograph. */
class OnnxNetwork(path: String, private val size: Int, threads: Int, xnnpack: Boolean) : AutoCloseable {
    private val environment = OrtEnvironment.getEnvironment()
    private val session: OrtSession

    init {
        val options = OrtSession.SessionOptions()
        if (xnnpack) {
            // XNNPACK has threads of its own, which those of ONNX Runtime would only get in the way of.
            options.addXnnpack(mapOf("intra_op_num_threads" to threads.toString()))
            options.addConfigEntry("session.intra_op.allow_spinning", "0")
            options.setIntraOpNumThreads(1)
        } else {
            options.setIntraOpNumThreads(threads)
        }
        session = environment.createSession(path, options)
    }

    /** The probabilities, in the order of `classes` in model.json, of a prepared photograph. */
    fun run(prepared: ByteArray): FloatArray {
        val plane = size * size
        val image = FloatBuffer.allocate(3 * plane)
        for (colour in 0 until 3) for (pixel in 0 until plane) {
            image.put((prepared[3 * pixel + colour].toInt() and 0xff) / 255f)
        }
        image.rewind()
        val shape = longArrayOf(1, 3, size.toLong(), size.toLong())
        OnnxTensor.createTensor(environment, image, shape).use { tensor ->
            session.run(mapOf("image" to tensor), setOf("probabilities")).use { answer ->
                val probabilities = (answer.get(0) as OnnxTensor).floatBuffer
                return FloatArray(probabilities.remaining()) { probabilities.get() }
            }
        }
    }

    override fun close() = session.close()
}
