"""Photos from phones: checked, turned upright, made small enough to keep, and what the camera says of where and when.

What is kept is a JPEG of its own, so nothing else that a file may carry comes into the database or out of it again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from math import isfinite
from typing import Any

from PIL import ExifTags, Image, ImageOps

from dispatch.errors import DispatchError
from dispatch.squads import LOCAL

MAX_BYTES = 12_000_000  # what phones of today send stays below it
_MOST_PIXELS = 64_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")
_EDGE, _SMALL_EDGE = 1600, 240
_QUALITY = 80


class PhotoError(DispatchError):
    """A file that isn't a photo that can be kept."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo to keep: two JPEGs, the larger one's size in pixels, SHA-256 of the file that was sent.

    ``taken_at`` and the position in degrees (WGS 84) are the camera's; None where it says nothing that makes sense.
    """

    sha256: bytes
    image: bytes
    small: bytes
    width: int
    height: int
    taken_at: datetime | None
    longitude: float | None
    latitude: float | None


def read_photo(file: bytes) -> Photo:
    """Check and shrink a JPEG, PNG or WebP; takes up to a second of processor time. PhotoError when it is none."""
    if len(file) > MAX_BYTES:
        raise PhotoError(f"{len(file)} bytes, more than {MAX_BYTES}")
    try:
        with Image.open(BytesIO(file), formats=_FORMATS) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise PhotoError(f"{opened.width} x {opened.height} pixels, more than {_MOST_PIXELS}")
            exif = opened.getexif()
            opened.draft("RGB", (_EDGE, _EDGE))
            upright = ImageOps.exif_transpose(opened).convert("RGB")
        longitude, latitude = _position(exif.get_ifd(ExifTags.IFD.GPSInfo))
        taken_at = _taken_at(exif.get_ifd(ExifTags.IFD.Exif))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # all that Pillow raises
        raise PhotoError("not a JPEG, PNG or WebP that can be read") from error
    upright.thumbnail((_EDGE, _EDGE))
    width, height = upright.size
    image = _jpeg(upright)
    upright.thumbnail((_SMALL_EDGE, _SMALL_EDGE))
    return Photo(hashlib.sha256(file).digest(), image, _jpeg(upright), width, height, taken_at, longitude, latitude)


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _position(gps: Mapping[int, Any]) -> tuple[float | None, float | None]:
    try:
        longitude = _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef], "W")
        latitude = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef], "S")
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None, None
    known = abs(longitude) <= 180 and abs(latitude) <= 90 and (longitude, latitude) != (0.0, 0.0)
    return (longitude, latitude) if known else (None, None)


def _degrees(parts: Any, reference: str, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if not isfinite(value):
        raise ValueError("not a number")
    return -value if reference == negative else value


def _taken_at(tags: Mapping[int, Any]) -> datetime | None:
    """By the camera's clock; local time where it doesn't name its zone."""
    try:
        taken = datetime.strptime(str(tags[ExifTags.Base.DateTimeOriginal]).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        zone = str(tags.get(ExifTags.Base.OffsetTimeOriginal, "")).strip("\0 ")
        local = datetime.strptime(zone, "%z").tzinfo if zone else LOCAL
    except (KeyError, ValueError):
        return None
    at = taken.replace(tzinfo=local)
    return at if at.year > 1990 else None
