// The tour of `./dev run`, which is what a newcomer sees first: every step
// proves itself, and the site stops cleanly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { root } from './lib/paths.mjs';
import { run } from './lib/site.mjs';

test('scripts/tour.sh --once proves every step and stops', async () => {
  const got = await run(join(root, 'scripts', 'tour.sh'), ['--once'], { timeout: 120000 });
  assert.equal(got.code, 0, got.stdout + got.stderr);
  const steps = got.stdout.split(/\n\d+\. /).slice(1);
  assert.ok(steps.length >= 14, `${steps.length} steps`);
  const dock = steps.find((s) => s.startsWith('Dock:'));
  assert.match(dock, /MOVI0001\.MP4 {2}proven .* receipt checked \(entry \d+\)\n.*MOVI0001\.MP4 {2}removed\n.*0 kept, 1 removed/);
  const officer = steps.find((s) => s.startsWith('A new officer'));
  assert.match(officer, /deny evidence\.view: screening\.missing[\s\S]*permit evidence\.view\n/);
  for (const step of steps) assert.match(step, /✓/, step);
  assert.doesNotMatch(got.stdout, /✗/);
  assert.doesNotMatch(got.stdout, /\u001b/, 'no colours where there is no terminal');
  assert.match(got.stdout, /stopped cleanly/);
});
