"""Which tellings of a fact are news: new, a correction (the next version), or nothing new. Pure, over whole batches."""

from __future__ import annotations

import numpy as np
import pandas as pd

from storage.columns import UNKNOWN

NEW, UNCHANGED, CORRECTED = 0, 1, 2


def judged(tellings: pd.DataFrame, known: pd.DataFrame, *, taken: bool) -> tuple[np.ndarray, np.ndarray]:
    """
    (verdict, version) for each telling, in the order told.

    `tellings` and `known` (the stored versions, any order) have patient_id, ref, digest and resulted_at in
    microseconds or UNKNOWN; `known` has version. Both may have told_at, when the source wrote it down, in the same
    way. `taken`: this very delivery was taken in before.

    Of one (patient_id, ref), a telling says nothing new when
    - it repeats the version that stands, or the telling just before it;
    - it was said before, and the delivery was taken before or it was issued no later than what we already hold;
    - it and all before it in the batch are known, and the batch thereby only leads up to the version that stands;
    - the source wrote it down before what we already hold of it: an older version that arrives late.
    Every other telling is the next version. So any batch taken in a second time adds nothing.
    """
    told, held = _keys(tellings, known)
    verdict, version = np.full(len(told), NEW), np.ones(len(told), dtype=np.int64)
    contended = np.isin(told, held) | pd.Series(told).duplicated(keep=False).to_numpy()
    places = np.flatnonzero(contended)
    places = places[np.argsort(told[places], kind="stable")]
    if len(places):
        some = tellings.iloc[places]
        verdict[places], version[places] = _contended(some, told[places], known, held, taken=taken)
    return verdict, version


def _contended(
    tellings: pd.DataFrame, told: np.ndarray, known: pd.DataFrame, held: np.ndarray, *, taken: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The same for tellings in order of key, each of whose keys is known or told more than once."""
    standing = _standing(told, known, held)
    digest, issued = tellings["digest"].to_numpy(), tellings["resulted_at"].to_numpy()
    member, again = _said_before(told, digest, held, known["digest"].to_numpy())
    stands = (standing["version"] > 0) & (digest == standing["digest"])
    newest = np.maximum(standing["issued"], _newest_before(told, issued))
    late = (issued != UNKNOWN) & (issued <= newest)
    stale = ~stands & ((again & late) | (member & taken) | _overtaken(tellings, told, standing["written"]))
    added = np.zeros(len(told), dtype=bool)
    rest = np.flatnonzero(~stale)
    added[rest] = _added(told[rest], digest[rest], member[rest], stands[rest])
    version = standing["version"] + pd.Series(added.astype(np.int64)).groupby(told).cumsum().to_numpy()
    return np.where(~added, UNCHANGED, np.where(version == 1, NEW, CORRECTED)), version


def _overtaken(tellings: pd.DataFrame, told: np.ndarray, standing: np.ndarray) -> np.ndarray:
    """Which were written down by their source before another one that we hold, or that stands before it here."""
    written = _written(tellings)
    return (written != UNKNOWN) & (written < np.maximum(standing, _newest_before(told, written)))


def _written(tellings: pd.DataFrame) -> np.ndarray:
    nowhere = np.full(len(tellings), UNKNOWN)
    return tellings["told_at"].to_numpy(np.int64) if "told_at" in tellings.columns else nowhere


def _added(told: np.ndarray, digest: np.ndarray, member: np.ndarray, stands: np.ndarray) -> np.ndarray:
    """Neither part of a known stretch that ends in the version that stands, nor the same as the one before."""
    known_so_far = pd.Series(member).groupby(told).cummin().to_numpy()
    ends = pd.Series((known_so_far & stands)[::-1].astype(np.int8))
    leads_up = ends.groupby(told[::-1]).cummax().to_numpy()[::-1].astype(bool)
    repeats = np.zeros(len(told), dtype=bool)
    repeats[1:] = (told[1:] == told[:-1]) & (digest[1:] == digest[:-1])
    return ~leads_up & ~repeats


def _standing(told: np.ndarray, known: pd.DataFrame, held: np.ndarray) -> dict[str, np.ndarray]:
    """For each telling: the latest version stored (0: none), its digest, the newest times of issue and writing held."""
    nothing = np.zeros(len(told), dtype=np.int64)
    if len(known) == 0:
        unknown = np.full(len(told), UNKNOWN)
        return {"version": nothing, "digest": nothing, "issued": unknown, "written": unknown}
    order = np.lexsort((known["version"].to_numpy(), held))
    keys, starts = np.unique(held[order], return_index=True)
    ends = np.append(starts[1:], len(order)) - 1
    issued, written = (
        np.maximum.reduceat(moments[order], starts) for moments in (known["resulted_at"].to_numpy(), _written(known))
    )
    place = np.clip(np.searchsorted(keys, told), 0, len(keys) - 1)
    found = keys[place] == told
    last = order[ends[place]]
    return {
        "version": np.where(found, known["version"].to_numpy()[last], 0),
        "digest": np.where(found, known["digest"].to_numpy()[last], 0),
        "issued": np.where(found, issued[place], UNKNOWN),
        "written": np.where(found, written[place], UNKNOWN),
    }


def _said_before(
    told: np.ndarray, digest: np.ndarray, held: np.ndarray, held_digest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which tellings are among the stored versions; which are, or were told earlier in the batch."""
    digests, _ = pd.factorize(np.concatenate([digest, held_digest]))
    keys, _ = pd.factorize(np.concatenate([told, held]))
    pairs = keys.astype(np.int64) * (digests.max() + 1) + digests
    member = np.isin(pairs[: len(told)], pairs[len(told) :])
    return member, member | pd.Series(pairs[: len(told)]).duplicated().to_numpy()


def _newest_before(told: np.ndarray, issued: np.ndarray) -> np.ndarray:
    """The newest of these moments among the earlier tellings of the same key in the batch."""
    newest = pd.Series(issued).groupby(told).cummax().to_numpy()
    before = np.full(len(told), UNKNOWN)
    before[1:] = np.where(told[1:] == told[:-1], newest[:-1], UNKNOWN)
    return before


def _keys(tellings: pd.DataFrame, known: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """One number a (patient_id, ref), the same for tellings and stored versions."""
    texts = pd.concat([tellings["patient_id"].astype("str"), known["patient_id"].astype("str")], ignore_index=True)
    patients, _ = pd.factorize(texts)
    refs, names = pd.factorize(np.concatenate([tellings["ref"].to_numpy(np.int64), known["ref"].to_numpy(np.int64)]))
    keys = patients.astype(np.int64) * (len(names) + 1) + refs
    return keys[: len(tellings)], keys[len(tellings) :]
