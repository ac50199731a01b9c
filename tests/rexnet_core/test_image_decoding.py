"""Image files as Pillow reads them: turned, scaled and named where they can't be read, without a word of Pillow's own.

Held of each kind: every orientation and EXIF blocks of any bytes; every mode of grey that Pillow reads from PNG and
TIFF; warnings of headers, of EXIF and of pixels, also where warnings are errors, and the library's log.
"""

import io
import logging
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from rexnet_core.errors import InputError
from rexnet_core.image_decoding import decode, lies_turned
from rexnet_core.preprocess import Preprocessing, load_as_published

UPRIGHT = Preprocessing(upright=True)
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@pytest.fixture
def photo():
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def same(one, other):
    return one.size == other.size and one.mode == other.mode and one.tobytes() == other.tobytes()


def exif(*entries, data=b"\0" * 8):
    """An EXIF block of one directory: tag, type, count and four bytes of each entry; then the data of one of two."""
    head = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(entries))
    body = b"".join(struct.pack(">HHL", *entry[:3]) + entry[3] for entry in entries)
    return head + body + b"\0\0\0\0" + data


ORIENTATION_6 = (0x0112, 3, 1, b"\0\x06\0\0")
RESOLUTION, MAKER, WIDTH, DATA = 0x011A, 0x010F, 0x0100, struct.pack(">L", 38)
#: Beside an orientation: what can't be written again, or not read at all.
TURNED = {
    "twice": exif((0x0112, 3, 2, b"\0\6\0\6")),
    "resolution -1 / 0": exif(ORIENTATION_6, (RESOLUTION, 10, 1, DATA), data=struct.pack(">ll", -1, 0)),
    "resolution -1 / 1": exif(ORIENTATION_6, (RESOLUTION, 10, 1, DATA), data=struct.pack(">ll", -1, 1)),
    "resolution 1 / 0": exif(ORIENTATION_6, (RESOLUTION, 5, 1, DATA), data=struct.pack(">ll", 1, 0)),
    "no number": exif(ORIENTATION_6, (RESOLUTION, 11, 1, struct.pack(">f", float("nan")))),
    "infinite": exif(ORIENTATION_6, (RESOLUTION, 11, 1, struct.pack(">f", float("inf")))),
    "negative width": exif(ORIENTATION_6, (WIDTH, 8, 1, struct.pack(">hh", -5, 0))),
    "bytes in place of a number": exif(ORIENTATION_6, (RESOLUTION, 7, 4, b"abcd")),
    "text in place of a number": exif(ORIENTATION_6, (RESOLUTION, 2, 4, b"abc\0")),
    "number in place of a text": exif(ORIENTATION_6, (MAKER, 4, 1, b"\0\0\0\7")),
    "text in place of a directory": exif(ORIENTATION_6, (0x8769, 2, 4, b"abc\0")),
    "directory outside": exif(ORIENTATION_6, (0x8825, 4, 1, b"\xff\xff\0\0")),
    "unknown type": exif(ORIENTATION_6, (MAKER, 77, 9, b"\0\0\0\x99")),
}
#: An orientation that is none, or no block at all: the image is left as it lies.
LEFT = {
    "text": exif((0x0112, 2, 2, b"6\0\0\0")),
    "rational": exif((0x0112, 5, 1, b"\0\0\0\x08")),
    "many": exif((0x0112, 3, 1000, b"\0\0\0\x08")),
    "large": exif((0x0112, 4, 1, b"\xff\0\0\6")),
    "no directory": b"Exif\0\0MM\0*\xff\xff\xff\xff",
    "no header": b"Exif\0\0nothing",
}


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(10))
def test_a_turned_photograph_is_set_upright_or_left_as_it_lies(tmp_path, photo, orientation, suffix):
    block = Image.Exif()
    block[0x0112] = orientation
    path = tmp_path / f"turned.{suffix}"
    photo.save(path, exif=block)
    plain = Image.open(path).convert("RGB")
    assert same(decode(path, upright=False), plain)
    assert same(decode(path, upright=True), plain.transpose(TURNS[orientation]) if orientation in TURNS else plain)


@pytest.mark.parametrize("suffix", ["jpg", "webp", "png"])
@pytest.mark.parametrize("kind", [*TURNED, *LEFT])
def test_exif_that_is_damaged_or_could_not_be_written_again_costs_no_image(tmp_path, photo, kind, suffix):
    path = tmp_path / f"odd.{suffix}"
    photo.save(path, exif=TURNED.get(kind) or LEFT[kind])
    assert decode(path, upright=True).size == ((90, 120) if kind in TURNED else (120, 90))


