// Workers that sum: SHA-512 of a file in one, SHA-256 in another, so that one
// large file keeps two cores busy and several files more.
//
//   to the worker    { job, half: 'short' | 'long', blob, path }
//   from it          { ready }, then { job, bytes } as it goes on and
//                    { job, sums } or { job, lie: [code, place, text, kind] }
import { Lie } from './finding.ts';
import { sumLong, sumShort, type LongSums, type ShortSums, type Summer, type Tick } from './hashing.ts';
import { cannotRead } from './reader.ts';

type Half = 'short' | 'long';
type LieParts = ConstructorParameters<typeof Lie>;

export interface Task {
  readonly job: number;
  readonly half: Half;
  readonly blob: Blob;
  readonly path: string;
}

export type Told =
  | { readonly ready: true }
  | { readonly job: number; readonly bytes: number }
  | { readonly job: number; readonly sums: ShortSums | LongSums }
  | { readonly job: number; readonly lie: LieParts };

/** In a worker: do one task. */
export async function work(task: Task, tell: (told: Told) => void): Promise<void> {
  const { job, half, blob, path } = task;
  const tick: Tick = (bytes) => tell({ job, bytes });
  try {
    tell({ job, sums: await (half === 'short' ? sumShort : sumLong)(blob, path, tick) });
  } catch (error) {
    const lie = error instanceof Lie ? error : cannotRead(path, error);
    tell({ job, lie: [lie.code, lie.place, lie.text, lie.kind] });
  }
}

interface Waiting {
  readonly task: Task;
  readonly tick: Tick;
  readonly good: (sums: ShortSums | LongSums) => void;
  readonly bad: (error: unknown) => void;
}

/** What pools need of a worker. */
export interface Hand {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<Told>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** How long a worker may take to say that it is there. */
const READY_MS = 5000;

function ready(hand: Hand): Promise<boolean> {
  return new Promise((done) => {
    const late = setTimeout(() => done(false), READY_MS);
    const end = (good: boolean) => {
      clearTimeout(late);
      done(good);
    };
    hand.onmessage = () => end(true);
    hand.onerror = () => end(false);
  });
}

export class Pool {
  private readonly idle: Hand[];
  private readonly queue: Waiting[] = [];
  private jobs = 0;

  private constructor(private readonly hands: readonly Hand[]) {
    this.idle = [...hands];
  }

  /** undefined where the browser gives no such workers. */
  static async open(make: () => Hand, n: number): Promise<Pool | undefined> {
    const hands: Hand[] = [];
    try {
      while (hands.length < n) hands.push(make());
      if ((await Promise.all(hands.map(ready))).every(Boolean)) return new Pool(hands);
    } catch {
      // None at all.
    }
    for (const hand of hands) hand.terminate();
    return undefined;
  }

  close(): void {
    for (const hand of this.hands) hand.terminate();
  }

  readonly sum: Summer = async (blob, path, tick) => {
    const [short, long] = await Promise.all([
      this.half<ShortSums>('short', blob, path, () => undefined),
      this.half<LongSums>('long', blob, path, tick),
    ]);
    return { ...short, ...long };
  };

  private half<T extends ShortSums | LongSums>(half: Half, blob: Blob, path: string, tick: Tick): Promise<T> {
    return new Promise<T>((good, bad) => {
      this.queue.push({ task: { job: this.jobs++, half, blob, path }, tick,
        good: good as Waiting['good'], bad });
      this.next();
    });
  }

  private next(): void {
    const hand = this.queue.length > 0 ? this.idle.pop() : undefined;
    const waiting = hand && this.queue.shift();
    if (!hand || !waiting) return;
    const over = (act: () => void) => {
      this.idle.push(hand);
      act();
      this.next();
    };
    hand.onmessage = ({ data }) => {
      if ('bytes' in data) void waiting.tick(data.bytes);
      else if ('sums' in data) over(() => waiting.good(data.sums));
      else if ('lie' in data) over(() => waiting.bad(new Lie(...data.lie)));
    };
    // A worker that fails is not used again.
    hand.onerror = (event) => waiting.bad(new Error(event.message));
    hand.postMessage(waiting.task);
  }
}
