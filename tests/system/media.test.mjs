// Media is looked into after it is sealed: what a clip says of itself is what
// ffprobe reads in it, a frame is given out only with an entry, hostile files
// get a state and harm nothing, a worker or a server that dies loses nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { clips, sha256 } from './lib/clips.mjs';
import { program } from './lib/paths.mjs';
import { seeded } from './lib/random.mjs';
import { killHard, patience, processesBelow, run, Site, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

function ffmpeg(name, ...words) {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-media-'));
  const path = join(dir, name);
  execFileSync('ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', '-f', 'lavfi', '-i',
    'testsrc2=size=640x360:rate=25:duration=4', ...words, path]);
  const bytes = readFileSync(path);
  rmSync(dir, { recursive: true });
  return bytes;
}

function ffprobe(path) {
  return JSON.parse(execFileSync('ffprobe', ['-loglevel', 'error', '-of', 'json',
    '-show_format', '-show_streams', path]));
}

siteSuite('media', { args: ['--media-workers', '2'] }, (context) => {
  const media = async (id) => (await context.site.get(`evidence/${id}/media`)).json();
  const settled = (id) => until(`${id} was looked into`, async () => {
    const m = await media(id);
    return m.state !== 'queued' && m.state !== 'working' ? m : undefined;
  }, 60);
  const acts = async (id) => (await context.site.custody(id)).map((e) => e.act);
  const tokenOf = async (role) => (await context.site.request('POST', 'tokens', {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ role, label: role, expires_in_days: 1 })),
  })).json().token;

  test('a clip: its facts are those that ffprobe finds', async () => {
    const { site } = context;
    for (const path of clips()) {
      const id = await site.put(readFileSync(path));
      const m = await settled(id);
      const theirs = ffprobe(path);
      assert.equal(m.state, 'done');
      assert.equal(m.facts.format, 'mp4');
      assert.ok(Math.abs(m.facts.duration_ms - theirs.format.duration * 1000) < 50);
      assert.equal(m.facts.streams_total, theirs.streams.length);
      for (const [i, s] of m.facts.streams.entries()) {
        assert.equal(s.codec, theirs.streams[i].codec_name);
        assert.equal(s.width, theirs.streams[i].width);
        assert.equal(s.height, theirs.streams[i].height);
      }
      const item = (await site.get(`evidence/${id}`)).json();
      assert.equal(item.media_state, 'done');
      const story = await site.custody(id);
      const at = (act) => story.findIndex((e) => e.act === act);
      assert.ok(at('evidence.sealed') < at('media.opened') && at('media.opened') < at('media.probed'));
      for (const act of ['media.opened', 'media.probed']) {
        assert.equal(story[at(act)].actor.kind, 'site');
        assert.equal(story[at(act)].source, 'media');
      }
      assert.equal(story[at('media.probed')].detail.poster_sha256, m.poster.sha256);
    }
  });

  test('when and where', async () => {
    const { site } = context;
    const id = await site.put(ffmpeg('a.mov', '-c:v', 'libx264', '-preset', 'ultrafast',
      '-metadata', 'location=+37.7749-122.4194+010.000/',
      '-metadata', 'creation_time=2026-11-21T18:45:44Z'));
    const { facts } = await settled(id);
    assert.equal(facts.format, 'mov');
    assert.deepEqual(facts.location, { latitude: 37.7749, longitude: -122.4194 });
    assert.equal(facts.created_at, '2026-11-21T18:45:44.000000Z');

    const told = await site.must(['show', '--media', '--agency', 'harbor-pd', id]);
    assert.match(told.stdout, /^state +done$/m);
    assert.match(told.stdout, /^format +mov$/m);
    assert.match(told.stdout, /^location +\{"latitude":37\.7749,"longitude":-122\.4194\}$/m);
    assert.match(told.stdout, /^stream 1 +\{.*"codec":"h264".*\}$/m);
    const json = await site.must(['show', '--media', '--json', '--agency', 'harbor-pd', id]);
    assert.deepEqual(JSON.parse(json.stdout), await media(id));
    const early = await site.put(Buffer.from('x'), { filetype: 'text/plain' });
    assert.match((await site.must(['show', '--media', '--agency', 'harbor-pd', early])).stdout,
      /^state +(queued|working|none)$/m);
  });

  test('the poster is a frame of it, and each time it is given out is an entry', async () => {
    const { site } = context;
    const id = await site.put(readFileSync(clips()[0]));
    const { poster } = await settled(id);
    const path = `evidence/${id}/poster.jpg`;
    const previews = async () => (await acts(id)).filter((a) => a === 'evidence.previewed').length;

    const head = await site.request('HEAD', path);
    assert.equal(head.status, 200);
    assert.equal(Number(head.headers['content-length']), poster.size);
    assert.equal(await previews(), 0);

    const got = await site.get(path);
    assert.equal(got.status, 200);
    assert.equal(got.headers['content-type'], 'image/jpeg');
    assert.equal(got.headers['x-content-type-options'], 'nosniff');
    assert.match(got.headers['content-security-policy'], /sandbox/);
    assert.equal(sha256(got.body), poster.sha256);
    assert.equal(await previews(), 1);
    const entry = (await site.custody(id)).find((e) => e.act === 'evidence.previewed');
    assert.equal(entry.actor.kind, 'token');
    assert.equal(entry.address, '127.0.0.1');
    assert.equal(entry.source, 'api');

    const again = await site.get(path, { headers: { 'if-none-match': got.headers.etag } });
    assert.equal(again.status, 304);
    assert.equal(await previews(), 1);
    await site.get(path);
    assert.equal(await previews(), 2);

    const file = join(mkdtempSync(join(tmpdir(), 'sallyport-media-')), 'poster.jpg');
    writeFileSync(file, got.body);
    const [seen] = ffprobe(file).streams;
    assert.equal(seen.width, poster.width);
    assert.equal(seen.height, poster.height);
    assert.ok(Math.max(seen.width, seen.height) <= 640);
    rmSync(dirname(file), { recursive: true });
  });

  test('who may not see content sees no frame of it; another agency finds nothing', async () => {
    const { site } = context;
    const id = await site.put(readFileSync(clips()[0]));
    await settled(id);
    for (const role of ['auditor', 'device']) {
      const token = await tokenOf(role);
      assert.equal((await site.get(`evidence/${id}/media`, { token })).status, 200, role);
      assert.equal((await site.get(`evidence/${id}/poster.jpg`, { token })).status, 403, role);
    }
    assert.equal((await acts(id)).filter((a) => a === 'gate.denied').length, 2);
    assert.ok(!(await acts(id)).includes('evidence.previewed'));
    for (const what of ['media', 'poster.jpg']) {
      const path = `evidence/${id}/${what}`;
      assert.equal((await site.get(path, { token: site.token('mesa-so') })).status, 404);
      assert.equal((await site.get(path, { token: '' })).status, 401);
      assert.equal((await site.get(`evidence/01890a5d-ac96-774b-bcce-b302099a8057/${what}`)).status, 404);
    }
  });

  test('hostile files: a state that says why, no failed upload, no harm', async (t) => {
    const { site } = context;
    const random = seeded(t);
    const clip = ffmpeg('a.mp4', '-c:v', 'libx264', '-preset', 'ultrafast');
    const server = site.server();
    const rows = [
      ['nothing', Buffer.alloc(0), /^unreadable: the file is empty$/],
      ['noise', random.bytes(300000), /^unreadable: not a known media format$/],
      ['words', Buffer.from('This is not a film.'), /^unreadable: not a known media format$/],
      ['a playlist', Buffer.from('#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n'),
        /^unreadable: not a known media format$/],
      ['cut off before its index', clip.subarray(0, clip.length / 2), /^unreadable: damaged or cut off$/],
      ['an archive behind a film', Buffer.concat([clip, Buffer.from('PK\x03\x04 …')]), /^done$/],
    ];
    for (let i = 0; i < 6; i++) {
      const broken = Buffer.from(clip);
      for (let k = 0; k < 200; k++) broken[random.int(0, broken.length - 1)] = random.int(0, 255);
      rows.push([`a film with changed bytes ${i}`, broken, /^(done|unreadable: .*)$/]);
    }
    for (const [what, bytes, want] of rows) {
      const id = await site.put(bytes);
      const m = await settled(id);
      t.diagnostic(`${what}: ${m.state}`);
      assert.match(m.state, want, what);
      assert.equal((await site.get(`evidence/${id}`)).json().media_state, m.state);
      assert.equal(sha256((await site.content(id)).body), sha256(bytes), what);
      if (m.state !== 'done') {
        assert.equal(m.facts, null);
        assert.equal((await site.get(`evidence/${id}/poster.jpg`)).status, 404, what);
        const probed = (await site.custody(id)).find((e) => e.act === 'media.probed');
        assert.equal(probed.outcome, 'failed');
        assert.equal(probed.detail.state, 'unreadable');
      }
    }
    const letter = await site.put(Buffer.from('Dear judge'), { filename: 'a.txt', filetype: 'text/plain' });
    assert.equal((await settled(letter)).state, 'none');
    assert.equal(site.server(), server);
  });

  // Sanitizers' runtimes make calls of their own: their builds filter none.
  const confined = (pid) => /^Max open files\s+4\s/m.test(readFileSync(`/proc/${pid}/limits`, 'utf8')) &&
    (patience > 1 || /^Seccomp:\s+2$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));

  /** A worker at work on a clip, stopped: its process and its item. */
  async function caught() {
    const { site } = context;
    const clip = readFileSync(clips().at(-1));
    for (let i = 0; i < 40; i++) {
      const id = await site.put(clip);
      for (let k = 0; k < 2000; k++) {
        const worker = processesBelow(site.child.pid).find((p) => p.args[1] === 'media');
        if (worker) {
          try {
            process.kill(worker.pid, 'SIGSTOP');
            if (confined(worker.pid) && (await media(id)).state === 'working')
              return { id, pid: worker.pid };
            process.kill(worker.pid, 'SIGCONT');
          } catch {
            // It has ended meanwhile.
          }
        }
        if ((await media(id)).state === 'done') break;
      }
    }
    throw new Error('no worker was seen');
  }

  test('a worker has nothing: one socket, no privileges to gain, a filter, limits', async () => {
    const { pid, id } = await caught();
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
      assert.match(limits, /^Max processes\s+0\s+0\s/m);
      assert.match(limits, /^Max core file size\s+0\s+0\s/m);
      assert.match(status, /^NoNewPrivs:\s+1$/m);
      if (patience === 1) assert.match(limits, /^Max address space\s+1073741824\s/m);
      assert.ok(readdirSync(`/proc/${pid}/fd`).length <= 4);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    assert.equal((await settled(id)).state, 'done');
  });

  const acted = async (id) => (await context.site.custody(id))
    .filter((e) => e.act.startsWith('media.')).map((e) => [e.act, e.outcome]);
  const whole = [['media.opened', 'done'], ['media.probed', 'done']];

  /** An item whose worker `end` ended in its work.  One that was stopped when it
   * had just answered leaves an item that is done: then another is caught. */
  async function endedInTheMiddle(end) {
    for (let i = 0; i < 40; i++) {
      const { id, pid } = await caught();
      await end(pid);
      const { state } = await settled(id);
      const story = await acted(id);
      if (state !== 'done' || story.length > 2) return { id, state, story };
      assert.deepEqual(story, whole);
    }
    throw new Error('no worker was ended in its work');
  }

  test('a worker that is killed: the item says so, the next one is looked into', async () => {
    const { site } = context;
    const { state, story } = await endedInTheMiddle(killHard);
    assert.equal(state, 'unreadable: reading it ended unexpectedly');
    assert.deepEqual(story, [['media.opened', 'done'], ['media.probed', 'failed']]);
    const next = await site.put(readFileSync(clips()[0]));
    assert.equal((await settled(next)).state, 'done');
  });

  test('everything killed in the middle: it is looked into after the start', async () => {
    const { site } = context;
    const objects = () => readdirSync(join(site.dir, 'agencies', 'harbor-pd', 'objects'),
      { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).length;
    let before;
    const { id, state, story } = await endedInTheMiddle(async () => {
      await site.kill();
      before = objects();
      await site.start();
    });
    assert.equal(state, 'done');
    assert.deepEqual(story, [['media.opened', 'done'], ['media.probed', 'failed'], ...whole]);
    const failed = (await site.custody(id)).find((e) => e.outcome === 'failed');
    assert.equal(failed.detail.reason, 'interrupted');
    // One poster, and nothing of the one that was cut off.
    await until('its poster is there', async () => objects() === before + 1);
  });

  test('a stop in the middle is quick and orderly', async () => {
    const { site } = context;
    const { pid, id } = await caught();
    const began = Date.now();
    const how = await site.stop();
    assert.equal(how.code, 0);
    assert.ok(Date.now() - began < 10000 * patience);
    killHard(pid);
    await site.start();
    assert.equal((await settled(id)).state, 'done');
  });

  test('posters are sealed, and in no bag', async () => {
    const { site } = context;
    const id = await site.put(readFileSync(clips()[0]));
    const { poster } = await settled(id);
    const sizes = readdirSync(join(site.dir, 'agencies', 'harbor-pd', 'objects'),
      { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
      .map((e) => readFileSync(join(e.path ?? e.parentPath, e.name)));
    // A header, a tag, and nothing of the JPEG anywhere.
    const picture = (await site.get(`evidence/${id}/poster.jpg`)).body;
    assert.equal(picture.length, poster.size);
    const piece = picture.subarray(0, 32);
    assert.ok(sizes.some((bytes) => bytes.length === poster.size + 56));
    for (const bytes of sizes) assert.equal(bytes.indexOf(piece), -1);
    const bag = await site.request('POST', 'exports', {
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ items: [id], format: 'tar' })),
    });
    assert.equal(bag.status, 200);
    assert.equal(bag.body.indexOf('poster.jpg'), -1);
    assert.equal(bag.body.indexOf(piece), -1);
    const doctor = await site.cli(['doctor', site.dir]);
    assert.equal(doctor.code, 0, doctor.stdout + doctor.stderr);
    assert.doesNotMatch(doctor.stdout, /on no record/);
  });
});

test('by hand it does nothing; with --no-media nobody looks, and later somebody does', async (t) => {
  const alone = await run(join(dirname(program), 'sallyport-media'), []);
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /started by serve/);
  const site = await Site.make(t, { args: ['--no-media'], agencies: ['harbor-pd'] });
  const id = await site.put(Buffer.from('not a film'));
  assert.equal((await site.get(`evidence/${id}/media`)).json().state, 'queued');
  assert.ok(!processesBelow(site.child.pid).some((p) => p.args[1] === 'media'));
  await site.stop();
  site.args = [];
  await site.start();
  await until('somebody looks', async () =>
    (await site.get(`evidence/${id}`)).json().media_state === 'unreadable: not a known media format');
});
