// Processor time of a process and all below it, from /proc.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Seconds used so far by `pid`, its descendants, and their dead children. */
export function cpuSeconds(pid) {
  const all = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const f = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      all.set(Number(name), { ppid: Number(f[1]), ticks: f.slice(11, 15).reduce((a, b) => a + Number(b), 0) });
    } catch {
      // It ended.
    }
  }
  let sum = 0;
  for (const [at, p] of all) {
    let up = at;
    while (up !== pid && all.has(up)) up = all.get(up).ppid;
    if (up === pid) sum += p.ticks;
  }
  return sum / TICKS;
}
