import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Lie } from '../src/finding.ts';
import { Pool, work, type Hand, type Task, type Told } from '../src/pool.ts';

/** A worker that works here, a turn later. */
class FakeHand implements Hand {
  onmessage: Hand['onmessage'] = null;
  onerror: Hand['onerror'] = null;
  over = false;
  tasks: Task[] = [];

  constructor(good = true) {
    setTimeout(() => (good ? this.tell({ ready: true }) : this.onerror?.({ message: 'refused' } as ErrorEvent)));
  }

  private tell(data: Told): void {
    if (!this.over) this.onmessage?.({ data } as MessageEvent<Told>);
  }

  postMessage(message: unknown): void {
    this.tasks.push(message as Task);
    setTimeout(() => void work(message as Task, (told) => this.tell(told)));
  }

  terminate(): void {
    this.over = true;
  }
}

const blobs = Array.from({ length: 9 }, (_, i) => new Blob([String(i).repeat(1000 * i)]));

test('many files over few workers, each with its own sums', async () => {
  const hands: FakeHand[] = [];
  const pool = (await Pool.open(() => {
    hands.push(new FakeHand());
    return hands[hands.length - 1]!;
  }, 3))!;
  let told = 0;
  const sums = await Promise.all(blobs.map((blob, i) => pool.sum(blob, `data/${i}`, (n) => { told += n; })));
  for (const [i, { sha256, sha512 }] of sums.entries()) {
    const plain = String(i).repeat(1000 * i);
    assert.equal(Buffer.from(sha256).toString('hex'), createHash('sha256').update(plain).digest('hex'));
    assert.equal(Buffer.from(sha512).toString('hex'), createHash('sha512').update(plain).digest('hex'));
  }
  assert.equal(told, blobs.reduce((n, b) => n + b.size, 0));
  assert.ok(hands.every((hand) => hand.tasks.length > 0), 'every worker had something to do');
  pool.close();
  assert.ok(hands.every((hand) => hand.over));
});

test('a file that cannot be read is told at its path, and the worker goes on', async () => {
  const pool = (await Pool.open(() => new FakeHand(), 2))!;
  const gone = { size: 5, slice: () => gone, arrayBuffer: () => Promise.reject(new Error('gone')) } as unknown as Blob;
  await assert.rejects(pool.sum(gone, 'data/x', () => {}), (error) => error instanceof Lie && error.place === 'data/x');
  assert.equal((await pool.sum(blobs[1]!, 'y', () => {})).sha256.length, 32);
});

test('where workers are refused there is no pool', async () => {
  const hands: FakeHand[] = [];
  const refused = () => {
    hands.push(new FakeHand(hands.length === 0));
    return hands[hands.length - 1]!;
  };
  assert.equal(await Pool.open(refused, 2), undefined);
  assert.ok(hands.every((hand) => hand.over));
  assert.equal(await Pool.open(() => { throw new Error('SecurityError'); }, 2), undefined);
});
