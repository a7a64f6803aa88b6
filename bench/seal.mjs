// Sealing from memory to disk, beside what it is made of (seal_bench.c).
//
//   ./dev bench seal [--write] [--mib 2048] [--rounds 3]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { machine } from './lib/machine.mjs';
import { options, table, write } from './lib/report.mjs';

const ROWS = [['hash', 'SHA-256, one thread'], ['cipher', 'AES-256-GCM, one thread'],
  ['pass', 'both in one pass, one thread'], ['write', 'direct writes of 1 MiB'],
  ['seal1', 'sealing, one stream'], ['seal4', 'sealing, four streams']];

const o = options(process.argv.slice(2));
const base = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'sallyport-bench-'));
try {
  const got = JSON.parse(execFileSync(resolve(o.build, 'bench', 'seal_bench'),
    ['--dir', base, '--mib', String(o.mib ?? 2048), '--rounds', String(o.rounds ?? 3), '--json'], { encoding: 'utf8' }));
  const rows = ROWS.map(([k, what]) => [what, got[k].rate.toFixed(2), got[k].cpu.toFixed(2),
    k.startsWith('seal') ? (got.pass.cpu / got[k].cpu).toFixed(2) : '']);
  const text = `${table(['', 'GB/s', 'CPU s/GB', 'of one pass, per CPU second'], rows)}\n\n` +
    `Medians of interleaved rounds. Machine: ${machine(base)}`;
  console.log(text);
  if (o.write) write('seal', text);
} finally {
  rmSync(base, { recursive: true, force: true });
}
