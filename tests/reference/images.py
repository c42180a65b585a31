#!/usr/bin/env python3
"""Makes the pictures in tests/reference/images with Pillow (13.0), against which src/imaging is tested.

    pip install pillow && python3 tests/reference/images.py

photo.png               a drawn photograph, 61×47: smooth colours, sharp edges, noise
photo_stretch_24.png    resized to 24×24 by Pillow's BILINEAR, which is antialiased
photo_crop_24.png       the centred 47×47 (7 pixels off the left) resized to 24×24
photo_stretch_96.png    enlarged to 96×96
cmyk.jpg, cmyk.png      four coloured squares as a CMYK JPEG (Adobe's inverted form) and as RGB
ycck.jpg                the same as YCCK, Photoshop's usual form: see below
palette.png, palette_rgb.png   16 colours with a palette, and the same as RGB
"""

import random
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent / "images"
random.seed(2018)


def photo() -> Image.Image:
    image = Image.new("RGB", (61, 47))
    for x in range(61):
        for y in range(47):
            inside = (x - 28) ** 2 + (y - 22) ** 2 < 150
            base = (110, 60, 50) if inside else (200 + x // 2, 150 + y, 140)
            if x % 13 == 0:
                base = (20, 15, 10)  # a hair
            image.putpixel((x, y), tuple(min(255, max(0, c + random.randint(-12, 12))) for c in base))
    return image


def save(image: Image.Image, name: str, **options) -> None:
    image.save(HERE / name, **options)


image = photo()
save(image, "photo.png")
save(image.resize((24, 24), Image.Resampling.BILINEAR), "photo_stretch_24.png")
save(image.crop((7, 0, 54, 47)).resize((24, 24), Image.Resampling.BILINEAR), "photo_crop_24.png")
save(image.resize((96, 96), Image.Resampling.BILINEAR), "photo_stretch_96.png")

squares = Image.new("RGB", (32, 32))
for (x, y), colour in {(0, 0): (190, 30, 40), (16, 0): (40, 150, 60), (0, 16): (30, 50, 170), (16, 16): (128, 120, 110)}.items():
    squares.paste(colour, (x, y, x + 16, y + 16))
cmyk = squares.convert("CMYK")
# Some black, so that K is not zero everywhere as Pillow's conversion leaves it.
cmyk = Image.merge("CMYK", [*cmyk.split()[:3], Image.new("L", (32, 32), 40)])
save(cmyk, "cmyk.jpg", quality=95)
save(Image.open(HERE / "cmyk.jpg").convert("RGB"), "cmyk.png")

# Pillow writes no YCCK, but the file differs from a CMYK one in the Adobe marker's last byte and in that the
# first three channels hold the YCbCr of (C, M, Y) where a CMYK file holds them inverted. As Pillow inverts
# what it writes, it is given them inverted.
c, m, y, k = cmyk.split()
invert = lambda channel: channel.point(lambda v: 255 - v)
ycc = Image.merge("RGB", [c, m, y]).convert("YCbCr").split()
ycck = Image.merge("CMYK", [*(invert(channel) for channel in ycc), k])
save(ycck, "ycck.jpg", quality=95)
data = bytearray((HERE / "ycck.jpg").read_bytes())
marker = data.index(b"Adobe")
assert data[marker + 11] == 0
data[marker + 11] = 2
(HERE / "ycck.jpg").write_bytes(data)
worst = max(
    abs(a - b)
    for a, b in zip(
        Image.open(HERE / "ycck.jpg").convert("RGB").tobytes(), Image.open(HERE / "cmyk.png").tobytes()
    )
)
print("YCCK against CMYK, as libjpeg reads both: differ by at most", worst)

palette = image.quantize(16)
save(palette, "palette.png")
save(palette.convert("RGB"), "palette_rgb.png")
