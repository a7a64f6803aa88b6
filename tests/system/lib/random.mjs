// Random choices that can be repeated: the seed is printed with the test, and
// SALLYPORT_TEST_SEED brings it back.
import { randomInt } from 'node:crypto';

export function seeded(t) {
  const seed = Number(process.env.SALLYPORT_TEST_SEED ?? randomInt(2 ** 31));
  t?.diagnostic?.(`SALLYPORT_TEST_SEED=${seed}`);
  let a = seed >>> 0;
  // mulberry32
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
  const int = (low, high) => low + Math.floor(next() * (high - low + 1));
  return {
    seed,
    next,
    int,
    pick: (list) => list[int(0, list.length - 1)],
    bytes(n) {
      const out = Buffer.allocUnsafe(n);
      let i = 0;
      for (; i + 4 <= n; i += 4) out.writeUInt32LE(Math.floor(next() * 4294967296), i);
      for (; i < n; i++) out[i] = int(0, 255);
      return out;
    },
  };
}
