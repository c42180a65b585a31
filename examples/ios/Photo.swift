import UIKit

/// Decodes a JPEG or PNG whole and turns it as its EXIF orientation says.
func decode(_ file: Data) -> Rgb? {
    guard let image = UIImage(data: file), let pixels = image.cgImage else { return nil }
    let turned = [.left, .leftMirrored, .right, .rightMirrored].contains(image.imageOrientation)
    let width = turned ? pixels.height : pixels.width
    let height = turned ? pixels.width : pixels.height
    var rgba = [UInt8](repeating: 0, count: width * height * 4)
    let drawn = rgba.withUnsafeMutableBytes { bytes -> Bool in
        guard let context = CGContext(
            data: bytes.baseAddress, width: width, height: height, bitsPerComponent: 8, bytesPerRow: width * 4,
            space: CGColorSpace(name: CGColorSpace.sRGB)!, bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue
        ) else { return false }
        context.translateBy(x: 0, y: CGFloat(height)) // UIKit's rows go down, Core Graphics' go up
        context.scaleBy(x: 1, y: -1)
        UIGraphicsPushContext(context)
        image.draw(in: CGRect(x: 0, y: 0, width: width, height: height)) // as large as it is: nothing is resampled
        UIGraphicsPopContext()
        return true
    }
    guard drawn else { return nil }
    let rgb = (0..<(width * height * 3)).map { rgba[$0 / 3 * 4 + $0 % 3] }
    return Rgb(width: width, height: height, bytes: rgb)
}
