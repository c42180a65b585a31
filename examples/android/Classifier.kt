import java.io.File
import kotlin.math.ln
import kotlin.math.max
import org.json.JSONArray
import org.json.JSONObject

/** The name that the network gives, and all names with their probabilities, likeliest first. */
class Answer(val named: String, val names: List<Pair<String, Float>>)

/** An export folder at work. An app copies it from its assets to its files, as ONNX Runtime reads it from there. */
class Classifier(folder: File) : AutoCloseable {
    private val model = JSONObject(folder.resolve("model.json").readText())
    private val size = model.getJSONObject("resize").getInt("size")
    private val fit = model.getJSONObject("resize").getString("fit")
    private val classes = model.getJSONArray("classes").let { all -> List(all.length()) { all.getJSONObject(it) } }
    private val decision = model.optJSONObject("decisions")?.let { it.getJSONObject(it.getString("default")) }
    private val offsets = decision?.getJSONArray("offsets") // null before version 3
    private val network = OnnxNetwork(folder.resolve("model.onnx").path, size, threads = 2, xnnpack = false)

    /** To be shown wherever a person reads an answer. */
    val disclaimer: String = model.getString("disclaimer")

    /** Takes a while: not for the thread that draws. */
    fun classify(photo: Rgb): Answer {
        val probabilities = network.run(prepare(photo, size, fit))
        val names = classes.indices.map { classes[it].getString("name") to probabilities[it] }
        return Answer(names[decide(probabilities, offsets)].first, names.sortedByDescending { it.second })
    }

    override fun close() = network.close()
}

/** The place of the class with the largest ln p + offset, the first of equals; without offsets, of the likeliest. */
fun decide(probabilities: FloatArray, offsets: JSONArray?): Int = probabilities.indices.maxBy {
    ln(max(probabilities[it].toDouble(), Double.MIN_VALUE)) + (offsets?.getDouble(it) ?: 0.0)
}
