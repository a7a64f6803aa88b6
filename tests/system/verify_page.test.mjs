// verify.html in Chromium, opened from a file: bags of the real program, good
// ones and such with one lie of each kind.  Whatever `sallyport verify` says
// first of a bag, the page says first, at the same place.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { copyFileSync, mkdirSync, openSync, closeSync, ftruncateSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Copy, deflated, filesBelow, unpack } from './lib/bags.mjs';
import { clips } from './lib/clips.mjs';
import { processesBelow, program, run } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';
import { VerifyPage, launch, memory } from './lib/verify_page.mjs';

const hash = (kind, bytes) => createHash(kind).update(bytes).digest('hex');

siteSuite('verify_page', {}, (context) => {
  const made = {};
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  const near = (name) => join(dirname(context.site.dir), name);

  /** Two items with a story, exported in each way; the page out of the bag. */
  async function bag() {
    if (made.zip) return made;
    const { site } = context;
    made.clip = readFileSync(clips()[0]);
    made.ids = [
      await site.put(made.clip, { filename: 'stop “41”.mp4', filetype: 'video/mp4', title: 'Stop 41' }),
      await site.put(Buffer.from('statement\n'), { filename: '100% a\\b.txt', filetype: 'text/plain' }),
    ];
    await site.content(made.ids[0], { headers: { range: 'bytes=0-9' } });
    await site.content(made.ids[0], { headers: { range: 'bytes=0-9' } });
    made.key = (await site.get('log/key', { token: '' })).body.toString().trim();
    made.otherKey = (await site.get('log/key', { agency: 'mesa-so', token: '' })).body.toString().trim();
    for (const kind of ['zip', 'tar']) {
      const path = near(`bag.${kind}`);
      await site.must(['export', ...made.ids, '--agency', 'harbor-pd', '-o', path]);
      made[kind] = path;
    }
    made.folder = await unpack(made.zip, near('unpacked'));
    // As one would have it: in a folder of its own, away from any bag.
    mkdirSync(near('page'));
    made.page = near('page/verify.html');
    copyFileSync(join(made.folder, 'verify.html'), made.page);
    return made;
  }

  async function open(t, options) {
    const { page } = await bag();
    return VerifyPage.open(t, browser, page, options);
  }

  // --- good bags ---

  for (const kind of ['zip', 'tar', 'folder'])
    test(`a good ${kind}: everything is checked, and shown with its custody`, async (t) => {
      const { ids, key, [kind]: path } = await bag();
      const got = await (await open(t)).check(path);
      assert.equal(got.verdict, 'ask', JSON.stringify(got.findings));
      assert.deepEqual(got.checks, ['good', 'good', 'good', 'good', 'good', 'unknown']);
      assert.deepEqual(got.findings, []);
      assert.deepEqual(got.items.map((i) => [i.name, i.state]), [['stop “41”.mp4', 'good'], ['100% a\\b.txt', 'good']]);
      for (const [i, item] of got.items.entries()) {
        assert.ok(item.text.includes(ids[i]));
        assert.match(item.text, /Received in full and sealed/);
        assert.match(item.text, /Copied out/);
      }
      assert.match(got.items[0].text, /Viewing began/);
      assert.ok(got.log.includes(key));
    });

  test('packed again by others, compressed, it is read as the program reads it', async (t) => {
    const { folder } = await bag();
    const path = near('again.zip');
    const bytes = deflated(folder);
    writeFileSync(path, bytes);
    assert.equal((await verify(path)).ok, true);
    const page = await open(t);
    assert.equal((await page.check(path)).verdict, 'ask');
    bytes[bytes.length >> 1] ^= 1; // in the compressed clip
    writeFileSync(path, bytes);
    await both(page, path, 'damaged');
  });

  test('dropped, it is the same: zip, folder, folder in a folder; not two things', async (t) => {
    const { zip, tar, folder } = await bag();
    const page = await open(t);
    for (const path of [zip, folder, dirname(folder)]) {
      await page.page.reload();
      await page.drop(path);
      assert.equal((await page.result()).verdict, 'ask', path);
    }
    await page.page.reload();
    await page.drop(zip, tar);
    await page.page.waitForSelector('#problem:not([hidden])');
    assert.match(await page.page.textContent('#problem'), /one thing/);
  });

  test('the agency\'s key, pasted before or after, makes it complete; another\'s does not', async (t) => {
    const { zip, key, otherKey } = await bag();
    const page = await open(t);
    await page.page.fill('#key', `  ${key.slice(0, 40)}\n${key.slice(40)}\n`);
    assert.equal((await page.check(zip)).verdict, 'good');
    await page.page.fill('#key', otherKey);
    const got = await page.result();
    assert.equal(got.verdict, 'bad');
    assert.equal(got.checks[5], 'bad');
    const program_ = await verify(zip, ['--key', otherKey]);
    assert.deepEqual(got.first, { place: program_.place, exact: program_.error });
    await page.page.fill('#key', key.slice(0, -3));
    assert.equal((await page.result()).verdict, 'ask');
    assert.match(await page.page.textContent('#key-say'), /not a complete log key/);
    assert.equal(await page.page.getAttribute('#key', 'aria-invalid'), 'true');
    await page.page.fill('#key', key);
    assert.equal((await page.result()).verdict, 'good');
  });

  // --- bags that lie ---

  async function verify(path, more = []) {
    const got = await run(program, ['verify', path, '--json', ...more], { env: { PATH: process.env.PATH } });
    return JSON.parse(got.stdout);
  }

  /** The page finds what the program finds; {program, page}. */
  async function both(page, path, name) {
    const want = await verify(path);
    assert.equal(want.ok, false, `${name}: the program takes it for good`);
    await page.page.reload();
    const got = await page.check(path);
    assert.equal(got.verdict, 'bad', name);
    assert.equal(got.first?.place, want.place || 'the package as a whole', `${name}: ${JSON.stringify(got.findings)}`);
    return { want, got };
  }

  const entries = (copy, i = 0) => readdirSync(copy.path(`custody/${made.ids[i]}`)).filter((f) => f.endsWith('.json'));
  const custody = (copy, what, i = 0) => `custody/${made.ids[i]}/${what(entries(copy, i))}`;
  const original = (i) => `data/${made.ids[i]}/${i === 0 ? 'stop “41”.mp4' : '100% a_b.txt'}`;
  const sealing = (copy) => custody(copy, (all) => all.find((f) => copy.read(`custody/${made.ids[0]}/${f}`).includes('evidence.sealed')));

  /** name → change; "covered" ones have all manifests made again. */
  const lies = {
    'a changed original': (c) => c.flip(original(0)),
    'a changed original, covered': (c) => { c.flip(original(0)); c.cover(); },
    'a cut original, covered': (c) => { c.write(original(0), c.read(original(0)).subarray(0, 1000)); c.cover(); },
    'a missing original': (c) => rmSync(c.path(original(1))),
    'a missing original, covered': (c) => { rmSync(c.path(`data/${made.ids[1]}`), { recursive: true }); c.cover(); },
    'a file more': (c) => c.write('data/extra.txt', 'x'),
    'a file more, covered': (c) => { c.write('data/extra.txt', 'x'); c.cover(); },
    'a tag file more': (c) => c.write('notes.txt', 'x'),
    'a second original, covered': (c) => { c.write(`data/${made.ids[0]}/zz.txt`, 'x'); c.cover(); },
    'a renamed original, covered': (c) => { renameSync(c.path(original(0)), c.path(`data/${made.ids[0]}/other.mp4`)); c.cover(); },
    'exchanged originals, covered': (c) => {
      const [a, b] = [c.read(original(0)), c.read(original(1))];
      c.write(original(0), b);
      c.write(original(1), a);
      c.cover();
    },
    'a changed name of before, covered': (c) => { c.write(`custody/${made.ids[1]}/filename.txt`, 'other\\b.txt'); c.cover(); },
    'a changed README': (c) => c.flip('README.txt'),
    'a changed declaration, covered': (c) => { c.edit('bagit.txt', '1.0', '0.97'); c.cover(); },
    'no tag manifest': (c) => rmSync(c.path('tagmanifest-sha512.txt')),
    'a manifest of one\'s own': (c) => c.edit('tagmanifest-sha256.txt', /^./, (d) => (d === '0' ? '1' : '0')),
    'a manifest that is none': (c) => c.write('tagmanifest-sha256.txt', 'hello\n'),
    'another amount of evidence': (c) => { c.cover(); c.edit('bag-info.txt', /Oxum: ./, 'Oxum: 9'); tags(c); },
    'no log key, covered': (c) => { rmSync(c.path('log/key')); c.cover(); },
    'a log key that is none, covered': (c) => { c.write('log/key', 'key\n'); c.cover(); },
    'another agency\'s log key, covered': (c) => { c.write('log/key', `${made.otherKey}\n`); c.cover(); },
    'no checkpoint, covered': (c) => { rmSync(c.path('log/checkpoint')); c.cover(); },
    'a changed checkpoint, covered': (c) => { c.edit('log/checkpoint', /\n(\d+)\n/, '\n1$1\n'); c.cover(); },
    'a changed signature, covered': (c) => { c.edit('log/checkpoint', /(.)(.{8})\n$/, (_, d, rest) => `${d === 'A' ? 'B' : 'A'}${rest}\n`); c.cover(); },
    'a changed entry, covered': (c) => { c.edit(custody(c, (all) => all[0]), '"done"', '"dane"'); c.cover(); },
    'an entry spelled otherwise, covered': (c) => { c.edit(custody(c, (all) => all[0]), '":', '": '); c.cover(); },
    'an invented entry, covered': (c) => {
      c.write(`custody/${made.ids[0]}/999.json`, c.read(custody(c, (all) => all[0])));
      c.write(`custody/${made.ids[0]}/999.tlog-proof`, c.read(custody(c, (all) => all[0]).replace('json', 'tlog-proof')));
      c.cover();
    },
    'an entry left out, covered': (c) => { rmSync(c.path(custody(c, (all) => all[1]))); c.cover(); },
    'a sealing left out, covered': (c) => {
      const entry = sealing(c);
      rmSync(c.path(entry));
      rmSync(c.path(entry.replace('json', 'tlog-proof')));
      c.cover();
    },
    'another item\'s entry, covered': (c) => {
      const from = custody(c, (all) => all[0], 1);
      for (const kind of ['json', 'tlog-proof'])
        c.write(`custody/${made.ids[0]}/${from.split('/').pop().replace('json', kind)}`, c.read(from.replace('json', kind)));
      c.cover();
    },
    'a proof left out, covered': (c) => { rmSync(c.path(custody(c, (all) => all[0]).replace('json', 'tlog-proof'))); c.cover(); },
    'a changed proof, covered': (c) => { c.edit(custody(c, (all) => all[0]).replace('json', 'tlog-proof'), /\n(.)([^\n]{42}=)\n/, (_, d, rest) => `\n${d === 'A' ? 'B' : 'A'}${rest}\n`); c.cover(); },
    'a proof of another index, covered': (c) => { c.edit(custody(c, (all) => all[0]).replace('json', 'tlog-proof'), /index \d+/, 'index 0'); c.cover(); },
    'a stray in the custody, covered': (c) => { c.write(`custody/${made.ids[0]}/note.txt`, 'x'); c.cover(); },
    'custody of nobody, covered': (c) => { mkdirSync(c.path('custody/nobody')); c.write('custody/nobody/1.json', '{}'); c.cover(); },
    'no evidence at all, covered': (c) => { for (const d of ['data', 'custody']) rmSync(c.path(d), { recursive: true }); c.cover(); },
    'a page of one\'s own': (c) => c.write('verify.html', '<h1>All is well</h1>'),
  };

  /** The tag manifests alone made again: cover() sees to the rest, too. */
  function tags(copy) {
    const info = copy.read('bag-info.txt');
    copy.cover();
    const right = copy.read('bag-info.txt');
    for (const kind of ['sha256', 'sha512']) {
      const name = `tagmanifest-${kind}.txt`;
      copy.edit(name, hash(kind, right), hash(kind, info));
    }
    copy.write('bag-info.txt', info);
  }

  for (const [name, change] of Object.entries(lies))
    test(`a lie is found, where the program finds it: ${name}`, async (t) => {
      const { folder } = await bag();
      const copy = new Copy(folder, near('lie'));
      t.after(() => copy.remove());
      change(copy);
      const { want, got } = await both(await open(t), copy.folder, name);
      assert.equal(got.first.exact, want.error, name);
    });

  test('an archive that lies is refused where the program refuses it', async (t) => {
    const { zip, tar } = await bag();
    const page = await open(t);
    const bytes = readFileSync(zip);
    const tarred = readFileSync(tar);
    const content = bytes.indexOf(made.clip.subarray(1000, 1100)) - 1000;
    const local = bytes.indexOf('README.txt');
    const change = (from, at, value) => {
      const copy = Buffer.from(from);
      copy[at] = value ?? copy[at] ^ 1;
      return copy;
    };
    const archives = {
      'a.zip, content changed': change(bytes, content + 5000),
      'b.zip, cut': bytes.subarray(0, bytes.length - 100),
      'c.zip, half': bytes.subarray(0, bytes.length >> 1),
      'd.zip, a name changed before its member': change(bytes, local, 0x72),
      'e.zip, a name changed in the directory': change(bytes, bytes.lastIndexOf('README.txt'), 0x72),
      'f.zip, more at its end': Buffer.concat([bytes, Buffer.from('more')]),
      'g.zip, more at its begin': Buffer.concat([Buffer.from('more'), bytes]),
      'h.tar, content changed': change(tarred, tarred.indexOf(made.clip.subarray(1000, 1100)) + 10),
      'i.tar, cut': tarred.subarray(0, tarred.length >> 1),
      'j.tar, another behind it': Buffer.concat([tarred, tarred]),
      'k.tar, a header changed': change(tarred, 512 + 512 + 20),
      'l.mp4, no archive': made.clip,
      'm.zip, empty': Buffer.alloc(0),
    };
    for (const [name, archive] of Object.entries(archives)) {
      const path = near(name.slice(0, 5));
      writeFileSync(path, archive);
      const want = await verify(path);
      assert.equal(want.ok, false, name);
      await page.page.reload();
      const got = await page.check(path);
      assert.equal(got.verdict, 'bad', name);
      if (want.place) assert.equal(got.first.place, want.place, name);
    }
  });

  test('what is found after the first lie is told as well, and what is not touched stays good', async (t) => {
    const { folder, ids } = await bag();
    const copy = new Copy(folder, near('lies'));
    t.after(() => copy.remove());
    copy.write(original(1), 'another statement\n');
    copy.edit(custody(copy, (all) => all[0], 1), '"done"', '"dane"');
    copy.cover();
    const got = await (await open(t)).check(copy.folder);
    assert.deepEqual(new Set(got.findings.map((f) => f.place)),
      new Set([original(1), custody(copy, (all) => all[0], 1)]));
    assert.deepEqual(got.items.map((i) => i.state), ['good', 'bad']);
    assert.ok(ids.length === 2);
  });

  // --- people ---

  for (const colorScheme of ['light', 'dark'])
    test(`axe finds nothing to complain of, ${colorScheme}: start, good, bad`, async (t) => {
      const { zip, folder, otherKey } = await bag();
      const page = await open(t, { colorScheme });
      assert.deepEqual(await page.violations(), []);
      await page.check(zip);
      await page.page.click('summary');
      assert.deepEqual(await page.violations(), []);
      await page.page.fill('#key', otherKey);
      const copy = new Copy(folder, near(`axe-${colorScheme}`));
      t.after(() => copy.remove());
      copy.flip(original(0));
      copy.edit(custody(copy, (all) => all[0]), '"done"', '"dane"');
      await page.check(copy.folder);
      assert.deepEqual(await page.violations(), []);
    });

  test('it reflows on a narrow screen and at 400 percent', async (t) => {
    const { zip } = await bag();
    const page = await open(t, { more: { viewport: { width: 320, height: 600 } } });
    await page.check(zip);
    const wide = await page.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, 'nothing sticks out');
  });

  test('by keyboard alone', async (t) => {
    const { zip } = await bag();
    const { page } = await open(t);
    const chosen = new Promise((ok) => page.on('filechooser', ok));
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.slice(0, 30));
    const order = [];
    for (let i = 0; i < 3; i++) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    assert.deepEqual(order, ['file-button', 'folder-button', 'key']);
    await page.focus('#file-button');
    await page.keyboard.press('Enter');
    await (await chosen).setFiles(zip);
    await page.waitForSelector('.verdict');
    await page.waitForFunction(() => document.activeElement.id === 'result-title');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /^Copy/);
  });

  test('the result can be copied, saved and printed', async (t) => {
    const { zip, ids, key } = await bag();
    const page = await open(t, { more: { permissions: ['clipboard-read', 'clipboard-write'] } });
    await page.check(zip);
    await page.page.click('text=Copy the result');
    await page.page.waitForSelector('text=Copied.');
    const copied = await page.page.evaluate(() => navigator.clipboard.readText());
    const download = page.page.waitForEvent('download');
    await page.page.click('text=Save the result');
    const saved = readFileSync(await (await download).path(), 'utf8');
    assert.equal((await download).suggestedFilename(), 'bag.zip.check.txt');
    for (const wanted of [...ids, key, 'only you can make', 'stop “41”.mp4', 'custody/', 'SHA-512'])
      for (const text of [copied, saved])
        assert.ok(text.toLowerCase().includes(wanted.toLowerCase()), wanted);
    // Printed, all of it is there and nothing that only a screen can use.
    await page.page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await page.page.emulateMedia({ media: 'print' });
    assert.equal(await page.page.isVisible('#file-button'), false);
    assert.equal(await page.page.isVisible('text=tagmanifest-sha512.txt'), true);
    await page.page.evaluate(() => dispatchEvent(new Event('afterprint')));
    assert.equal(await page.page.isVisible('text=tagmanifest-sha512.txt'), false);
  });

  test('names of evidence are text, whatever they are', async (t) => {
    const { site } = context;
    await bag();
    const names = ['<img src=x onerror=alert(1)>.mp4', 'clip\u202egpj.exe', '&lt;b&gt;'];
    const ids = [];
    for (const filename of names) ids.push(await site.put(Buffer.from(filename), { filename }));
    const path = near('names.zip');
    await site.must(['export', ...ids, '--agency', 'harbor-pd', '-o', path]);
    const page = await open(t);
    const got = await page.check(path);
    assert.equal(got.verdict, 'ask');
    assert.deepEqual(new Set(got.items.map((i) => i.name)),
      new Set(['<img src=x onerror=alert(1)>.mp4', 'clip⟨U+202E⟩gpj.exe', '&lt;b&gt;']));
    assert.equal(await page.page.locator('#result img').count(), 0);
  });

  // --- browsers that have less, and bags that are large ---

  test('its own rules keep it from any connection', async (t) => {
    const page = await open(t);
    const refused = await page.page.evaluate(async () => {
      const kinds = [];
      document.addEventListener('securitypolicyviolation', (e) => kinds.push(e.effectiveDirective));
      await fetch('https://example.com/').catch(() => {});
      await new Promise((ok) => {
        const image = new Image();
        image.onerror = ok;
        image.src = 'https://example.com/x.png';
      });
      const script = document.createElement('script');
      script.textContent = 'globalThis.ran = true';
      document.body.append(script);
      await new Promise((ok) => setTimeout(ok));
      return { kinds, ran: globalThis.ran === true };
    });
    assert.deepEqual(refused, { kinds: ['connect-src', 'img-src', 'script-src-elem'], ran: false });
    page.errors.length = 0; // the browser told of them
  });

  const poorer = {
    'without workers': () => { delete globalThis.Worker; },
    'with workers that are refused': () => { globalThis.Worker = class { constructor() { throw new DOMException('no', 'SecurityError'); } }; },
    'without Web Crypto': () => { Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined }); delete globalThis.Worker; },
  };
  for (const [name, before_] of Object.entries(poorer))
    test(`${name} it finds the same`, async (t) => {
      const { zip, folder } = await bag();
      const page = await open(t, { before: before_ });
      assert.deepEqual((await page.check(zip)).checks, ['good', 'good', 'good', 'good', 'good', 'unknown']);
      const copy = new Copy(folder, near('poorer'));
      t.after(() => copy.remove());
      copy.edit('log/checkpoint', /(.)(.{8})\n$/, (_, d, rest) => `${d === 'A' ? 'B' : 'A'}${rest}\n`);
      copy.cover();
      await both(page, copy.folder, name);
    });

  /** A bag of one large item: as long as `mib`, and all zeros but its ends. */
  async function large(mib) {
    await bag();
    const file = near('large.bin');
    const fd = openSync(file, 'w');
    writeSync(fd, 'begin');
    ftruncateSync(fd, mib << 20);
    closeSync(fd);
    const { site } = context;
    const put = JSON.parse((await site.must(['put', file, '--json'])).stdout.trim().split('\n').pop());
    const path = near('large.zip');
    await site.must(['export', put.id, '--agency', 'harbor-pd', '-o', path]);
    return path;
  }

  /** How many workers the browser runs now. */
  function workers() {
    const threads = (pid) => {
      try {
        return readdirSync(`/proc/${pid}/task`).map((id) => readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8'));
      } catch {
        return []; // it has ended
      }
    };
    return processesBelow(process.pid).flatMap((p) => threads(p.pid)).filter((name) => /^DedicatedWorker/.test(name)).length;
  }

  test('a large bag: progress, cancel, and memory that does not grow with it', async (t) => {
    const path = await large(300);
    for (const before_ of [undefined, poorer['without workers']]) {
      const page = await open(t, { before: before_ });
      await page.give(path);
      await page.page.waitForFunction(() => document.getElementById('bar').value >= 1);
      await page.page.click('#cancel');
      await page.page.waitForSelector('#problem:not([hidden])');
      assert.match(await page.page.textContent('#problem'), /was cancelled/);
      assert.equal(await page.page.isVisible('#progress'), false);
      assert.equal(await page.page.isVisible('#result'), false);
    }
    const page = await open(t);
    const start = memory();
    let peak = 0;
    let steps = 0;
    let most = 0;
    await page.give(path);
    for (let last = 0; !(await page.page.isVisible('.verdict'));) {
      most = Math.max(most, workers());
      peak = Math.max(peak, memory());
      const now = await page.page.evaluate(() => document.getElementById('bar').value);
      assert.ok(now >= last, 'it only goes on');
      steps += now > last ? 1 : 0;
      last = now;
      await page.page.waitForTimeout(100);
    }
    assert.equal((await page.result()).verdict, 'ask');
    assert.ok(most >= 3, `one worker checks, others compute: ${most} in all`);
    assert.ok(steps > 5, `${steps} steps of progress`);
    t.diagnostic(`memory: ${Math.round(start)} MiB before, ${Math.round(peak)} MiB at most, for 300 MiB`);
    assert.ok(peak - start < 250, `memory grew by ${Math.round(peak - start)} MiB`);
  });

  test('every file of the bag is listed with its fingerprints', async (t) => {
    const { zip, folder } = await bag();
    const page = await open(t);
    await page.check(zip);
    await page.page.click('text=/Show \\d+ files/');
    await page.page.waitForSelector('[aria-labelledby=files] tbody tr'); // made when it opens
    const rows = await page.page.$$eval('[aria-labelledby=files] tbody tr', (all) => all.map((tr) => tr.textContent));
    const files = filesBelow(folder);
    assert.equal(rows.length, files.length);
    for (const name of files) {
      const bytes = readFileSync(join(folder, name));
      const row = rows.find((r) => r.startsWith(name.replace(/\\/g, '_')));
      assert.ok(row?.includes(hash('sha256', bytes)) && row.includes(hash('sha512', bytes)), name);
    }
  });
});
