"""Reading request bodies: size limits and content encodings. What a body means is for each signal's `ingest`."""

from __future__ import annotations

import zlib

from starlette.requests import Request

from .limits import BODY_BYTES
from .refusals import BadRequest, BodyTooLarge

#: zlib's window sizes: gzip header expected, and zlib or raw deflate.
_WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


async def read_body(request: Request) -> bytes:
    """The request's body, decompressed by its Content-Encoding.

    Raises BodyTooLarge beyond the limit and BadRequest for an encoding that is unknown or broken.
    """
    body = await read_raw_body(request)
    encoding = request.headers.get("content-encoding", "").strip().lower()
    return body if encoding in ("", "identity", "snappy") else decompress(body, encoding)


async def read_raw_body(request: Request) -> bytes:
    """The request's body as it came. Raises BodyTooLarge beyond the limit."""
    declared = request.headers.get("content-length")
    if declared is not None and declared.isdigit() and int(declared) > BODY_BYTES:
        raise BodyTooLarge(f"request body too large: {declared} bytes, the limit is {BODY_BYTES}")
    parts: list[bytes] = []
    received = 0
    async for part in request.stream():
        received += len(part)
        if received > BODY_BYTES:
            raise BodyTooLarge(f"request body too large: the limit is {BODY_BYTES} bytes")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def decompress(body: bytes, encoding: str, limit: int = BODY_BYTES) -> bytes:
    """The content of a gzip or deflate body of at most `limit` bytes; it stops unpacking there."""
    window = _WINDOW.get(encoding)
    if window is None:
        raise BadRequest(f'Content-Encoding "{encoding}" not supported')
    if encoding == "deflate" and not _has_zlib_header(body):
        # Go's clients and servers mean deflate without zlib's header.
        window = -zlib.MAX_WBITS
    unpacked: list[bytes] = []
    size = 0
    rest = body
    try:
        while rest:
            stream = zlib.decompressobj(wbits=window)
            piece = stream.decompress(rest, limit - size + 1)
            size += len(piece)
            if size > limit:
                raise BodyTooLarge(f"decompressed request body too large: the limit is {limit} bytes")
            if not stream.eof:
                raise BadRequest(f"{encoding}: unexpected EOF")
            unpacked.append(piece)
            # A gzip body may hold several members one after another.
            rest = stream.unused_data
    except zlib.error as error:
        raise BadRequest(f"{encoding}: invalid header or corrupt input: {error}") from None
    return b"".join(unpacked)


def _has_zlib_header(body: bytes) -> bool:
    return len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
