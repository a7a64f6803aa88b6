import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sumAll } from '../src/hashing.ts';
import { parseKey } from '../src/note.ts';
import type { EventRow, Report } from '../src/report.ts';
import { check } from '../src/source.ts';
import { reportText } from '../src/text.ts';
import {
  actWords, bytes, checksOf, conclusion, count, detailWords, findingWords, grouped, proofWords, proven, time, visible, whoWords,
} from '../src/words.ts';
import { blobOf, text, zip } from './lib/archives.ts';
import { Log, based, itemId, makeBag, resum, type Bag } from './lib/bags.ts';

const reportOf = (bag: Bag): Promise<Report> =>
  check({ name: 'bag.zip', archive: blobOf(zip(based(bag.files))) }, { sum: sumAll, lanes: 1, tick: () => {} });

test('numbers, sizes, times', () => {
  assert.equal(count(1, 'entry', 'entries'), '1 entry');
  assert.equal(count(12345, 'file'), '12,345 files');
  assert.equal(bytes(999), '999 bytes');
  assert.equal(bytes(2811553), '2,811,553 bytes (2.8 MB)');
  assert.equal(bytes(4831838208), '4,831,838,208 bytes (4.8 GB)');
  assert.equal(time('2026-11-21T19:44:46.177428Z'), '2026-11-21 19:44:46 UTC');
  assert.equal(time('yesterday'), 'yesterday');
  assert.equal(grouped('0123456789abcdef'), '0123 4567 89ab cdef');
});

test('what does not show, or turns the text around it, is made visible', () => {
  assert.equal(visible('clip\u202egpj.exe'), 'clip⟨U+202E⟩gpj.exe');
  assert.equal(visible('a\u200bb\u0000\u2066'), 'a⟨U+200B⟩b⟨U+0000⟩⟨U+2066⟩');
  assert.equal(visible('straße “1” 日本 \u{1f600}'), 'straße “1” 日本 \u{1f600}');
});

const event = (more: Partial<EventRow>): EventRow => ({
  path: 'custody/x/1.json', index: '1', proof: 'good', entry: 'good', act: 'evidence.opened', at: '2026-11-21T19:44:46.177428Z',
  outcome: 'done', actorKind: 'token', actor: 'abc', address: '192.0.2.7', source: 'api', detail: [], wrong: [], ...more });

test('events in words', () => {
  const cases: [Partial<EventRow>, string, string][] = [
    [{}, 'Opened for viewing', ''],
    [{ act: 'evidence.closed', detail: [['bytes', '1000'], ['opened', '7']] }, 'Viewing ended', '1,000 bytes (1.0 KB) were delivered; opened by entry 7'],
    [{ act: 'evidence.closed', outcome: 'failed', detail: [['opened', '7']] }, 'Viewing ended (failed)', 'opened by entry 7'],
    [{ act: 'evidence.sealed', detail: [['filename_sha256', 'x'], ['size', '5'], ['captured_at', '2026-01-01']] }, 'Taken in and sealed', '5 bytes; recorded at 2026-01-01, as the device says'],
    [{ act: 'gate.denied', outcome: 'refused', detail: [['act', 'evidence.view'], ['code', 'role'], ['stands_for', '3']] }, 'Access refused', 'asked for: evidence.view; reason: role; stands for 3 such attempts'],
    [{ act: 'evidence.\u202enew', outcome: 'odd', detail: [['a', 'b']] }, 'Other act: evidence.⟨U+202E⟩new (odd)', 'a: b'],
    [{ act: '' }, 'Not readable', ''],
  ];
  for (const [more, act, detail] of cases) {
    assert.equal(actWords(event(more)), act);
    assert.equal(detailWords(event(more)), detail);
  }
  assert.equal(whoWords(event({})), 'access token abc');
  assert.equal(whoWords(event({ actorKind: 'site' })), 'the system itself');
  assert.equal(proofWords(event({})), 'Proven');
  assert.match(proofWords(event({ proof: 'bad', wrong: ['it is gone'] })), /^Not proven: it is gone$/);
  assert.match(proofWords(event({ proof: 'unknown' })), /^Not checked/);
});

