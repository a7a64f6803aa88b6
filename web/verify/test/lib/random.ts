// Random choices that can be repeated: the seed is told with the test, and
// SALLYPORT_TEST_SEED brings it back.
import { randomInt } from 'node:crypto';
import type { TestContext } from 'node:test';

export type Random = (below: number) => number;

export function seeded(t: TestContext): Random {
  const seed = Number(process.env['SALLYPORT_TEST_SEED'] ?? randomInt(2 ** 31));
  t.diagnostic(`SALLYPORT_TEST_SEED=${seed}`);
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0; // mulberry32
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 4294967296) * below);
  };
}

export function bytesOf(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

const LETTERS = ['a', 'b', '/', ' ', '%', 'é', '\u2014', '\uffee', '\ue000', '\u{1f600}', '\u{10000}', '~'];

export function textOf(random: Random): string {
  return Array.from({ length: random(6) }, () => LETTERS[random(LETTERS.length)]).join('');
}
