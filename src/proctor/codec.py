"""Plain data as bytes, and back: the only thing that crosses between a student's process and the examiner's.

JSON carries the structure, raw little-endian bytes carry the arrays. Decoding builds exact types only (None, bool, int,
float, complex, str, list, tuple, dict with string keys, NumPy arrays and scalars, torch tensors), checks every size
before it allocates, and never unpickles. An array's bytes must be exactly as long as its shape and dtype say, and
belong to one array only, so a forged header cannot ask for memory. Torch is used if it is already imported, never
imported.
"""

import json
import math
import struct
import sys

import numpy as np

MAX_BYTES = 64 * 2**20
MAX_HEAD = 8 * 2**20  # of JSON: parsed, it takes up to thirty times its size
MAX_DEPTH = 24
MAX_ITEMS = 200_000
MAX_INT_BITS = 4096
DTYPES = frozenset(
    ["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"],
)
_LENGTH = struct.Struct(">Q")


class CodecError(ValueError):
    """A value that is not plain data, or bytes that do not decode to it."""


def encode(value) -> bytes:
    """Plain data to bytes.

    Raises:
        CodecError: if ``value`` holds anything else, is nested deeper than ``MAX_DEPTH``, or is larger than
            ``MAX_BYTES``.
    """
    arrays: list[bytes] = []
    tree = _encode(value, arrays, 0, [0])
    head = json.dumps(tree, allow_nan=False, separators=(",", ":")).encode()
    if len(head) > MAX_HEAD:
        raise CodecError(f"expected at most {MAX_HEAD} bytes of text and lists, got {len(head)}; send an array instead")
    data = b"".join(_LENGTH.pack(len(part)) + part for part in (head, *arrays))
    if len(data) > MAX_BYTES:
        raise CodecError(f"expected at most {MAX_BYTES} bytes, got {len(data)}; return less data")
    return data


def decode(data: bytes):
    """Bytes to plain data.

    Raises:
        CodecError: if the bytes are malformed or exceed a limit.
    """
    if len(data) > MAX_BYTES:
        raise CodecError(f"expected at most {MAX_BYTES} bytes, got {len(data)}")
    parts, start = [], 0
    while start < len(data):
        if start + _LENGTH.size > len(data):
            raise CodecError("truncated data")
        (length,) = _LENGTH.unpack_from(data, start)
        start += _LENGTH.size
        if length > len(data) - start or len(parts) > MAX_ITEMS:
            raise CodecError("truncated data")
        parts.append(data[start : start + length])
        start += length
    if not parts or len(parts[0]) > MAX_HEAD:
        raise CodecError("no data, or a head too long")
    try:
        tree = json.loads(parts[0])
        return _decode(tree, enumerate(parts[1:]), 0, [0])
    except CodecError:
        raise
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError) as error:
        raise CodecError(f"malformed data: {type(error).__name__}") from error


def _plain_numbers(values) -> bool:
    """Whether all are finite floats, which JSON holds as they are: looked at in bulk, since lists of them are long."""
    return set(map(type, values)) == {float} and all(map(math.isfinite, values))


def _count(depth, items, more=1):
    items[0] += more
    if depth > MAX_DEPTH:
        raise CodecError(f"nested deeper than {MAX_DEPTH}")
    if items[0] > MAX_ITEMS:
        raise CodecError(f"more than {MAX_ITEMS} items; send an array instead of a list")


def _encode(value, arrays, depth, items):
    _count(depth, items)
    torch = sys.modules.get("torch")
    if value is None or isinstance(value, bool):
        return value
    if torch is not None and isinstance(value, torch.Tensor):
        return {"tensor": _array(_numpy_of(value), arrays)}
    if isinstance(value, np.ndarray):
        return {"array": _array(value, arrays)}
    if isinstance(value, np.generic) and not isinstance(value, str):
        return {"scalar": _array(np.asarray(value), arrays)}
    if isinstance(value, int):
        if value.bit_length() > MAX_INT_BITS:
            raise CodecError(f"an integer of {value.bit_length()} bits; at most {MAX_INT_BITS} can be sent")
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, complex):
        return {"complex": [repr(value.real), repr(value.imag)]}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list):
        if _plain_numbers(value):
            _count(depth, items, len(value))
            return value
        return [_encode(item, arrays, depth + 1, items) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, arrays, depth + 1, items) for item in value]}
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise CodecError("a dict whose keys are not all strings cannot be sent to the tests; use string keys")
        return {"dict": {str(key): _encode(item, arrays, depth + 1, items) for key, item in value.items()}}
    raise CodecError(
        f"a value of type {type(value).__name__} cannot be sent to the tests; "
        "return numbers, strings, lists, tuples, dicts, NumPy arrays or torch tensors"
    )


def _numpy_of(tensor):
    try:
        return tensor.detach().cpu().resolve_conj().resolve_neg().numpy()
    except (TypeError, RuntimeError) as error:
        raise CodecError(
            f"a tensor of {tensor.dtype} cannot be sent to the tests ({error}); convert it first"
        ) from error


def _array(array, arrays):
    array = np.asarray(array)
    dtype = array.dtype.newbyteorder("<") if array.dtype.itemsize > 1 else array.dtype
    if dtype.str not in DTYPES:
        raise CodecError(f"an array of dtype {array.dtype} cannot be sent to the tests; convert it to numbers")
    if array.nbytes > MAX_BYTES:
        raise CodecError(f"an array of {array.nbytes} bytes; at most {MAX_BYTES} can be sent")
    arrays.append(array.astype(dtype).tobytes())
    return [len(arrays) - 1, dtype.str, list(array.shape)]


def _decode(tree, arrays, depth, items):
    _count(depth, items)
    if tree is None or isinstance(tree, bool | float | str):
        return tree
    if isinstance(tree, int):
        if tree.bit_length() > MAX_INT_BITS:
            raise CodecError("an integer too large")
        return tree
    if isinstance(tree, list):
        if _plain_numbers(tree):
            _count(depth, items, len(tree))
            return tree
        return [_decode(item, arrays, depth + 1, items) for item in tree]
    if len(tree) != 1:
        raise CodecError("malformed data")
    ((tag, body),) = tree.items()
    if tag == "float":
        return float(body)
    if tag == "complex":
        return complex(float(body[0]), float(body[1]))
    if tag == "tuple":
        return tuple(_decode(item, arrays, depth + 1, items) for item in body)
    if tag == "dict":
        return {key: _decode(item, arrays, depth + 1, items) for key, item in body.items()}
    if tag in ("array", "scalar", "tensor"):
        array = _read_array(body, arrays)
        if tag == "scalar":
            return array[()]
        if tag == "tensor":
            torch = sys.modules.get("torch")
            if torch is None:
                raise CodecError("a torch tensor, but torch is not imported here; add `import torch` to a given cell")
            return torch.from_numpy(array)
        return array
    raise CodecError("malformed data")


def _read_array(body, arrays):
    index, dtype, shape = body
    # Arrays are sent in the order in which the tree names them, each once: a forged tree cannot multiply one.
    number, data = next(arrays, (None, None))
    if index != number or dtype not in DTYPES or len(shape) > 32 or not all(type(n) is int and n >= 0 for n in shape):
        raise CodecError("malformed array")
    dtype = np.dtype(dtype)
    if math.prod(shape) * dtype.itemsize != len(data):
        raise CodecError("an array whose bytes do not fit its shape")
    array = np.frombuffer(data, dtype).reshape(shape)
    # A bool is 0 or 1, whatever byte was sent.
    return array.view(np.uint8).astype(bool) if dtype.kind == "b" else array.copy()
