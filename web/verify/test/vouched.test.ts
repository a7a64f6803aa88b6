import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Code } from '../src/finding.ts';
import { sumAll } from '../src/hashing.ts';
import { check } from '../src/source.ts';
import { checksOf } from '../src/words.ts';
import { blobOf, text, zip } from './lib/archives.ts';
import { Log, based, makeBag, resum, type Bag } from './lib/bags.ts';

const WAS = 4;
const run = (bag: Bag) => check({ name: 'bag.zip', archive: blobOf(zip(based(bag.files))) },
  { sum: sumAll, lanes: 2, tick: () => {} });

function vouched(): Bag {
  const bag = makeBag();
  const { files, log } = bag;
  files.set('log/cosigned', text(log.was(WAS, 'court.example', 'paper.example')));
  files.set('log/cosigned.consistency', text(log.way(WAS)));
  files.set('log/timestamped', text(log.was(WAS)));
  files.set('log/timestamped.consistency', text(log.way(WAS)));
  files.set('log/timestamp.tsr', text('a stamp'));
  resum(files);
  return bag;
}

test('what others signed is told, when it is an earlier state', async () => {
  const report = await run(vouched());
  assert.deepEqual(report.findings, []);
  assert.deepEqual(report.log.witnesses, ['court.example', 'paper.example']);
  assert.deepEqual([report.log.cosigned, report.log.timestamped], ['4', '4']);
  assert.equal(checksOf(report, undefined).filter((c) => /others signed/.test(c.title))[0]?.state, 'good');
});

test('a package without it is whole', async () => {
  const report = await run(makeBag());
  assert.deepEqual([report.log.cosigned, report.log.timestamped, report.log.witnesses.length], ['', '', 0]);
  assert.equal(checksOf(report, undefined).filter((c) => /others signed/.test(c.title)).length, 0);
});

type Change = (bag: Bag) => void;
const put = (path: string, content: (bag: Bag) => string): Change => (bag) => bag.files.set(path, text(content(bag)));
const drop = (path: string): Change => (bag) => bag.files.delete(path);
const head = 'sallyport/consistency/v1\n';

/** The same log's key over other entries: the log that was forked. */
function fork(bag: Bag): string {
  const other = Object.create(bag.log, { entries: { value: bag.log.entries.map((e, i) => (i === 1 ? text('other') : e)) } }) as Log;
  return other.was(WAS, 'court.example');
}

const lies: [string, Change, Code, string][] = [
  ['cosigned gone', drop('log/cosigned'), 'vouched-part', 'log/cosigned.consistency'],
  ['timestamped gone', drop('log/timestamped'), 'vouched-part', 'log/timestamped.consistency'],
  ['a path gone', drop('log/cosigned.consistency'), 'file-missing', 'log/cosigned.consistency'],
  ['the stamp gone', drop('log/timestamp.tsr'), 'file-missing', 'log/timestamp.tsr'],
  ['a fork', put('log/cosigned', fork), 'consistency-fails', 'log/cosigned'],
  ['a fork that was stamped', put('log/timestamped', fork), 'consistency-fails', 'log/timestamped'],
  ['another log’s', put('log/cosigned', () => new Log().was(0)), 'checkpoint-unsigned', 'log/cosigned'],
  ['between other sizes', put('log/cosigned.consistency', (b) => b.log.way(3)), 'consistency-sizes', 'log/cosigned.consistency'],
  ['a hash too many', put('log/cosigned.consistency', (b) => `${b.log.way(WAS)}${'A'.repeat(43)}=\n`), 'consistency-fails', 'log/cosigned'],
  ...['', head, `${head}4\n`, `${head}4 7 \n`, `${head}04 7\n`, `${head}4 7\nAAAA\n`, `${head}4 7`, `${head}4 7\n\n`, 'x']
    .map((t): [string, Change, Code, string] => [`path ${JSON.stringify(t)}`,
      put('log/cosigned.consistency', () => t), 'consistency-malformed', 'log/cosigned.consistency']),
];

for (const [name, change, code, place] of lies)
  test(name, async () => {
    const bag = vouched();
    change(bag);
    resum(bag.files);
    const report = await run(bag);
    assert.deepEqual(report.findings.slice(0, 1).map((f) => [f.code, f.place]), [[code, place]]);
    assert.equal(checksOf(report, undefined).filter((c) => /others signed/.test(c.title))[0]?.state, 'bad');
  });
