// The page as it is built: one file, the same every time, with nothing from
// elsewhere.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

declare const PAGE_FOLDER: string;

const out = mkdtempSync(join(tmpdir(), 'sallyport-verify-build-'));
after(() => rmSync(out, { recursive: true, force: true }));

function build(name: string, cwd: string): string {
  execFileSync(process.execPath, [join(PAGE_FOLDER, 'build.mjs'), '--version', '1.2.3', '--out', join(out, name), '--c', join(out, `${name}.c`)], { cwd });
  return readFileSync(join(out, name), 'utf8');
}

const page = build('one.html', PAGE_FOLDER);
const between = (from: string, to: string) => page.slice(page.indexOf(from) + from.length, page.lastIndexOf(to));
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

test('built again, elsewhere, it is the same', () => {
  assert.equal(build('two.html', tmpdir()), page);
});

test('the policy lets in the page’s own script and style, and nothing else', () => {
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1]?.split('; ');
  assert.deepEqual(policy, ["default-src 'none'", `script-src ${hash(between('<script>', '</script>'))}`,
    `style-src ${hash(between('<style>', '</style>'))}`, 'worker-src blob:', "base-uri 'none'", "form-action 'none'"]);
});

test('it refers to nothing outside', () => {
  const markup = page.replace(between('<script>', '</script>'), '').replace(between('<style>', '</style>'), '');
  assert.doesNotMatch(markup, /\b(src|href|action|style|on[a-z]+)=/);
  assert.doesNotMatch(between('<style>', '</style>'), /url\(|@import/);
  assert.doesNotMatch(between('<script>', '</script>'), /\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|eval)\b\s*\(|new Function|innerHTML|insertAdjacentHTML|document\.write/);
});

test('it keeps the notices of what is in it, and fits a tag file', () => {
  assert.match(page, /noble-hashes - MIT License/);
  assert.match(page, /noble-curves - MIT License/);
  assert.match(page, /"1\.2\.3"/);
  assert.ok(Buffer.byteLength(page) < 512 << 10, `${Buffer.byteLength(page)} bytes`);
});

test('the C source holds the same bytes', () => {
  const c = readFileSync(join(out, 'one.html.c'), 'utf8');
  const numbers = c.slice(c.indexOf('{') + 1, c.indexOf('}')).match(/\d+/g)!.map(Number);
  assert.equal(Buffer.from(numbers).toString('utf8'), page);
});
