// The ledger: entries a second with checkpoints, durable acts, proofs, audit
// (ledger_bench.c).
//
//   ./dev bench ledger [--seconds 10] [--write]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { machine } from './lib/machine.mjs';
import { options, table, write } from './lib/report.mjs';

const o = options(process.argv.slice(2));
const base = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'sallyport-bench-'));
const whole = (n) => Math.round(n).toLocaleString('en-US');
try {
  const r = JSON.parse(execFileSync(resolve(o.build, 'bench', 'ledger_bench'),
    ['--dir', base, '--seconds', String(o.seconds || 10), '--json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
  const rows = [
    [`one agency, acts of ${whole(r.act_entries)} entries`, `${whole(r.batches.per_second)} entries/s`, `${r.batches.cpu_us.toFixed(1)} µs of CPU an entry`],
    [`${r.ten.agencies} agencies, the same`, `${whole(r.ten.per_second)} entries/s`, `${r.ten.cpu_us.toFixed(1)} µs of CPU an entry`],
    [`${whole(r.durable.threads)} threads, single durable acts`, `${whole(r.durable.per_second)} acts/s`, ''],
    ['one durable act', `${whole(r.single.p50_us)} µs`, `${r.single.fsyncs.toFixed(2)} × a 4 KiB write and fsync (${whole(r.fsync.p50_us)} µs); 99 % within ${whole(r.single.p99_us)} µs`],
    ['a proof', `${r.proof.p50_us.toFixed(1)} µs`, `of ${whole(r.proof.entries)} entries; 99 % within ${r.proof.p99_us.toFixed(1)} µs`],
    ['an audit of a million entries', `${r.audit_s_per_million.toFixed(1)} s`, 'every body hashed again, root and signature checked'],
  ];
  const text = `${table(['', 'figure', ''], rows)}\n\n` +
    `Each batch ends with one checkpoint, signed in the same process, and one fsync; medians. Machine: ${machine(base)}`;
  console.log(text);
  if (o.write) write('ledger', text);
} finally {
  rmSync(base, { recursive: true, force: true });
}