def test_exif_blocks_of_any_bytes_cost_no_image(tmp_path, photo):
    block = Image.Exif()
    block[0x0112], block[0x011A], block[0x010F] = 6, 72.0, "maker"
    bytes_of = block.tobytes()
    random, path = np.random.default_rng(0), tmp_path / "photo.jpg"
    for _ in range(300):
        changed = np.frombuffer(bytes_of, np.uint8).copy()
        changed[random.integers(6, len(changed), 3)] = random.integers(0, 256, 3)
        photo.save(path, exif=changed.tobytes())
        assert sorted(decode(path, upright=True).size) == [90, 120]


def grey(bits, side=64):
    """A ramp from black to white in as many bits."""
    ramp = np.linspace(0, 2**bits - 1, side * side).round()
    return ramp.reshape(side, side).astype(np.uint16 if bits > 8 else np.uint8)


def assert_ramp(path, *, white_is_zero=False):
    ramp = np.asarray(decode(path, upright=False)).astype(int)
    expected = grey(8).astype(int)[..., None]
    assert abs(ramp - (255 - expected if white_is_zero else expected)).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_of_sixteen_bits_is_scaled_to_eight(tmp_path, suffix):
    Image.fromarray(grey(16)).save(tmp_path / f"grey.{suffix}")
    assert_ramp(tmp_path / f"grey.{suffix}")
    image = load_as_published(tmp_path / f"grey.{suffix}", 32, UPRIGHT)
    assert image.std() > 0.5


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
def test_grey_of_sixteen_bits_in_either_order_of_bytes_is_scaled(tmp_path, mode):
    raw = grey(16).astype(">u2" if mode == "I;16B" else "<u2").tobytes()
    Image.frombytes(mode, (64, 64), raw).save(tmp_path / "grey.tif")
    assert_ramp(tmp_path / "grey.tif")


def write_tiff(path, pixels, **tags):
    """A TIFF file of one strip, with tags that Pillow would not write."""
    numbers = {"bits": 258, "photometric": 262, "format": 339}
    entries = {
        256: 64,
        257: 64,
        258: 16,
        259: 1,
        262: 1,
        273: 8,
        277: 1,
        278: 64,
        279: len(pixels),
        339: 1,
    } | {numbers[name]: value for name, value in tags.items()}
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    path.write_bytes(b"II*\0" + struct.pack("<L", 8 + len(pixels)) + pixels + directory + b"\0\0\0\0")


def test_grey_of_twelve_bits_is_scaled_by_its_own_white(tmp_path):
    pairs = grey(12).reshape(-1, 2)
    first, second = pairs[:, 0], pairs[:, 1]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], 1).astype(np.uint8)
    write_tiff(tmp_path / "grey.tif", packed.tobytes(), bits=12)
    assert_ramp(tmp_path / "grey.tif")


def test_grey_of_sixteen_bits_whose_white_is_zero_is_turned_over(tmp_path):
    write_tiff(tmp_path / "grey.tif", grey(16).astype("<u2").tobytes(), photometric=0)
    assert_ramp(tmp_path / "grey.tif", white_is_zero=True)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.linspace(0, 1, 4096, dtype=np.float32), r"floating-point numbers \(mode F\)"),
        (np.arange(4096, dtype=np.int32), r"whole numbers of 32 bits or with a sign \(mode I\)"),
    ],
)
def test_grey_whose_white_nobody_knows_is_refused_by_its_mode(tmp_path, pixels, words):
    Image.fromarray(pixels.reshape(64, 64)).save(tmp_path / "grey.tif")
    with pytest.raises(
        InputError, match=rf"8 or 16 bits without a sign; .*grey\.tif has {words}; convert it to 8 bits"
    ):
        load_as_published(tmp_path / "grey.tif", 32, UPRIGHT)


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_with_a_sign_is_refused(tmp_path, bits):
    write_tiff(tmp_path / "grey.tif", grey(bits).tobytes(), bits=bits, format=2)
    with pytest.raises(InputError, match=r"without a sign; .*grey\.tif has"):
        decode(tmp_path / "grey.tif", upright=True)


