import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min
import kotlin.math.roundToInt

/** A picture as bytes: rows first, red, green and blue interleaved. */
class Rgb(val width: Int, val height: Int, val bytes: ByteArray)

/** A photograph as the network sees it: size × size × 3 bytes. `size` and `fit` stand in model.json under `resize`. */
fun prepare(photo: Rgb, size: Int, fit: String): ByteArray {
    val whole = if (fit == "crop") centredSquare(photo) else photo
    val low = resample(whole.bytes, 1, whole.height, 3 * whole.width, size) // heights first
    return resample(low, size, whole.width, 3, size)
}

/** The largest centred square, left and top rounded down. */
private fun centredSquare(photo: Rgb): Rgb {
    val side = min(photo.width, photo.height)
    val left = (photo.width - side) / 2
    val top = (photo.height - side) / 2
    val bytes = ByteArray(side * side * 3)
    for (y in 0 until side) {
        val from = ((top + y) * photo.width + left) * 3
        photo.bytes.copyInto(bytes, y * side * 3, from, from + side * 3)
    }
    return Rgb(side, side, bytes)
}

/**
 * Brings one dimension of outer × old × inner bytes to `new`, by a triangle as wide as the reduction. The weights are
 * 15-bit integers and each sum is rounded to 8 bits, so every device gets the same bytes.
 */
private fun resample(source: ByteArray, outer: Int, old: Int, inner: Int, new: Int): ByteArray {
    val scale = old.toDouble() / new
    val radius = max(scale, 1.0)
    val starts = IntArray(new) { max(floor((it + 0.5) * scale - radius).toInt(), 0) }
    val shares = Array(new) {
        val centre = (it + 0.5) * scale
        val end = min(ceil(centre + radius).toInt(), old)
        val heights = DoubleArray(end - starts[it]) { at ->
            max(0.0, 1 - abs((starts[it] + at - (centre - 0.5)) * (1 / radius)))
        }
        val sum = heights.sum()
        DoubleArray(heights.size) { at -> heights[at] / sum }
    }
    val largest = shares.maxOf { it.max() }
    var bits = 0
    while (bits < 21 && (largest * (1 shl (bits + 1))).roundToInt() < (1 shl 15)) bits++
    val weights = shares.map { all -> IntArray(all.size) { (all[it] * (1 shl bits)).roundToInt() } }

    val target = ByteArray(outer * new * inner)
    for (block in 0 until outer) for (at in 0 until new) for (one in 0 until inner) {
        var sum = 1 shl (bits - 1)
        var from = (block * old + starts[at]) * inner + one
        for (weight in weights[at]) {
            sum += weight * (source[from].toInt() and 0xff)
            from += inner
        }
        target[(block * new + at) * inner + one] = (sum shr bits).coerceIn(0, 255).toByte()
    }
    return target
}
