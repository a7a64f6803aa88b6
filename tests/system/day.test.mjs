// A day in the life of an agency, by its API and command line alone: people are
// hired and cleared, evidence comes in and is looked at, and at noon somebody's
// training lapses.
//
// Records last to the end of a day in the agency's zone.  So that a day ends
// while we look, the agency of this test lies where midnight is in a moment: an
// overlay of the rules says so, as one of a county in another zone would.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { patience, Site, until } from './lib/site.mjs';

const AGENCY = 'harbor-pd';
const DAY = 86400;

/** A POSIX zone in which `seconds` from now a day begins. */
function zoneOfMidnightIn(seconds) {
  const now = Math.floor(Date.now() / 1000);
  const west = ((now + seconds) % DAY + DAY) % DAY;
  const two = (n) => String(n).padStart(2, '0');
  // "west of UTC": local time is UTC less this; at most a day.
  return `NOON${two(Math.floor(west / 3600))}:${two(Math.floor(west / 60) % 60)}:${two(west % 60)}`;
}

/** The day that it is there, a moment before its midnight. */
const dayThere = (seconds) => {
  const now = Math.floor(Date.now() / 1000);
  const west = (now + seconds) % DAY;
  return (days) => new Date((now - west + days * DAY) * 1000).toISOString().slice(0, 10);
};

test('a day in the life: at noon a training lapses', async (t) => {
  const site = await Site.make(t, { agencies: [AGENCY], start: false });
  const MOMENT = 20 * patience;
  mkdirSync(join(site.dir, 'policy'), { recursive: true });
  writeFileSync(join(site.dir, 'policy', 'noon.json'), JSON.stringify({
    applies: { state: 'FL', agency: AGENCY }, policy: 'CJISSECPOL', version: '6.1', zone: zoneOfMidnightIn(MOMENT) }));
  const day = dayThere(MOMENT);
  const noon = Date.now() + MOMENT * 1000;
  await site.start();
  const say = async (...args) => JSON.parse((await site.must([...args, '--agency', AGENCY, '--json'])).stdout);

  // --- before: the agency's papers, and four people ---
  await say('agreement', 'add');
  const people = {};
  for (const [name, role] of [['Ana Ortiz', 'officer'], ['Cy Young', 'custodian'], ['Sol Reyes', 'cso'], ['Lee Park', 'laso']]) {
    const { id } = await say('person', 'add', name, '--role', role);
    people[role] = id;
    const code = async () => (await site.cli(['explain', id, 'evidence.list', '--agency', AGENCY, '--json'])).stdout;
    if (role === 'cso') continue;
    assert.match(await code(), /"screening.missing"/);
    await say('screening', 'add', id);
    assert.match(await code(), /"training.missing"/);
    await say('training', 'add', id, ...(role === 'officer' ? ['--expires', day(1)] : []));
    assert.match(await code(), /"addendum.missing"/);
    await say('addendum', 'sign', id);
  }
  const may = async (who, act, object = '-') => {
    const got = await site.cli(['explain', people[who], act, object, '--agency', AGENCY, '--json']);
    const said = JSON.parse(got.stdout);
    return said.decision === 'permit' ? 'permit' : said.code;
  };

  // --- the morning: evidence comes in ---
  const item = await site.put(Buffer.from('a traffic stop'), { filename: 'stop.txt' });
  for (const [who, act, want] of [
    ['officer', 'evidence.view', 'permit'], ['officer', 'evidence.export', 'role'],
    ['custodian', 'evidence.export', 'permit'], ['custodian', 'evidence.view', 'permit'],
    ['laso', 'evidence.view', 'role'], ['cso', 'evidence.view', 'role'],
  ])
    assert.equal(await may(who, act, item), want, `${who} ${act}`);
  assert.equal(await may('cso', 'screening.show'), 'permit');
  assert.ok(Date.now() < noon, 'the morning was long enough');

  // --- noon ---
  await until('the training lapses', async () => await may('officer', 'evidence.view', item) === 'training.expired', 2 * MOMENT);
  assert.ok(Date.now() >= noon - 1500, 'and not before');
  assert.equal(await may('officer', 'evidence.list'), 'training.expired');
  // What lies in a camera comes in all the same.
  assert.equal(await may('officer', 'evidence.upload'), 'permit');
  assert.equal(await may('custodian', 'evidence.view', item), 'permit');
  const told = await until('it is told', async () => {
    const size = Number((await site.get('log/checkpoint', { token: '' })).body.toString().split('\n')[1]);
    const bundle = (await site.get(`log/tile/entries/000${size < 256 ? `.p/${size}` : ''}`)).body.toString('latin1');
    return /clearance\.lapsed/.test(bundle) ? bundle : null;
  }, 60);
  assert.match(told, new RegExp(`clearance\\.lapsed[^}]*.*${people.officer}|${people.officer}.*clearance\\.lapsed`, 's'));

  // --- the afternoon: the course is taken, and work goes on ---
  await say('training', 'add', people.officer);
  assert.equal(await may('officer', 'evidence.view', item), 'permit');

  // --- the evening: the personnel file for the state's officer ---
  const file = (await site.must(['person', 'export', '--agency', AGENCY])).stdout;
  assert.match(file.split(/\r?\n/)[0], /login/);
  for (const name of ['Ana Ortiz', 'Cy Young', 'Sol Reyes', 'Lee Park']) assert.ok(file.includes(name), name);
  const doctor = await site.cli(['doctor', site.dir]);
  assert.equal(doctor.code, 0, doctor.stdout);
});
