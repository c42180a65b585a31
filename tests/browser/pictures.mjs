// Pictures that only a browser can make here: JPEGs, small, huge and lying on their side.
import { writeFileSync } from "node:fs";

/** Draws a lesion of `width × height` pixels, turned by quarter turns to the left, and keeps it as a JPEG file. */
export async function drawJpeg(page, path, { width, height, turned = 0, orientation = 1 }) {
  const base64 = await page.evaluate(async ({ width, height, turned }) => {
    const sideways = turned % 2 === 1;
    const canvas = new OffscreenCanvas(sideways ? height : width, sideways ? width : height);
    const context = canvas.getContext("2d");
    context.translate(canvas.width / 2, canvas.height / 2);
    context.rotate((-turned * Math.PI) / 2);
    context.translate(-width / 2, -height / 2);
    const blot = (x, y, radius, colour) => {
      const shade = context.createRadialGradient(x * width, y * height, 0, x * width, y * height, radius * height);
      shade.addColorStop(0, colour);
      shade.addColorStop(0.8, colour);
      shade.addColorStop(1, "transparent");
      context.fillStyle = shade;
      context.fillRect(0, 0, width, height);
    };
    context.fillStyle = "#d9a58c";
    context.fillRect(0, 0, width, height);
    // Nothing is symmetrical, so that a wrong turn shows.
    blot(0.42, 0.4, 0.3, "#7a4630");
    blot(0.55, 0.55, 0.22, "#4b2719");
    blot(0.35, 0.62, 0.12, "#9a6a70");
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 1 });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(text);
  }, { width, height, turned });
  const jpeg = Buffer.from(base64, "base64");
  writeFileSync(path, orientation === 1 ? jpeg : withOrientation(jpeg, orientation));
}

/** Puts an EXIF block that says nothing but the orientation behind the JPEG's first marker. */
function withOrientation(jpeg, orientation) {
  const exif = Buffer.from([...Buffer.from("Exif\0\0II*\0"), 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
  const length = exif.length + 2;
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1, length >> 8, length & 255]), exif, jpeg.subarray(2)]);
}