test('a file of the operating system’s is told from one that was put there', () => {
  const finding = (place: string) => findingWords({ stage: 'tags', kind: 'lie', code: 'file-added', place, text: '' });
  for (const place of ['.DS_Store', 'data/x/.DS_Store', 'Thumbs.db', 'data/._clip.mp4', 'desktop.ini'])
    assert.match(finding(place), /operating system/, place);
  for (const place of ['extra.txt', 'DS_Store', 'data/x.db']) assert.doesNotMatch(finding(place), /operating system/, place);
});

test('a good bag: all checks but the key’s, then that too', async () => {
  const bag = makeBag();
  const report = await reportOf(bag);
  assert.deepEqual(checksOf(report, undefined).map((c) => c.state), ['good', 'good', 'good', 'good', 'good', 'unknown']);
  assert.equal(conclusion(report, undefined).state, 'ask');
  assert.match(proven(report, undefined).lead, /^Provided that .* key/);
  const key = parseKey(bag.log.vkey);
  assert.deepEqual(checksOf(report, key).map((c) => c.state), Array(6).fill('good'));
  assert.equal(conclusion(report, key).state, 'good');
  assert.equal(proven(report, key).lead, '');
  const other = parseKey(new Log().vkey);
  assert.deepEqual(checksOf(report, other).map((c) => c.state), ['good', 'good', 'good', 'good', 'good', 'bad']);
  assert.equal(conclusion(report, other).state, 'bad');
});

test('a lie is in its own check, and nothing is called proven', async () => {
  const cases: [(bag: Bag) => void, string][] = [
    [(bag) => bag.files.set('README.txt', text('x')), 'gbgggu'],
    [(bag) => { bag.files.set('log/key', text('x\n')); resum(bag.files); }, 'ggbuuu'],
    [(bag) => { bag.files.set(`custody/${itemId(0)}/1.json`, text('{}')); resum(bag.files); }, 'gggbgu'],
    [(bag) => { bag.files.set(`data/${itemId(0)}/stop 41.mp4`, text('x')); resum(bag.files); }, 'ggggbu'],
    [(bag) => { bag.files.set('custody/none/1.json', text('x')); resum(bag.files); }, 'gggbgu'],
  ];
  for (const [change, want] of cases) {
    const bag = makeBag();
    change(bag);
    const report = await reportOf(bag);
    assert.equal(checksOf(report, undefined).map((c) => c.state[0]).join(''), want, JSON.stringify(report.findings));
    assert.equal(conclusion(report, undefined).state, 'bad');
    assert.deepEqual(proven(report, undefined).lines, []);
  }
});

test('what could not be read is not called a lie', async () => {
  const report = await check({ name: 'x.zip', archive: new Blob(['PK']) }, { sum: sumAll, lanes: 1, tick: () => {} });
  assert.deepEqual(checksOf(report, undefined).map((c) => c.state), ['bad', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown']);
});

test('the result as text has everything, in lines that can be mailed', async () => {
  const bag = makeBag();
  const lines = reportText(await reportOf(bag), parseKey(bag.log.vkey), { at: '2026-11-22T10:00:00.000Z', version: '0.1.0' }).split('\n');
  const all = lines.join('\n');
  for (const wanted of ['bag.zip', '2026-11-22 10:00:00 UTC', 'ALL CHECKS PASSED', bag.log.vkey,
    'stop 41.mp4', itemId(1), 'Taken in and sealed', 'WHAT IT DOES NOT PROVE', 'log/checkpoint'])
    assert.ok(all.includes(wanted), wanted);
  for (const path of bag.files.keys()) assert.ok(all.includes(path), path);
  const tooLong = lines.filter((l) => l.length > 80 && !/^[0-9a-f]{64} {2}/.test(l) && !l.startsWith('key '));
  assert.deepEqual(tooLong, []);
});

test('the result as text of a bag that lies begins with the lie', async () => {
  const bag = makeBag();
  bag.files.set(`data/${itemId(0)}/stop 41.mp4`, text('x'));
  const all = reportText(await reportOf(bag), undefined, { at: '2026-11-22T10:00:00.000Z', version: '0.1.0' });
  assert.match(all, /DO NOT RELY ON THIS PACKAGE[\s\S]*PROBLEMS[\s\S]*1\. data\/.*stop 41\.mp4/);
});
