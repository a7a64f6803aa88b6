// A bag that proves itself with tools that are not ours: unzip, tar,
// sha256sum, and the verifier in lib/tlog.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tlog from './lib/tlog.mjs';
import { clips, sha256, sha256File } from './lib/clips.mjs';
import { program, run } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

siteSuite('bag', {}, (context) => {
  const made = {};

  /** Two items, exported once: {folder, zip, ids}. */
  async function bag() {
    if (made.zip) return made;
    const { site } = context;
    made.clip = clips()[0];
    made.ids = [
      await site.put(readFileSync(made.clip), { filename: 'stop “41”.mp4', filetype: 'video/mp4', title: 'Stop 41' }),
      await site.put(Buffer.from('statement\n'), { filename: 'statement.txt', filetype: 'text/plain' }),
    ];
    await site.content(made.ids[0], { headers: { range: 'bytes=0-9' } });
    made.zip = join(site.dir, '..', 'bag.zip');
    await site.must(['export', ...made.ids, '--agency', 'harbor-pd', '-o', made.zip]);
    made.folder = join(site.dir, '..', 'unpacked');
    mkdirSync(made.folder);
    const unzip = await run('unzip', ['-q', made.zip, '-d', made.folder],
      { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    assert.equal(unzip.code, 0, unzip.stderr);
    const tops = readdirSync(made.folder);
    made.top = tops.includes('bagit.txt') ? made.folder : join(made.folder, tops[0]);
    return made;
  }

  const verify = (path, more = []) => run(program, ['verify', path, ...more], { env: { PATH: process.env.PATH } });

  test('sha256sum and sha512sum pass on it', async () => {
    const { top } = await bag();
    for (const kind of ['sha256', 'sha512']) {
      const got = await run(`${kind}sum`, ['--check', '--strict', `manifest-${kind}.txt`], { cwd: top });
      assert.equal(got.code, 0, got.stdout + got.stderr);
      const tags = await run(`${kind}sum`, ['--check', '--strict', `tagmanifest-${kind}.txt`], { cwd: top });
      assert.equal(tags.code, 0, tags.stdout + tags.stderr);
    }
  });

  test('the originals are in it, under their own names, byte for byte', async () => {
    const { top, ids, clip } = await bag();
    assert.equal(sha256File(join(top, 'data', ids[0], 'stop “41”.mp4')), sha256File(clip));
    assert.equal(readFileSync(join(top, 'data', ids[1], 'statement.txt'), 'utf8'), 'statement\n');
    assert.match(readFileSync(join(top, 'bagit.txt'), 'utf8'), /^BagIt-Version: 1\.0\nTag-File-Character-Encoding: UTF-8\n$/);
  });

  test('every entry in it is proven, and tells of the export itself', async () => {
    const { top, ids } = await bag();
    const key = tlog.verifierKey(readFileSync(join(top, 'log', 'key'), 'utf8'));
    const acts = {};
    for (const id of ids) {
      const folder = join(top, 'custody', id);
      const files = readdirSync(folder);
      for (const file of files.filter((f) => f.endsWith('.json'))) {
        const entry = readFileSync(join(folder, file));
        const proof = readFileSync(join(folder, file.replace('.json', '.tlog-proof')), 'utf8');
        const { index } = tlog.checkProof(proof, entry, key);
        assert.equal(`${index}.json`, file.replace(/^0+(?=\d)/, ''));
        (acts[id] ??= []).push(JSON.parse(entry).act);
      }
      assert.equal(files.filter((f) => /^\d+\./.test(f)).length % 2, 0);
      assert.deepEqual(files.filter((f) => !/^\d+\./.test(f)), ['report.pdf']);
      assert.ok(acts[id].includes('evidence.sealed'), acts[id].join());
      assert.ok(acts[id].some((a) => /export/.test(a)), acts[id].join());
    }
    assert.ok(acts[ids[0]].some((a) => a === 'evidence.opened'));
  });

  test('sallyport verify takes the zip, the folder and a tar; offline', async () => {
    const { zip, top, ids } = await bag();
    const { site } = context;
    const tar = join(site.dir, '..', 'bag.tar');
    await site.must(['export', ...ids, '--agency', 'harbor-pd', '-o', tar]);
    assert.equal((await run('tar', ['-tf', tar])).code, 0);
    for (const path of [zip, top, tar]) {
      const got = await verify(path);
      assert.equal(got.code, 0, `${path}: ${got.stdout}${got.stderr}`);
    }
  });

  async function lie(name, change) {
    const { top } = await bag();
    const copy = join(context.site.dir, '..', `lie-${name}`);
    cpSync(top, copy, { recursive: true });
    const place = await change(copy);
    const got = await verify(copy);
    assert.equal(got.code, 1, `${name}: exit ${got.code} ${got.stdout}`);
    if (place) assert.ok((got.stdout + got.stderr).includes(place), `${name}: no place in ${got.stdout}${got.stderr}`);
    rmSync(copy, { recursive: true });
  }

  const flip = (path) => {
    const b = readFileSync(path);
    b[b.length >> 1] ^= 1;
    writeFileSync(path, b);
  };

  /** What an honest-looking forger would do: hashes and manifests made again. */
  async function resum(copy) {
    for (const name of ['manifest', 'tagmanifest'])
      for (const kind of ['sha256', 'sha512']) {
        const path = join(copy, `${name}-${kind}.txt`);
        const files = readFileSync(path, 'utf8').trimEnd().split('\n').map((l) => l.replace(/^\S+\s+/, ''));
        const lines = [];
        for (const f of files) {
          const got = await run(`${kind}sum`, ['--', f], { cwd: copy });
          lines.push(got.stdout.replace(/^\\/, '').trimEnd());
        }
        writeFileSync(path, `${lines.join('\n')}\n`);
      }
  }

  test('a changed original is found, with its place', () => lie('original', async (copy) => {
    const place = `data/${made.ids[1]}/statement.txt`;
    flip(join(copy, place));
    return place;
  }));

  test('a changed original with manifests made again is found by the ledger', () => lie('resummed', async (copy) => {
    const place = `data/${made.ids[1]}/statement.txt`;
    writeFileSync(join(copy, place), 'confession');
    await resum(copy);
    return made.ids[1];
  }));

  test('a changed custody entry is found', () => lie('entry', async (copy) => {
    const folder = join('custody', made.ids[0]);
    const file = readdirSync(join(copy, folder)).find((f) => f.endsWith('.json'));
    const path = join(copy, folder, file);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"done"', '"dane"'));
    await resum(copy);
    return join(folder, file.replace('.json', ''));
  }));

  test('a changed proof is found', () => lie('proof', async (copy) => {
    const folder = join('custody', made.ids[0]);
    const file = readdirSync(join(copy, folder)).find((f) => f.endsWith('.tlog-proof'));
    flip(join(copy, folder, file));
    await resum(copy);
    return join(folder, file);
  }));

  test('an entry left out is found', () => lie('left-out', async (copy) => {
    const folder = join(copy, 'custody', made.ids[0]);
    const file = readdirSync(folder).filter((f) => f.endsWith('.json'))[0];
    rmSync(join(folder, file));
    return file;
  }));

  test('a file more is found', () => lie('more', async (copy) => {
    const place = `data/${made.ids[1]}/extra.txt`;
    writeFileSync(join(copy, place), 'extra');
    return 'extra.txt';
  }));

  test('originals exchanged between items are found', () => lie('exchanged', async (copy) => {
    const a = join(copy, 'data', made.ids[0]);
    const b = join(copy, 'data', made.ids[1]);
    const [x] = readdirSync(a);
    const [y] = readdirSync(b);
    renameSync(join(a, x), join(copy, 'hold'));
    renameSync(join(b, y), join(a, x));
    renameSync(join(copy, 'hold'), join(b, y));
    await resum(copy);
    return made.ids[0];
  }));

  test('a log key of one\'s own does not pass where the real one is pinned', async () => {
    const { zip } = await bag();
    const { site } = context;
    const real = (await site.get('log/key', { token: '' })).body.toString().trim();
    const other = (await site.get('log/key', { agency: 'mesa-so', token: '' })).body.toString().trim();
    const good = await verify(zip, ['--key', real]);
    assert.equal(good.code, 0, good.stderr);
    const bad = await verify(zip, ['--key', other]);
    assert.equal(bad.code, 1, bad.stdout + bad.stderr);
  });

  test('what is no bag is refused without a crash', async () => {
    const { zip } = await bag();
    const dir = join(context.site.dir, '..');
    const bytes = readFileSync(zip);
    for (const [name, content] of [['empty.zip', Buffer.alloc(0)], ['cut.zip', bytes.subarray(0, bytes.length / 2)],
      ['noise.zip', Buffer.from(sha256('x').repeat(1000))], ['head.zip', bytes.subarray(0, 100)]]) {
      writeFileSync(join(dir, name), content);
      const got = await verify(join(dir, name));
      assert.ok(got.code === 1 || got.code === 2, `${name}: ${got.code} ${got.signal}`);
    }
    assert.ok((await verify(join(dir, 'none.zip'))).code > 0);
  });

  test('every byte of the zip counts: changed ones never verify as another story', async () => {
    const { zip, ids } = await bag();
    const bytes = readFileSync(zip);
    const dir = join(context.site.dir, '..');
    const at = bytes.indexOf(Buffer.from('statement\n'));
    assert.ok(at > 0 || ids.length > 0);
    for (let i = 0; i < 12; i++) {
      const copy = Buffer.from(bytes);
      const where = Math.floor((bytes.length / 12) * i + 37);
      copy[where] ^= 0xff;
      writeFileSync(join(dir, 'bit.zip'), copy);
      const got = await verify(join(dir, 'bit.zip'));
      assert.ok([0, 1, 2].includes(got.code), `${got.code} ${got.signal}`);
    }
  });
});
