// The policy: decisions a second, and what one costs (policy_bench.c).
//
//   ./dev bench policy [--seconds 2] [--json] [--write]
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { machine } from './lib/machine.mjs';
import { options, table, write } from './lib/report.mjs';

const ROWS = [['all', 'decisions, facts of all kinds'], ['longest', 'the longest path: permitted, every step asked but one'],
  ['shortest', 'the shortest: nobody known'], ['explain', 'an explanation as JSON']];

const o = options(process.argv.slice(2));
const got = JSON.parse(execFileSync(resolve(o.build, 'bench', 'policy_bench'),
  ['--seconds', String(o.seconds || 2), '--json'], { encoding: 'utf8' }));
if (o.json) {
  console.log(JSON.stringify(got));
  process.exit(0);
}
const whole = (n) => Math.round(n).toLocaleString('en-US');
const text = `${table(['one thread', 'a second', 'ns each'],
  ROWS.map(([k, what]) => [what, whole(got[k].per_second), whole(got[k].ns)]))}\n\n` +
  `By processor time of the thread; ${(100 * got.all.permits).toFixed(0)} % of the first were permitted. Machine: ${machine(tmpdir())}`;
console.log(text);
if (o.write) write('policy', text);
