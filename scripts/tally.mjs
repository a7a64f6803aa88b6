// Counts what the parts of `./dev test` left behind and says which failed.
// The last line is "N passed, N failed"; the exit status says the same.
//
//   meson:NAME:testlog.json   each test program's TAP
//   tap:NAME:FOLDER           one .tap file for each system test
//   failed:NAME:WHAT          something that did not even run
//
// A program that crashes, prints no plan, or prints fewer lines than its plan
// is a failure of its own.
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join, basename } from 'node:path';

let passed = 0;
const failures = [];

function fail(where, what, detail = '') {
  failures.push({ where, what, detail });
}

// TAP of our own unit tests: flat, "ok N - name", "not ok - place".
function countProgram(where, text, crashed) {
  const lines = text.split('\n');
  const plan = lines.map((l) => /^1\.\.(\d+)/.exec(l)).find(Boolean);
  const ok = lines.filter((l) => /^ok\b/.test(l)).length;
  const notOk = lines.filter((l) => /^not ok\b/.test(l));
  passed += ok;
  for (const line of notOk) fail(where, line);
  if (notOk.length > 0) return;
  if (!plan) fail(where, 'printed no plan', tail(text));
  else if (ok !== Number(plan[1])) fail(where, `planned ${plan[1]} tests, ran ${ok}`, tail(text));
  else if (crashed) fail(where, `ended badly: ${crashed}`, tail(text));
}

function countMeson(name, path) {
  if (!existsSync(path)) {
    fail(name, `left no ${path}`);
    return;
  }
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const test = JSON.parse(line);
    const text = `${test.stdout ?? ''}`;
    const bad = test.result === 'OK' ? '' : `${test.result} (status ${test.returncode})`;
    const before = failures.length;
    countProgram(`${name} ${test.name}`, text, bad);
    if (failures.length > before && test.stderr)
      failures[failures.length - 1].detail += tail(test.stderr, 60);
  }
}

// node:test's TAP: the closing "# pass N" and "# fail N" are the count.
function countNode(name, folder) {
  const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.tap')) : [];
  if (files.length === 0) fail(name, `no results in ${folder}`);
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8');
    const where = `${name} ${basename(file, '.tap')}`;
    const number = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
    const bad = number('fail') + number('cancelled');
    if (Number.isNaN(bad) || number('pass') + bad === 0) {
      fail(where, 'ended before its tests did', tail(text));
      continue;
    }
    passed += number('pass');
    const lines = text.split('\n').filter((l) => /^\s*not ok\b/.test(l));
    for (let i = 0; i < bad; i++)
      fail(where, (lines[i] ?? 'not ok').trim(), i === 0 ? tail(firstFailure(text), 40) : '');
    // A failure is one even when the counts say otherwise.
    if (bad === 0 && lines.length > 0) fail(where, lines[0].trim());
  }
}

function firstFailure(text) {
  const at = text.search(/^\s*not ok\b/m);
  return at < 0 ? '' : text.slice(at).split('\n').slice(0, 40).join('\n');
}

function tail(text, n = 15) {
  return `${text.trimEnd().split('\n').slice(-n).join('\n')}\n`;
}

for (const arg of process.argv.slice(2)) {
  const [kind, name, rest] = arg.split(':');
  if (kind === 'meson') countMeson(name, rest);
  else if (kind === 'tap') countNode(name, rest);
  else fail(name, `${rest} failed`);
}

if (passed === 0 && failures.length === 0) fail('tests', 'nothing ran');
for (const f of failures) {
  console.log(`FAILED ${f.where}: ${f.what}`);
  if (f.detail) console.log(f.detail.replace(/^/gm, '    '));
}
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;
