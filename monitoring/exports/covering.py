"""Keyed numbers in place of what the store counts or a source names. Imports little: it runs in reading processes."""

from __future__ import annotations

import hashlib
from binascii import hexlify

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

WIDTH = 16


def signs(key: bytes, purpose: str, value: object) -> str:
    """Sixteen hexadecimal signs for a text."""
    return hashlib.blake2b(f"{purpose}:{value}".encode(), key=key, digest_size=8).hexdigest()


def keyed(refs: np.ndarray, key: bytes, purpose: str) -> np.ndarray:
    """
    For each 64-bit number 64 bits that tell nothing of it without the key, the same in every export.

    One block of AES a number: a keyed permutation, and a thousand times as fast as a hash a number.
    """
    own = hashlib.blake2b(purpose.encode(), key=key, digest_size=16).digest()
    blocks = np.zeros((len(refs), 2), dtype="<u8")
    blocks[:, 0] = refs.astype("<i8").view("<u8")
    told = Cipher(AES(own), ECB()).encryptor().update(blocks.view("u1").reshape(-1).data)
    return np.frombuffer(told, dtype="<u8")[::2]


def hexadecimal(numbers: np.ndarray) -> np.ndarray:
    """Sixteen hexadecimal signs a number, as bytes (S16)."""
    return np.frombuffer(hexlify(numbers.astype(">u8").data), dtype=f"S{WIDTH}")
