// Tables on the terminal and, with --write, between markers in
// docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const page = join(resolve(dirname(fileURLToPath(import.meta.url)), '..', '..'), 'docs', 'performance.md');

export function table(head, rows) {
  const all = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows.map((r) => r.map(String))];
  const wide = head.map((_, i) => Math.max(...all.map((r) => r[i].length)));
  return all.map((r, n) => `| ${r.map((c, i) => (n === 1
    ? c.replace('---', '-'.repeat(wide[i] - (c.endsWith(':') ? 1 : 0)))
    : i === 0 ? c.padEnd(wide[i]) : c.padStart(wide[i]))).join(' | ')} |`).join('\n');
}

/** Replace what is between <!-- name --> and <!-- /name -->. */
export function write(name, text) {
  const was = readFileSync(page, 'utf8');
  const begin = `<!-- ${name} -->`;
  const end = `<!-- /${name} -->`;
  const from = was.indexOf(begin);
  const to = was.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no place for ${name}`);
  writeFileSync(page, `${was.slice(0, from + begin.length)}\n${text}\n${was.slice(to)}`);
}

export function options(argv) {
  const o = { build: argv[0], seconds: 0, write: false, json: false };
  for (let i = 1; i < argv.length; i++) {
    if (argv[i] === '--write' || argv[i] === '--json') o[argv[i].slice(2)] = true;
    else if (argv[i] === '--seconds') o.seconds = Number(argv[++i]);
    else if (/^--[a-z]+$/.test(argv[i]) && argv[i + 1] !== undefined) o[argv[i].slice(2)] = argv[++i];
    else throw new Error(`what is ${argv[i]}?`);
  }
  return o;
}

export function median(numbers) {
  const s = [...numbers].sort((a, b) => a - b);
  const m = s.length >> 1;
  return s.length % 2 ? s[m] : (s[m - 1] + s[m]) / 2;
}

/** The least number that `part` (0 to 1) of them are not above. */
export function quantile(numbers, part) {
  const s = [...numbers].sort((a, b) => a - b);
  return s[Math.min(s.length - 1, Math.max(0, Math.ceil(s.length * part) - 1))];
}
