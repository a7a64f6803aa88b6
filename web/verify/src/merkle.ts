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
