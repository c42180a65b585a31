import android.graphics.Bitmap
import android.graphics.ImageDecoder
import java.nio.ByteBuffer

/** Decodes a JPEG or PNG whole and turns it as its EXIF orientation says (Android 9 and later). */
fun decode(source: ImageDecoder.Source): Rgb {
    val bitmap = ImageDecoder.decodeBitmap(source) { decoder, _, _ ->
        decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // pixels that can be read
        decoder.isUnpremultipliedRequired = true
    }.let { if (it.config == Bitmap.Config.ARGB_8888) it else it.copy(Bitmap.Config.ARGB_8888, false) }
    val rgba = ByteArray(bitmap.byteCount)
    bitmap.copyPixelsToBuffer(ByteBuffer.wrap(rgba)) // red, green, blue, alpha; the values of the file
    val rgb = ByteArray(bitmap.width * bitmap.height * 3) { rgba[it / 3 * 4 + it % 3] }
    return Rgb(bitmap.width, bitmap.height, rgb)
}
