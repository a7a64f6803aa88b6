import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsWith, pinned, verdict } from '../src/checks.ts';
import type { Code } from '../src/finding.ts';
import { sumAll } from '../src/hashing.ts';
import { parseKey } from '../src/note.ts';
import type { Report } from '../src/report.ts';
import { check, type Given } from '../src/source.ts';
import { blobOf, tar, text, zip, type Files } from './lib/archives.ts';
import { AGENCY, Log, based, entry, itemId, makeBag, reprove, resum, retag, sealedDetail, type Bag } from './lib/bags.ts';

const means = { sum: sumAll, lanes: 2, tick: () => {} };
const run = (given: Given) => check(given, means);
const zipped = (files: Files) => run({ name: 'bag.zip', archive: blobOf(zip(based(files))) });
const folder = (files: Files): Given =>
  ({ name: 'bag', files: [...files].map(([path, content]) => ({ path, file: blobOf(content) })) });

const codes = (report: Report) => report.findings.map((f) => f.code);

test('a good bag: zip, tar, folder', async () => {
  const bag = makeBag();
  const ways: [Given, Report['source']['kind']][] = [
    [{ name: 'bag.zip', archive: blobOf(zip(based(bag.files))) }, 'zip'],
    [{ name: 'bag.tar', archive: blobOf(tar(based(bag.files))) }, 'tar'],
    [{ name: 'flat.tar', archive: blobOf(tar(bag.files)) }, 'tar'],
    [folder(bag.files), 'folder'],
    [folder(based(bag.files)), 'folder'],
  ];
  for (const [given, kind] of ways) {
    const report = await run(given);
    assert.deepEqual(report.findings, [], kind);
    assert.equal(report.source.kind, kind);
    assert.deepEqual([report.whole, report.items.length, report.entries, report.proofs], [true, 2, 6, 6]);
    assert.equal(report.files.length, bag.files.size);
    assert.equal(report.agency, AGENCY);
    assert.deepEqual([report.log.key, report.log.signature, report.log.size], [bag.log.vkey, 'good', '7']);
    assert.equal(report.claims.organization, 'Harbor PD');
    for (const item of report.items) {
      assert.equal(item.state, 'good');
      assert.deepEqual(item.events.map((e) => [e.act, e.proof, e.entry]),
        ['upload.created', 'evidence.sealed', 'evidence.exported'].map((act) => [act, 'good', 'good']));
      assert.equal(item.sealed?.act, 'evidence.sealed');
    }
    assert.equal(verdict(report, undefined), 'good-unpinned');
    assert.equal(verdict(report, parseKey(bag.log.vkey)), 'good');
  }
});

test('names that had to be changed for a path', async () => {
  const bag = makeBag([{ name: 'a\\b.mp4', content: text('x') }]);
  const report = await zipped(bag.files);
  assert.deepEqual(codes(report), []);
  assert.deepEqual([report.items[0]?.name, report.items[0]?.nameInBag], ['a\\b.mp4', 'a_b.mp4']);
});

test('what other parts of the program put into bags is no lie', async () => {
  const bag = makeBag();
  for (const path of [`custody/${itemId(0)}/report.pdf`, 'certification.pdf', 'verify.html', 'log/checkpoint.tsr'])
    bag.files.set(path, text('something'));
  resum(bag.files);
  assert.deepEqual(codes(await zipped(bag.files)), []);
});

// --- one lie each: what is changed, what comes first, where ---

type Change = (bag: Bag) => void;
type Case = readonly [name: string, change: Change, code: Code, place: string, others?: readonly Code[]];

