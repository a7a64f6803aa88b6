// Reports on paper, from the running server to tools that are not ours:
// poppler and qpdf read what the press has set.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killHard, processesBelow, program, run, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

const HOSTILE = 'annex\u202egpj.exe \u05e9\u05dc\u05d5\u05dd \u6f22\u5b57 \u{1f600} %41.mp4';

siteSuite('report', {}, (context) => {
  const scratch = () => join(context.site.dir, '..');

  async function tool(name, args) {
    const got = await run(name, args);
    assert.equal(got.code, 0, `${name} ${args.join(' ')}: ${got.stdout}${got.stderr}`);
    return got.stdout;
  }

  /** What a reader sees: valid, its pages counted, its text with single spaces. */
  async function read(path) {
    await tool('qpdf', ['--check', path]);
    const info = await tool('pdfinfo', [path]);
    const pages = Number(/^Pages:\s+(\d+)$/m.exec(info)[1]);
    const text = (await tool('pdftotext', [path, '-'])).replace(/\s+/g, ' ');
    for (let i = 1; i <= pages; i++) assert.ok(text.includes(`Page ${i} of ${pages}`), `page ${i} of ${pages}`);
    return { info, pages, text };
  }

  async function fetched(id, query = '', options = {}) {
    const answer = await context.site.get(`evidence/${id}/custody.pdf${query}`, options);
    if (answer.status !== 200) return { answer };
    const path = join(scratch(), `report-${id}${query.replace(/\W/g, '')}.pdf`);
    writeFileSync(path, answer.body);
    return { answer, path };
  }

  const press = () => processesBelow(context.site.child.pid).find((p) => p.args[1] === 'press')?.pid;

  test('the custody of an item, each event as the log has it', async () => {
    const { site } = context;
    const id = await site.put(Buffer.from('a short film'), { filename: 'stop 41.mp4', filetype: 'video/mp4',
      title: 'Stop 41', device: 'BWC-0417', captured_at: '2026-11-21T12:31:07-05:00', unit: 'Adam 12' });
    for (let i = 0; i < 3; i++) await site.content(id, { headers: { range: `bytes=${i}-${i + 1}` } });
    const events = await site.custody(id);
    assert.ok(events.length >= 3);
    const { answer, path } = await fetched(id);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/pdf');
    assert.equal(answer.headers['content-disposition'], `attachment; filename="custody-${id}.pdf"`);
    assert.equal(Number(answer.headers['content-length']), answer.body.length);
    assert.match(answer.headers['cache-control'], /private|no-store/);
    const { text, info } = await read(path);
    assert.match(info, /612 x 792 pts \(letter\)/);
    const item = (await site.get(`evidence/${id}`)).json();
    for (const said of [id, 'stop 41.mp4', 'Stop 41', 'BWC-0417', '2026-11-21T12:31:07-05:00', 'Adam 12', '12 bytes',
      'Harbor Police Department (ORI FL0130000, FL)', item.received_at.replace('T', ' ').replace('Z', ' UTC'),
      item.sha256.match(/.{8}/g).slice(0, 4).join(' '), item.sha256.match(/.{8}/g).slice(4).join(' ')])
      assert.ok(text.includes(said), said);
    for (const event of events) {
      assert.ok(text.includes(event.act), event.act);
      assert.ok(text.includes(event.at.slice(11, 26)), event.at);
      assert.ok(text.includes(event.actor.id), event.actor.id);
      assert.ok(text.includes(event.outcome), event.outcome);
    }
    const note = (await site.get('log/checkpoint', { token: '' })).body.toString();
    const key = (await site.get('log/key', { token: '' })).body.toString();
    const bare = text.replace(/ /g, '');
    assert.ok(bare.includes(key.replace(/\s/g, '')), 'the log’s key');
    // Later entries may have come since: the report rests on one it names.
    assert.match(bare, /—127\.0\.0\.1:\d+\/v1\/agencies\/harbor-pd\/log\S{80,}/);
    assert.ok(note.startsWith('127.0.0.1:'));
  });

  test('paper, and who may have it', async () => {
    const { site } = context;
    const id = await site.put(Buffer.from('x'));
    assert.match((await read((await fetched(id, '?paper=a4')).path)).info, /595\.28 x 841\.89 pts \(A4\)/);
    const refused = await fetched(id, '?paper=legal');
    assert.equal(refused.answer.status, 400);
    assert.match(refused.answer.headers['content-type'], /problem\+json/);
    const roles = { auditor: 200, custodian: 200, officer: 403, device: 403 };
    for (const [role, status] of Object.entries(roles)) {
      const made = await site.must(['token', 'add', '--role', role, '--label', `r-${role}`, '--json']);
      const { answer } = await fetched(id, '', { token: JSON.parse(made.stdout).token });
      assert.equal(answer.status, status, role);
      if (status !== 200) assert.equal(answer.json().reason, 'role');
    }
    const none = await fetched('01940000-0000-7000-8000-000000000000');
    assert.equal(none.answer.status, 404);
    const other = await site.get(`evidence/${id}/custody.pdf`, { agency: 'mesa-so' });
    assert.equal(other.status, 404);
    assert.equal((await fetched(id, '', { token: '' })).answer.status, 401);
  });

  test('names that would break or deceive are told', async () => {
    const { site } = context;
    const id = await site.put(Buffer.from('y'), { filename: HOSTILE, title: 'W'.repeat(200), device: 'e\u0301\u0301\u0301\u0301' });
    const { text } = await read((await fetched(id)).path);
    assert.ok(text.includes('annex‹U+202E›gpj.exe'), text.slice(0, 800));
    assert.ok(!text.includes('\u202egpj'));
    assert.ok(text.includes('‹U+0301›'));
  });

  test('the command writes it, and replaces nothing unasked', async () => {
    const { site } = context;
    const id = await site.put(Buffer.from('z'));
    const path = join(scratch(), 'cli.pdf');
    const got = await site.must(['custody', id, '--agency', 'harbor-pd', '--pdf', path]);
    assert.match(got.stdout, /cli\.pdf/);
    await read(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const before = readFileSync(path);
    assert.notEqual((await site.cli(['custody', id, '--agency', 'harbor-pd', '--pdf', path])).code, 0);
    assert.ok(readFileSync(path).equals(before));
    const json = JSON.parse((await site.must(['custody', id, '--agency', 'harbor-pd', '--pdf', path, '--force',
      '--paper', 'a4', '--json'])).stdout);
    assert.equal(json.size, statSync(path).size);
    assert.match((await read(path)).info, /\(A4\)/);
    for (const wrong of [['--paper', 'a4'], ['--pdf', path, '--paper', 'legal'], ['--force']])
      assert.equal((await site.cli(['custody', id, '--agency', 'harbor-pd', ...wrong])).code, 2, wrong.join(' '));
  });

  test('a bag holds the report of each item and a certification to sign', async () => {
    const { site } = context;
    const ids = [await site.put(Buffer.from('one'), { filename: HOSTILE }),
      await site.put(Buffer.from('two'), { filename: 'statement.txt', filetype: 'text/plain' })];
    const tar = join(scratch(), 'documents.tar');
    await site.must(['export', ...ids, '--agency', 'harbor-pd', '-o', tar]);
    const folder = join(scratch(), 'documents');
    mkdirSync(folder);
    await tool('tar', ['-xf', tar, '-C', folder]);
    const top = join(folder, readdirSync(folder)[0]);
    const certification = await read(join(top, 'certification.pdf'));
    const bag = /urn:uuid:(\S+)/.exec(readFileSync(join(top, 'bag-info.txt'), 'utf8'))[1];
    for (const said of [...ids, bag, 'Part A. By the system', 'Part B. By the person who certifies',
      'I declare under penalty of perjury', '28 U.S.C. § 1746', 'statement.txt', 'annex‹U+202E›gpj.exe'])
      assert.ok(certification.text.includes(said), said);
    for (const id of ids) {
      const item = (await site.get(`evidence/${id}`)).json();
      assert.ok(certification.text.replace(/ /g, '').includes(item.sha256), 'sha256');
      const report = await read(join(top, 'custody', id, 'report.pdf'));
      assert.ok(report.text.includes(id));
      assert.ok(report.text.includes('evidence.exported'), 'the export itself is told');
      assert.ok(!existsSync(join(top, 'custody', id, 'report.txt')));
    }
    const sums = await run('sha256sum', ['--quiet', '--check', '--strict', 'tagmanifest-sha256.txt'], { cwd: top });
    assert.equal(sums.code, 0, sums.stdout + sums.stderr);
    for (const path of [tar, top]) {
      const got = await run(program, ['verify', path]);
      assert.equal(got.code, 0, got.stdout + got.stderr);
    }
  });

  test('the press is a process of its own, and started again', async () => {
    const { site } = context;
    const id = await site.put(Buffer.from('w'));
    const before = await until('a press', press);
    killHard(before);
    await until('another press', () => press() && press() !== before);
    assert.equal((await fetched(id)).answer.status, 200);
    assert.match(site.log, /"press\.started"/);
  });

  test('many at once', async () => {
    const { site } = context;
    const id = await site.put(Buffer.from('v'));
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetched(id)));
    assert.deepEqual(answers.map(({ answer }) => answer.status), Array(20).fill(200));
  });
});
