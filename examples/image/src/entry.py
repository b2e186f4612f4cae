"""An image made with Pillow: a badge that shows the text of the path."""

from io import BytesIO
from urllib.parse import unquote, urlsplit

from PIL import Image, ImageDraw, ImageFont
from workers import Response, WorkerEntrypoint


def badge(text):
    font = ImageFont.load_default(size=32)
    left, top, right, bottom = ImageDraw.Draw(Image.new("RGB", (1, 1))).textbbox(
        (0, 0), text, font=font
    )
    size = (int(right - left) + 48, int(bottom - top) + 32)
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), 16, fill=(246, 130, 31, 255))
    draw.text((24 - left, 16 - top), text, font=font, fill="white")
    encoded = BytesIO()
    image.save(encoded, "PNG")
    return encoded.getvalue()


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        text = unquote(urlsplit(request.url).path.strip("/")) or "pydo"
        return Response(badge(text), headers={"content-type": "image/png"})
