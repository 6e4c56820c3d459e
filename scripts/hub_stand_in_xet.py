"""The Xet side of the hub's stand-in: a file as one xorb of uncompressed chunks.

Just enough that the hub library's own download (hf_xet) finds and reads it.
"""

import json
import re
import time

_CHUNK = 1 << 16


def xorb(data: bytes) -> bytes:
    """Each chunk has eight bytes before it: version, length, scheme (none), length again."""
    packed = bytearray()
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        length = len(chunk).to_bytes(3, "little")
        packed += b"\0" + length + b"\0" + length + chunk
    return bytes(packed)


def token_headers(endpoint: str) -> dict[str, str]:
    return {
        "X_Xet_Cas_Url": endpoint,
        "X_Xet_Access_Token": "xet",
        "X_Xet_Token_Expiration": str(int(time.time()) + 3600),
    }


def reconstruction(endpoint: str, digest: str, size: int) -> bytes:
    """Which chunks of which xorb make up the file, and where these are."""
    chunks = -(-size // _CHUNK)
    whole = {"start": 0, "end": chunks}
    packed = size + 8 * chunks
    url = {
        "range": whole,
        "url": f"{endpoint}/xorb/{digest}",
        "url_range": {"start": 0, "end": packed - 1},
    }
    terms = [{"hash": digest, "unpacked_length": size, "range": whole}]
    return json.dumps(
        {"offset_into_first_range": 0, "terms": terms, "fetch_info": {digest: [url]}}
    ).encode()


def part(data: bytes, header: str) -> tuple[bytes, str]:
    """The bytes of a Range header, and the Content-Range that goes with them."""
    wish = re.fullmatch(r"bytes=(\d+)-(\d*)", header)
    start = int(wish[1]) if wish else 0
    end = min(int(wish[2]) + 1, len(data)) if wish and wish[2] else len(data)
    return data[start:end], f"bytes {start}-{end - 1}/{len(data)}"
