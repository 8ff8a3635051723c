"""What a query cost, in the shape in which Loki says it and Grafana shows it. What has no counterpart here is 0."""

from __future__ import annotations

from typing import Any

from .query_language.reading import Work

_STORE = {
    "totalChunksRef": 0,
    "totalChunksDownloaded": 0,
    "chunksDownloadTime": 0,
    "queryReferencedStructuredMetadata": False,
    "chunk": {
        "headChunkBytes": 0,
        "headChunkLines": 0,
        "decompressedBytes": 0,
        "decompressedLines": 0,
        "compressedBytes": 0,
        "totalDuplicates": 0,
    },
    "chunkRefsFetchTime": 0,
}
_CACHE = {
    "entriesFound": 0,
    "entriesRequested": 0,
    "entriesStored": 0,
    "bytesReceived": 0,
    "bytesSent": 0,
    "requests": 0,
    "downloadTime": 0,
    "queryLengthServed": 0,
}
_CACHES = (
    "chunk",
    "index",
    "result",
    "statsResult",
    "volumeResult",
    "seriesResult",
    "labelResult",
    "instantMetricResult",
)


def statistics(work: Work, seconds: float, entries: int) -> dict[str, Any]:
    """`data.stats` of an answer."""
    elapsed = max(seconds, 1e-9)
    return {
        "summary": {
            "bytesProcessedPerSecond": int(work.size_bytes / elapsed),
            "linesProcessedPerSecond": int(work.lines / elapsed),
            "totalBytesProcessed": work.size_bytes,
            "totalLinesProcessed": work.lines,
            "execTime": round(seconds, 9),
            "queueTime": 0,
            "subqueries": 0,
            "totalEntriesReturned": entries,
            "splits": 0,
            "shards": 0,
            "totalPostFilterLines": work.kept,
            "totalStructuredMetadataBytesProcessed": 0,
        },
        "querier": {"store": _STORE},
        "ingester": {
            "totalReached": 1,
            "totalChunksMatched": 0,
            "totalBatches": 0,
            "totalLinesSent": work.kept,
            "store": _STORE,
        },
        "cache": dict.fromkeys(_CACHES, _CACHE),
        "index": {"totalChunks": 0, "postFilterChunks": 0, "shardsDuration": 0},
    }