def write_png(path, pixels, colour):
    """A PNG file of 16 bits in one of its colour types, most of which Pillow does not write."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, colour, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_in_every_colour_type_keep_their_range(tmp_path, colour, channels):
    write_png(tmp_path / "deep.png", np.stack([grey(16)] * channels, -1), colour)
    assert_ramp(tmp_path / "deep.png")


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "LA", "PA", "RGBX", "YCbCr"])
def test_every_kind_of_pixel_becomes_rgb(tmp_path, photo, mode):
    path = tmp_path / "any.tiff"
    photo.convert("P" if mode == "PA" else mode).convert(mode).save(path)
    assert np.isfinite(load_as_published(path, 48, UPRIGHT)).all()
    assert decode(path, upright=True).mode == "RGB"


def warn_of_tag(path, photo):
    """A TIFF tag with more data than the file."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[270] = "a description that is long enough to lie apart"
    photo.save(path, format="TIFF", tiffinfo=info)
    data = path.read_bytes()
    entry = data.find(struct.pack("<HH", 270, 2))
    path.write_bytes(data[: entry + 4] + struct.pack("<L", 2**20) + data[entry + 8 :])


def warn_of_exif(path, photo):
    photo.save(path, format="JPEG", exif=exif((0x0112, 3, 1000, b"\0\0\x99\x08"), (0x8769, 4, 1, b"\0\0\xff\xff")))


def warn_of_palette(path, photo):
    photo.convert("P").save(path, format="PNG", transparency=bytes(range(256)))


WARN = [warn_of_tag, warn_of_exif, warn_of_palette]


@pytest.mark.parametrize("write", WARN)
def test_what_pillow_warns_of_reaches_nobody(tmp_path, photo, write):
    write(tmp_path / "photo.png", photo)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        decode(tmp_path / "photo.png", upright=True)
    assert told == []


@pytest.mark.parametrize("write", WARN)
def test_warnings_that_are_errors_cost_no_image(tmp_path, photo, write):
    write(tmp_path / "photo.png", photo)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sorted(decode(tmp_path / "photo.png", upright=True).size) == [90, 120]


def test_these_files_do_make_pillow_warn(tmp_path, photo):
    for write in WARN:
        write(tmp_path / "photo.png", photo)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with Image.open(tmp_path / "photo.png") as image:
                image.getexif()
                image.convert("RGB")
        assert told


@pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg", "tiff_adobe_deflate"])
def test_damaged_tiff_files_write_nothing_to_the_terminal(tmp_path, photo, compression, capfd):
    """Pillow's library for TIFF writes to standard error by itself."""
    photo.save(tmp_path / "photo.tif", compression=compression)
    whole, random = (tmp_path / "photo.tif").read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[random.integers(0, len(damaged), 8)] = random.integers(0, 256, 8)
        (tmp_path / "photo.tif").write_bytes(damaged.tobytes())
        try:
            decode(tmp_path / "photo.tif", upright=True)
        except InputError:
            refused += 1
    assert refused
    assert capfd.readouterr() == ("", "")


def test_threads_that_decode_leave_the_warning_filters_alone(tmp_path, photo):
    photo.save(tmp_path / "photo.png")
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: load_as_published(tmp_path / "photo.png", 32, UPRIGHT), range(200)))
    assert warnings.filters == before


def test_decoding_does_not_make_python_show_other_warnings_again(tmp_path, photo):
    photo.save(tmp_path / "photo.png")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for _ in range(3):
            warnings.warn("once", stacklevel=1)
            decode(tmp_path / "photo.png", upright=True)
    assert len(told) == 1


def test_the_log_of_pillow_stays_off_the_terminal():
    code = "import logging, rexnet_core.image_decoding; logging.getLogger('PIL.TiffImagePlugin').error('words')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert logging.getLogger("PIL").level == logging.NOTSET


def test_an_image_comes_from_a_file_its_bytes_and_a_stream_alike(tmp_path, photo):
    path = tmp_path / "photo.png"
    photo.save(path)
    with path.open("rb") as stream:
        assert all(same(decode(one, upright=False), photo) for one in (path, path.read_bytes(), stream))


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (b"", "standard input is no image in a known format"),
        (b"\x89PNG\r\n\x1a\n", "standard input (is no|can't be read as an) image"),
    ],
)
def test_what_is_no_image_is_named_as_the_caller_says(held, message):
    with pytest.raises(InputError, match=message):
        decode(io.BytesIO(held), upright=False, name="standard input")


def test_a_stream_is_not_read_without_end(monkeypatch):
    monkeypatch.setattr("rexnet_core.image_decoding.MOST_BYTES", 1000)
    with Path("/dev/zero").open("rb") as zeros, pytest.raises(InputError, match="at most 1000 bytes; the image has"):
        decode(zeros, upright=False)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_picture_that_lies_turned_is_known_in_every_format_that_can_say_so(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (4, 3))
    image.save(tmp_path / f"turned.{suffix}", exif=exif)
    image.save(tmp_path / f"right.{suffix}")
    assert lies_turned(tmp_path / f"turned.{suffix}")
    assert not lies_turned(tmp_path / f"right.{suffix}")
    assert not lies_turned(b"no picture")
