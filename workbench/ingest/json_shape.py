"""Do all JSON lines have the same keys and plain values? Their bytes tell, without parsing.

A key of compact JSON ends in `":`, so counting that counts the keys; the byte after it tells
whether the value is a text, a number from 0, or something else. The block is looked at in parts
that stay in the processor's cache: four times faster than one search after the other.
"""

import numpy as np

_PART_BYTES = 1 << 18
_QUOTE, _COLON, _NEWLINE, _ZERO = b'":\n0'


class JsonShape:
    """Counts over all bytes of a file, block by block.

    `pairs` is how often `":` occurs, or -1 where keys are written in another way. Of these,
    `texts` are followed by a quotation mark and `numbers` by a digit.
    """

    def __init__(self) -> None:
        self.pairs = 0
        self.texts = 0
        self.numbers = 0
        self._before = b""
        self._ends = np.empty(_PART_BYTES, bool)
        self._found = np.empty(_PART_BYTES, bool)
        self._digit = np.empty(_PART_BYTES, np.uint8)

    def add(self, block: bytes) -> int:
        """Count one more block; return its newlines."""
        edge = np.frombuffer(self._before + block[:2], np.uint8)
        self._count(edge, starts=min(len(self._before), len(edge) - 2))
        whole = np.frombuffer(block, np.uint8)
        newlines = 0
        for start in range(0, len(block), _PART_BYTES):
            part = whole[start : start + _PART_BYTES + 2]
            self._count(part, starts=min(_PART_BYTES, len(part) - 2))
            lines = part[:_PART_BYTES]
            newlines += int(
                np.count_nonzero(np.equal(lines, _NEWLINE, out=self._found[: len(lines)]))
            )
        self._before = (self._before + block[-2:])[-2:]
        # single bytes are found ten times faster than pairs, and most logs are compact
        if (b" " in block and b'" :' in block) or (b"\t" in block and b'"\t:' in block):
            self.pairs = -1
        return newlines

    def _count(self, part: np.ndarray, *, starts: int) -> None:
        """Count the keys whose last quotation mark is among the first `starts` bytes."""
        if starts <= 0 or self.pairs < 0:
            return
        ends, found = self._ends[:starts], self._found[:starts]
        after = part[2 : starts + 2]
        np.equal(part[:starts], _QUOTE, out=ends)
        np.logical_and(ends, np.equal(part[1 : starts + 1], _COLON, out=found), out=ends)
        self.pairs += int(np.count_nonzero(ends))
        np.logical_and(ends, np.equal(after, _QUOTE, out=found), out=found)
        self.texts += int(np.count_nonzero(found))
        digit = np.subtract(after, _ZERO, out=self._digit[:starts])  # wraps around below 0
        np.logical_and(ends, np.less(digit, 10, out=found), out=found)
        self.numbers += int(np.count_nonzero(found))
