// The Merkle tree of RFC 6962 2.1 (= RFC 9162 2.1) over SHA-256.
import { equal } from './bytes.ts';
import { sha256Of } from './hashing.ts';

export const HASH_LEN = 32;
export const PATH_HASHES_MAX = 64;

// The first byte of what is hashed tells leaf from node.
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256Of(LEAF, entry);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256Of(NODE, left, right);
}

/** SHA-256 of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256Of();
}

/**
 * Is the tree of `old` leaves with one root the beginning of that of `size` with
 * the other (RFC 9162 2.1.4.2)?
 */
export function continues(old: bigint, size: bigint, path: readonly Uint8Array[],
  oldRoot: Uint8Array, root: Uint8Array): boolean {
  if (old <= 0n || old > size) return false;
  if (old === size) return path.length === 0 && equal(oldRoot, root);
  let node = old - 1n;
  let last = size - 1n;
  const up = () => {
    node >>= 1n;
    last >>= 1n;
  };
  while (node % 2n === 1n) up();
  // A whole subtree is its own beginning.
  const hashes = node === 0n ? [oldRoot, ...path] : path;
  const [first, ...rest] = hashes;
  if (!first) return false;
  let before = first;
  let now = first;
  for (const hash of rest) {
    if (last === 0n) return false;
    if (node % 2n === 1n || node === last) {
      before = nodeHash(hash, before);
      now = nodeHash(hash, now);
      while (node % 2n === 0n && node !== 0n) up();
    } else {
      now = nodeHash(now, hash);
    }
    up();
  }
  return last === 0n && equal(before, oldRoot) && equal(now, root);
}

const bits = (n: bigint) => (n === 0n ? 0 : n.toString(2).length);
const ones = (n: bigint) => n.toString(2).replace(/0/g, '').length;

/**
 * Is `leaf` the one at `index` of the first `size`, under `root`?  The path has
 * a hash for each level below the one where the leaf's way joins the right
 * edge, and above it one for each left turn.
 */
export function includes(index: bigint, size: bigint, leaf: Uint8Array,
  path: readonly Uint8Array[], root: Uint8Array): boolean {
  if (index >= size) return false;
  const inner = bits(index ^ (size - 1n));
  if (path.length !== inner + ones(index >> BigInt(inner))) return false;
  const sum = path.reduce((below, beside, i) => {
    const right = i >= inner || ((index >> BigInt(i)) & 1n) === 1n;
    return right ? nodeHash(beside, below) : nodeHash(below, beside);
  }, leaf);
  return equal(sum, root);
}
