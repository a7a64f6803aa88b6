// The benches run, small, and measure what they say: figures nobody can make
// again are no figures.  (Their sizes here prove nothing about speed.)
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { join } from 'node:path';
import { build, root } from './lib/paths.mjs';

function bench(name, ...args) {
  return new Promise((ok, no) => {
    execFile(process.execPath, [join('bench', `${name}.mjs`), build, '--json', ...args],
      { cwd: root, maxBuffer: 16 << 20, timeout: 120_000 },
      (error, stdout, stderr) => (error ? no(new Error(`${name}: ${stderr}`)) : ok(JSON.parse(stdout))));
  });
}

const positive = (...figures) => {
  for (const n of figures) assert.ok(Number.isFinite(n) && n > 0, `${n} is no figure`);
};

describe('benches', () => {
  test('read: in order and by seeks, beside nginx', async () => {
    const got = await bench('read', '--mib', '6', '--rounds', '1', '--seeks', '10', '--streams', '2');
    assert.equal(got.servers.length, 3);
    for (const s of got.servers) positive(s.one.gb_s, s.many.gb_s, s.seek_ms.p50, s.seek_ms.p99, s.fresh_ms.p50);
  });

  test('slow: none fails, each has its own hash', async () => {
    const got = await bench('slow', '--uploads', '30', '--seconds', '2', '--kib', '1100');
    assert.equal(got.failed + got.wrong, 0);
    positive(got.total, got.peak.server, got.peak.keeper, got.clip.beside);
    assert.ok(got.peak.server - got.idle.server > 30 << 20, 'each sender held a buffer');
  });

  test('verify: a log and a bag', async () => {
    const got = await bench('verify', '--entries', '2000', '--items', '5', '--rounds', '1');
    assert.equal(got.log.entries, 2000);
    assert.equal(got.bag.items, 5);
    positive(got.log.doctor, got.log.check, got.log.floor, got.bag.verify, got.bag.sums, got.bag.unzip);
  });

  test('growth: the same acts at two sizes', async () => {
    const got = await bench('growth', '--items', '2000', '--each', '10');
    assert.deepEqual(got.sizes.map((s) => s.items), [200, 2000]);
    for (const [act, cost] of Object.entries(got.sizes[1].cost)) positive(cost.p50, got.sizes[0].cost[act].p50);
  });
});