const data = `data/${itemId(0)}/stop 41.mp4`;
const statement = `data/${itemId(1)}/statement “2”.txt`;
const custody = (name: string, i = 0) => `custody/${itemId(i)}/${name}`;
const set = (path: string, content: string): Change => (bag) => void bag.files.set(path, text(content));
const edit = (path: string, from: string | RegExp, to: string): Change => (bag) => {
  const before = Buffer.from(bag.files.get(path)!).toString();
  const after = before.replace(from, to);
  assert.notEqual(after, before, `${path} has no ${from}`);
  bag.files.set(path, text(after));
};
const drop = (path: string): Change => (bag) => void assert.ok(bag.files.delete(path), path);
const covered = (...changes: Change[]): Change => (bag) => {
  for (const change of changes) change(bag);
  resum(bag.files);
};
const tagged = (change: Change): Change => (bag) => {
  change(bag);
  retag(bag.files);
};
/** Another entry for item 0, in the log and proven. */
const logged = (written: string): Change => (bag) => {
  bag.entries[0]!.push(bag.log.append(written));
  reprove(bag);
};
/** The sealing entry of item 0 as the log would have it. */
const resealed = (detail: string, more: Partial<Parameters<typeof entry>[0]> = {}): Change => (bag) => {
  bag.log.entries[2] = text(entry({ act: 'evidence.sealed', id: itemId(0), detail, ...more }));
  reprove(bag);
};
const CONTENT = text('moving pictures\n'.repeat(100));
const TRUTH = sealedDetail(CONTENT, 'stop 41.mp4');

