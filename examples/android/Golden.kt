import kotlin.math.abs
import org.json.JSONObject

/**
 * Runs the golden vectors of an export, and returns what differs: nothing, if this device prepares and computes as it
 * should. `model` and `golden` are model.json and golden.json, `decode` reads a picture by its name in golden.json,
 * `run` is the network of the given `format`.
 */
fun checkGolden(
    model: JSONObject, golden: JSONObject, format: String, decode: (String) -> Rgb, run: (ByteArray) -> FloatArray,
): List<String> {
    val resize = model.getJSONObject("resize")
    require(!resize.has("colour")) { "this code does not know the colour rule ${resize.getString("colour")}" }
    val files = model.getJSONArray("files")
    val file = (0 until files.length()).map { files.getJSONObject(it) }.first { it.getString("format") == format }
    require(file.getJSONObject("input").getString("dtype") == "float32") { "this code gives float32 in 0 to 1" }
    val tolerance = golden.getJSONObject("tolerance")
    val wrong = mutableListOf<String>()
    val images = golden.getJSONArray("images")
    for (number in 0 until images.length()) {
        val image = images.getJSONObject(number)
        val name = image.getString("file")
        val expected = decode(image.getJSONObject("prepared").getString("file")).bytes
        val prepared = prepare(decode(name), resize.getInt("size"), resize.getString("fit"))
        val levels = expected.indices.maxOf { abs((expected[it].toInt() and 0xff) - (prepared[it].toInt() and 0xff)) }
        if (levels > tolerance.getInt("prepared")) wrong += "$name: prepared $levels levels off"

        val probabilities = image.getJSONObject("probabilities").getJSONArray(format)
        val answer = run(expected) // of the golden bytes, so that each step is judged by itself
        val off = answer.indices.maxOf { abs(answer[it] - probabilities.getDouble(it)) }
        val most = tolerance.getJSONObject("probabilities").getDouble(format)
        if (off.isNaN() || off > most) wrong += "$name: a probability is $off off"
    }
    return wrong
}
