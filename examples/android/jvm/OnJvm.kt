import java.io.File
import javax.imageio.ImageIO
import kotlin.system.exitProcess
import org.json.JSONObject

/** Checks the golden vectors of an export folder on a computer: `OnJvmKt EXPORT FORMAT`. */
fun main(arguments: Array<String>) {
    val folder = File(arguments[0])
    val format = arguments[1]
    val model = JSONObject(folder.resolve("model.json").readText())
    val golden = JSONObject(folder.resolve("golden.json").readText())
    val files = model.getJSONArray("files")
    val file = (0 until files.length()).map { files.getJSONObject(it) }.first { it.getString("format") == format }
    val size = model.getJSONObject("resize").getInt("size")
    val wrong = OnnxNetwork(folder.resolve(file.getString("file")).path, size, 1, xnnpack = false).use { network ->
        checkGolden(model, golden, format, { decode(folder.resolve(it)) }, network::run)
    }
    wrong.forEach(::println)
    println("${golden.getJSONArray("images").length()} golden images, ${wrong.size} differences")
    if (wrong.isNotEmpty()) exitProcess(1)
}

private fun decode(file: File): Rgb {
    val image = ImageIO.read(file)
    val pixels = image.getRGB(0, 0, image.width, image.height, null, 0, image.width)
    return Rgb(image.width, image.height, ByteArray(pixels.size * 3) { (pixels[it / 3] shr (16 - it % 3 * 8)).toByte() })
}