const CASES: readonly Case[] = [
  ['no declaration', drop('bagit.txt'), 'file-missing', 'bagit.txt', ['file-missing']],
  ['another declaration', covered(set('bagit.txt', 'BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n')), 'bagit-declaration', 'bagit.txt'],
  ['a declaration that is no text', covered(set('bagit.txt', 'BagIt\0')), 'file-not-text', 'bagit.txt'],
  ['a changed tag file', set('README.txt', 'something else\n'), 'file-changed', 'README.txt'],
  ['a tag file more', set('extra.txt', 'x'), 'file-added', 'extra.txt'],
  ['a tag file less', drop('README.txt'), 'file-missing', 'README.txt'],
  ['no tag manifest', drop('tagmanifest-sha512.txt'), 'file-missing', 'tagmanifest-sha512.txt'],
  ['a tag manifest that names an original', (bag) => {
    const name = 'tagmanifest-sha256.txt';
    bag.files.set(name, text(`${Buffer.from(bag.files.get(name)!)}${'0'.repeat(64)}  data/x\n`));
  }, 'manifest-foreign', 'tagmanifest-sha256.txt'],
  ['a tag manifest with another hash', edit('tagmanifest-sha256.txt', /^./, 'f'), 'manifest-hash', 'tagmanifest-sha256.txt'],
  ['a tag manifest that is none', set('tagmanifest-sha256.txt', 'nothing\n'), 'manifest-line', 'tagmanifest-sha256.txt'],
  ['a changed original', set(data, 'other pictures'), 'file-changed', data, ['payload-oxum', 'sealed-sha256', 'sealed-size']],
  ['an original of the same length', set(data, 'Moving pictures\n'.repeat(100)), 'file-changed', data, ['sealed-sha256']],
  ['an original more', set(`data/${itemId(0)}/extra`, 'x'), 'file-added', `data/${itemId(0)}/extra`, ['payload-oxum', 'sealed-sha256', 'sealed-size', 'sealed-name', 'item-twice']],
  ['an original less', drop(statement), 'file-missing', statement, ['payload-oxum', ...Array<Code>(6).fill('custody-no-item')]],
  ['a manifest that leaves one out', tagged(edit('manifest-sha256.txt', /^.*\n/, '')), 'manifest-omits', 'manifest-sha256.txt', []],
  ['a manifest that names a tag file', tagged(edit('manifest-sha512.txt', /^/, `${'0'.repeat(128)}  README.txt\n`)), 'manifest-foreign', 'manifest-sha512.txt', []],
  ['a manifest with another hash', tagged(edit('manifest-sha512.txt', /^../, 'zz'.replace(/z/g, 'f'))), 'manifest-hash', 'manifest-sha512.txt', []],
  ['a wrong oxum', tagged(edit('bag-info.txt', /Oxum: \d/, 'Oxum: 9')), 'payload-oxum', 'bag-info.txt', []],
  ['no oxum', tagged(edit('bag-info.txt', /Payload-Oxum.*\n/, '')), 'payload-oxum', 'bag-info.txt', []],
  ['two oxums', tagged(edit('bag-info.txt', /(Payload-Oxum.*\n)/, '$1$1')), 'payload-oxum', 'bag-info.txt', []],
  ['an original exchanged, lists made again', covered(set(data, 'Moving pictures\n'.repeat(100))), 'sealed-sha256', data],
  ['an original cut, lists made again', covered(set(data, 'moving')), 'sealed-sha256', data, ['sealed-size']],
  ['an original renamed, lists made again', covered((bag) => {
    bag.files.set(`data/${itemId(0)}/other.mp4`, bag.files.get(data)!);
    bag.files.delete(data);
  }), 'sealed-name', `data/${itemId(0)}/other.mp4`],
  ['originals exchanged between items', covered((bag) => {
    const [a, b] = [bag.files.get(data)!, bag.files.get(statement)!];
    bag.files.set(data, b).set(statement, a);
  }), 'sealed-sha256', data, ['sealed-size', 'sealed-sha256', 'sealed-size']],
  ['an original in no folder', covered(set('data/loose', 'x')), 'item-folder', 'data/loose'],
  ['an original in a folder within', covered(set(`data/${itemId(0)}/a/b`, 'x')), 'item-folder', `data/${itemId(0)}/a/b`],
  ['an original in a folder that is no id', covered(set('data/01a1ffa3/x', 'x')), 'item-folder', 'data/01a1ffa3/x'],
  ['a second original for an item', covered(set(`data/${itemId(0)}/zz`, 'x')), 'item-twice', `data/${itemId(0)}/zz`],
  ['an original that was never sealed', covered(set(`data/${itemId(7)}/x`, 'x')), 'item-unsealed', `data/${itemId(7)}/x`],
  ['a bag without evidence', covered((bag) => {
    for (const path of [...bag.files.keys()]) if (/^(data|custody)\//.test(path)) bag.files.delete(path);
  }), 'no-evidence', 'data'],
  ['no key', covered(drop('log/key')), 'file-missing', 'log/key'],
  ['a key that is none', covered(set('log/key', 'key\n')), 'key-malformed', 'log/key'],
  ['a key without its line end', covered(edit('log/key', '\n', '')), 'key-malformed', 'log/key'],
  ['a key of one’s own', covered((bag) => {
    bag.files.set('log/key', text(`${new Log(bag.log.name).vkey}\n`));
  }), 'checkpoint-unsigned', 'log/checkpoint'],
  ['no checkpoint', covered(drop('log/checkpoint')), 'file-missing', 'log/checkpoint'],
  ['a changed checkpoint', covered(edit('log/checkpoint', '\n7\n', '\n8\n')), 'checkpoint-signature', 'log/checkpoint'],
  ['a checkpoint that is none', covered(set('log/checkpoint', 'x\n')), 'checkpoint-malformed', 'log/checkpoint'],
  ['a changed entry', covered(edit(custody('1.json'), '"done"', '"dane"')), 'proof-fails', custody('1.json')],
  ['an entry with spaces', covered(edit(custody('1.json'), '":"', '": "')), 'proof-fails', custody('1.json'), ['entry-canonical']],
  ['an entry with spaces, in the log', logged(entry({ act: 'x', id: itemId(0) }).replace('":"', '": "')), 'entry-canonical', custody('7.json')],
  ['an entry that is none, in the log', logged('[]'), 'entry-malformed', custody('7.json')],
  ['an entry without an act', logged(entry({ act: 'x', id: itemId(0) }).replace('"act":"x",', '')), 'entry-malformed', custody('7.json')],
  ['an entry about something else', logged(entry({ act: 'x', id: itemId(1) })), 'entry-object', custody('7.json')],
  ['an entry about another kind', logged(entry({ act: 'x', id: itemId(0), kind: 'upload' })), 'entry-object', custody('7.json')],
  ['an entry of another agency', logged(entry({ act: 'x', id: itemId(0), agency: itemId(9) })), 'entry-agency', custody('7.json')],
  ['sealed twice', logged(entry({ act: 'evidence.sealed', id: itemId(0), detail: TRUTH })), 'sealed-twice', custody('7.json')],
  ['sealing failed', resealed(TRUTH, { outcome: 'failed' }), 'entry-failed', custody('2.json'), ['item-unsealed']],
  ['another SHA-256 recorded', resealed(TRUTH.replace(/"sha256":"../, '"sha256":"00')), 'sealed-sha256', data],
  ['another size recorded', resealed(TRUTH.replace(/"size":\d+/, '"size":1')), 'sealed-size', data],
  ['another name recorded', resealed(sealedDetail(CONTENT, 'other.mp4')), 'sealed-name', data],
  ['a name that was not made from the recorded one', (bag) => {
    resealed(sealedDetail(CONTENT, 'c\\d'))(bag);
    covered(set(custody('filename.txt'), 'c\\d'))(bag);
  }, 'sealed-name', data],
  ['an entry of before', covered(drop(custody('1.json'))), 'entry-missing', custody('1.json')],
  ['the sealing entry and its proof left out', covered(drop(custody('2.json')), drop(custody('2.tlog-proof'))), 'item-unsealed', data],
  ['no proof', covered(drop(custody('1.tlog-proof'))), 'proof-missing', custody('1.tlog-proof')],
  ['a proof that is none', covered((bag) => {
    bag.files.set(custody('1.tlog-proof'), text(`x\n\n${Buffer.from(bag.files.get('log/checkpoint')!)}`));
  }), 'proof-malformed', custody('1.tlog-proof')],
  ['a changed proof', covered(edit(custody('1.tlog-proof'), /\n[^\n]{4}([^\n]{40})\n/, '\nAAAA$1\n')), 'proof-fails', custody('1.json')],
  ['a proof under another checkpoint', covered((bag) => {
    bag.files.set(custody('1.tlog-proof'), text(bag.log.proof(1, bag.log.checkpoint('other\n'))));
  }), 'proof-checkpoint', custody('1.tlog-proof')],
  ['more before the checkpoint of a proof', covered((bag) => {
    bag.files.set(custody('1.tlog-proof'), text(bag.log.proof(1, `x\n${bag.log.checkpoint()}`)));
  }), 'proof-fails', custody('1.json')],
  ['the proof of another index', covered((bag) => {
    bag.files.set(custody('40.json'), bag.files.get(custody('1.json'))!);
    bag.files.set(custody('40.tlog-proof'), bag.files.get(custody('1.tlog-proof'))!);
  }), 'proof-index', custody('40.tlog-proof')],
  ['a stray in the custody', covered(set(custody('note.txt'), 'x')), 'custody-stray', custody('note.txt')],
  ['an index with a zero before it', covered(set(custody('01.json'), '{}')), 'custody-stray', custody('01.json')],
  ['custody of an item that is not there', covered(set(custody('0.json', 8), '{}')), 'custody-no-item', custody('0.json', 8)],
  ['a file in custody that is in no folder', covered(set('custody/x', '{}')), 'custody-no-item', 'custody/x'],
];

for (const [name, change, code, place, others] of CASES)
  test(`a lie: ${name}`, async () => {
    const bag = makeBag();
    change(bag);
    const report = await zipped(bag.files);
    const [first, ...more] = report.findings;
    assert.deepEqual([first?.code, first?.place, first?.kind], [code, place, 'lie'], JSON.stringify(report.findings, null, 1));
    if (others) assert.deepEqual(more.map((f) => f.code), others);
    assert.equal(verdict(report, undefined), 'bad');
    assert.equal(verdict(report, parseKey(bag.log.vkey)), 'bad');
  });

test('a file twice in an archive', async () => {
  const { files } = makeBag();
  const twice = based(files);
  const bytes = zip(twice, { change: (m) => {
    if (Buffer.from(m.name).toString().endsWith('/README.txt')) m.name = m.localName = text('harbor-pd-20261121T194455Z/bagit.txt');
  } });
  const report = await run({ name: 'b.zip', archive: blobOf(bytes) });
  assert.deepEqual(report.findings.slice(0, 1).map((f) => [f.code, f.place]), [['file-twice', 'bagit.txt']]);
});

test('a wrong checksum in a zip is the archive’s lie, at the file', async () => {
  const { files } = makeBag();
  const bytes = zip(based(files), { change: (m) => {
    if (Buffer.from(m.name).toString().includes('/data/')) m.crc = m.localCrc = (m.crc ^ 1) >>> 0;
  } });
  const report = await run({ name: 'b.zip', archive: blobOf(bytes) });
  assert.deepEqual(report.findings.map((f) => [f.stage, f.code, f.place]),
    [data, statement].map((place) => ['archive', 'archive-damaged', place]));
});

test('what cannot be read to its end says nothing of the rest', async () => {
  const bytes = zip(based(makeBag().files));
  const report = await run({ name: 'b.zip', archive: blobOf(bytes.subarray(0, -10)) });
  assert.deepEqual([report.whole, codes(report), report.items], [false, ['archive-damaged'], []]);
  const gone = { size: 5000, slice: () => gone, arrayBuffer: () => Promise.reject(new Error('NotReadableError')) } as unknown as Blob;
  const unread = await run({ name: 'x', archive: gone });
  assert.deepEqual(unread.findings.map((f) => f.kind), ['unreadable']);
  assert.equal(verdict(unread, undefined), 'unreadable');
});

test('a tag file larger than one may be', async () => {
  const bag = makeBag();
  bag.files.set('README.txt', new Uint8Array((1 << 20) + 1));
  const report = await zipped(bag.files);
  assert.deepEqual(report.findings.map((f) => [f.code, f.kind, f.place]), [['file-large', 'limit', 'README.txt']]);
  assert.equal(verdict(report, undefined), 'unreadable');
});

test('nothing is called proven that rests on a wrong checkpoint', async () => {
  const bag = makeBag();
  covered(edit('log/checkpoint', '\n7\n', '\n8\n'))(bag);
  const report = await zipped(bag.files);
  assert.equal(report.log.signature, 'bad');
  assert.equal(report.proofs, 0);
  for (const item of report.items) {
    assert.equal(item.state, 'unknown');
    assert.ok(item.events.every((e) => e.proof === 'unknown'));
  }
});

test('an item whose sealing entry is not proven is not good', async () => {
  const bag = makeBag();
  covered(edit(custody('2.json'), '192.0.2.7', '192.0.2.8'))(bag);
  const { items } = await zipped(bag.files);
  assert.deepEqual(items.map((item) => item.state), ['bad', 'good']);
});

test('the key that the agency publishes', async () => {
  const bag = makeBag();
  const report = await zipped(bag.files);
  const other = parseKey(new Log().vkey);
  assert.deepEqual([pinned(report, undefined), pinned(report, other), pinned(report, parseKey(bag.log.vkey))], ['none', 'other', 'same']);
  assert.deepEqual(findingsWith(report, other).map((f) => [f.code, f.place]), [['key-other', 'log/key']]);
  assert.equal(verdict(report, other), 'bad');
  // Where `sallyport verify --key` has it: behind the manifests, before all else.
  const lying = makeBag();
  covered(set(data, 'other'), edit('log/checkpoint', '\n7\n', '\n8\n'))(lying);
  lying.files.set('README.txt', text('other'));
  const all = findingsWith(await zipped(lying.files), other).map((f) => f.code);
  assert.deepEqual(all.slice(0, 3), ['file-changed', 'key-other', 'checkpoint-signature']);
});

test('a thousand entries are shown in the order of the log', async () => {
  const bag = makeBag();
  for (let i = 0; i < 1000; i++) bag.entries[0]!.push(bag.log.append(entry({ act: 'evidence.opened', id: itemId(0) })));
  reprove(bag);
  const report = await zipped(bag.files);
  assert.deepEqual(codes(report), []);
  const indices = report.items[0]!.events.map((e) => Number(e.index));
  assert.deepEqual(indices, [...indices].sort((a, b) => a - b));
  assert.equal(indices.length, 1003);
});
