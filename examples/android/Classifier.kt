import java.io.File
import org.json.JSONObject

/** An export folder at work. An app copies it from its assets to its files, as ONNX Runtime reads it from there. */
class Classifier(folder: File) : AutoCloseable {
    private val model = JSONObject(folder.resolve("model.json").readText())
    private val size = model.getJSONObject("resize").getInt("size")
    private val fit = model.getJSONObject("resize").getString("fit")
    private val classes = model.getJSONArray("classes").let { all -> List(all.length()) { all.getJSONObject(it) } }
    private val network = OnnxNetwork(folder.resolve("model.onnx").path, size, threads = 2, xnnpack = false)

    /** To be shown wherever a person reads an answer. */
    val disclaimer: String = model.getString("disclaimer")

    /** Names with their probabilities, likeliest first. Takes a while: not for the thread that draws. */
    fun classify(photo: Rgb): List<Pair<String, Float>> {
        val probabilities = network.run(prepare(photo, size, fit))
        return classes.indices.map { classes[it].getString("name") to probabilities[it] }.sortedByDescending { it.second }
    }

    override fun close() = network.close()
}
