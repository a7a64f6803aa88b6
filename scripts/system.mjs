// Runs whole-system tests, three at a time, each file in a process of its own:
//
//   node system.mjs BUILD-FOLDER FILE...
//
// The slowest start first.  TAP goes to BUILD-FOLDER/test-logs/system/; a
// file that takes longer than its limit is ended and counts as failed.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const [folder, ...files] = process.argv.slice(2);
const JOBS = 3; // most of them wait most of the time
const LIMIT_SECONDS = 600;
const SLOWEST_FIRST = ['verify_page', 'crash', 'isolation', 'passkey', 'vouch', 'dock', 'site', 'cli', 'federation', 'video', 'tus', 'faults'];

const out = join(folder, 'test-logs', 'system');
mkdirSync(out, { recursive: true });

const name = (file) => basename(file, '.test.mjs');
const rank = (file) => (SLOWEST_FIRST.indexOf(name(file)) + 1 || 99);
const queue = [...files].sort((a, b) => rank(a) - rank(b));
const began = Date.now();
const colour = (code, text) => (process.stdout.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text);

function run(file) {
  return new Promise((done) => {
    const tap = join(out, `${name(file)}.tap`);
    const log = openSync(join(out, `${name(file)}.log`), 'w');
    const started = Date.now();
    const child = spawn(
      process.execPath,
      ['--test-reporter=tap', `--test-reporter-destination=${resolve(tap)}`, file],
      { stdio: ['ignore', log, log], detached: true, env: { ...process.env, BUILD_DIR: resolve(folder) } },
    );
    const limit = setTimeout(() => endGroup(child.pid), LIMIT_SECONDS * 1000);
    child.on('exit', () => {
      clearTimeout(limit);
      closeSync(log);
      endGroup(child.pid);
      report(file, tap, started);
      done();
    });
  });
}

// What a test that died left running (its group is its own).
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing was left.
  }
}

function report(file, tap, started) {
  let text = '';
  try {
    text = readFileSync(tap, 'utf8');
  } catch {
    // The process ended before it wrote any: tally.mjs counts that.
  }
  const count = (word) => /\d+/.exec(new RegExp(`^# ${word} \\d+`, 'm').exec(text)?.[0] ?? '')?.[0];
  const good = count('pass') !== undefined && count('fail') === '0' && count('cancelled') === '0';
  const line = `  ${name(file)}: ${count('pass') ?? 0} passed, ${count('fail') ?? '?'} failed (${Math.round((Date.now() - started) / 1000)} s)`;
  console.log(good ? colour(32, line) : colour(31, line));
}

async function worker() {
  while (queue.length > 0) await run(queue.shift());
}

await Promise.all(Array.from({ length: JOBS }, worker));
console.log(`  in ${Math.round((Date.now() - began) / 1000)} s`);
