// Checking a large bag: verify.html in Chromium, beside `sallyport verify` and
// sha256sum on the same file.
//
//   ./dev bench page [--write] [--mib 4608]
//
// The bag is a real one, of one item: as long as asked for, by default more
// than the 4 GiB that numbers of 32 bits hold, so that it is a zip64.  It takes
// twice its size on the disk for as long as it runs.
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { machine } from './lib/machine.mjs';
import { options, table, write } from './lib/report.mjs';

const o = options(process.argv.slice(2));
process.env.BUILD_DIR = resolve(o.build);
const { Site, program } = await import('../tests/system/lib/site.mjs');
const { VerifyPage, launch, memory } = await import('../tests/system/lib/verify_page.mjs');

const mib = Number(o.mib ?? 4608);
const base = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'sallyport-bench-'));
const cleanups = [() => rmSync(base, { recursive: true, force: true })];
const later = { after: (f) => cleanups.push(f) };

async function makeBag() {
  const site = await Site.make(later);
  const file = join(base, 'large.bin');
  const fd = openSync(file, 'w');
  writeSync(fd, 'begin');
  ftruncateSync(fd, mib * 2 ** 20);
  closeSync(fd);
  const put = JSON.parse((await site.must(['put', file, '--json'])).stdout.trim().split('\n').pop());
  unlinkSync(file);
  const bag = join(base, 'large.zip');
  await site.must(['export', put.id, '--agency', 'harbor-pd', '-o', bag]);
  await site.stop();
  return bag;
}

const seconds = async (act) => {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
};

/** Seconds, and by how much the browser's memory grew. */
async function inBrowser(bag) {
  const browser = await launch();
  cleanups.push(() => browser.close());
  const page = await VerifyPage.open(later, browser, join(o.build, 'src', 'bag', 'verify.html'));
  page.page.setDefaultTimeout(3600_000);
  const before = memory();
  let peak = before;
  const watch = setInterval(() => { peak = Math.max(peak, memory()); }, 500);
  const took = await seconds(async () => {
    const got = await page.check(bag);
    if (got.verdict !== 'ask') throw new Error(`the page says: ${got.title}`);
  });
  clearInterval(watch);
  return [took, peak - before];
}

try {
  const bag = await makeBag();
  const mb = statSync(bag).size / 1e6;
  const sum = await seconds(() => execFileSync('sha256sum', [bag]));
  const verify = await seconds(() => execFileSync(program, ['verify', bag], { stdio: 'ignore' }));
  const [page, grew] = await inBrowser(bag);
  const row = (what, took, more) => [what, took.toFixed(1), (mb / took).toFixed(0), more];
  const text = `${table(['', 'seconds', 'MB/s', 'memory, MiB'], [
    row('sha256sum', sum, ''), row('sallyport verify', verify, ''), row('verify.html in Chromium', page, `+${grew.toFixed(0)}`)])}\n\n` +
    `A bag of ${(mb / 1000).toFixed(2)} GB. Machine: ${machine(base)}`;
  console.log(text);
  if (o.write) write('page', text);
} finally {
  for (const f of cleanups.reverse()) await f();
}
